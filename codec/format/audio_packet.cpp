#include "codec/format/audio_packet.h"

#include <string>

#include "codec/format/crc8.h"
#include "entropy/varint.h"

namespace laconic {
namespace {

constexpr uint8_t kFlagKey = 1, kFlagEnd = 2;
constexpr int kNumberShift = 3;  // bit 2 is 0

Result<AudioPacketView> parse(ByteSpan packet) {
  ByteReader reader(packet);
  AudioPacketView view;
  LACONIC_ASSIGN_OR_RETURN(const uint8_t first, reader.read_u8());
  if (first & 4) return corrupt("a reserved bit of the packet's first byte is set");
  view.header.is_key_packet = first & kFlagKey;
  view.header.number = first >> kNumberShift;
  if (view.header.is_key_packet && view.header.number != 0) return corrupt("a key packet has the number " + std::to_string(view.header.number));
  if (first & kFlagEnd) {
    LACONIC_ASSIGN_OR_RETURN(const uint64_t samples, reader.read_varint());
    if (samples > kMaxSourceSamples) return corrupt("num_source_samples is " + std::to_string(samples));
    view.header.num_source_samples = samples;
  }
  if (reader.remaining() < 1) return corrupt("the packet has no check");
  LACONIC_ASSIGN_OR_RETURN(view.payload, reader.read_bytes(reader.remaining() - 1));
  return view;
}

}  // namespace

Result<AudioPacketView> parse_audio_packet(ByteSpan packet) {
  if (packet.size() < 2) return corrupt("the packet has only " + std::to_string(packet.size()) + " bytes");
  if (crc8(packet.first(packet.size() - 1)) != packet[packet.size() - 1]) return corrupt("the packet's check is wrong");
  Result<AudioPacketView> view = parse(packet);
  if (!view.ok() && view.status().code() == StatusCode::kNeedMoreData) return corrupt("the packet is cut: " + view.status().message());
  return view;
}

Bytes write_audio_packet(const AudioPacketHeader& header, ByteSpan payload) {
  Bytes bytes;
  const uint32_t number = header.number % kAudioNumberModulus;
  bytes.push_back(static_cast<uint8_t>((header.is_key_packet ? kFlagKey : 0) | (header.num_source_samples ? kFlagEnd : 0) | number << kNumberShift));
  if (header.num_source_samples) append_varint(bytes, *header.num_source_samples);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  bytes.push_back(crc8(bytes));
  return bytes;
}

}  // namespace laconic
