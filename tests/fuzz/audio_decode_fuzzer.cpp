// Sound decode: whatever the bytes, a frame or a clear error. The first byte decides how: bit 0 conceal; bit 1: the bytes are a
// stream header, else a packet, sent after the first packets of the golden sound and before its next one; bit 2: the last byte of
// that packet is replaced by the right check, so that what lies behind it is reached.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "codec/audio_codec.h"
#include "codec/format/crc8.h"
#include "tests/support/length_prefixed.h"

namespace {

using namespace laconic;

constexpr size_t kNumBefore = 3;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

std::shared_ptr<const AudioModel> model() {
  static const auto loaded = AudioModel::load(LACONIC_GOLDEN_FOLDER "/tiny_audio.v1.safetensors", {});
  if (!loaded.ok()) fail(loaded.status().message());
  return *loaded;
}

// The golden sound: stream header and packets.
const std::vector<Bytes>& golden() {
  static const std::vector<Bytes> packets = [] {
    std::ifstream file(LACONIC_GOLDEN_FOLDER "/sound.v1.packets", std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(file), {}};
    std::vector<Bytes> found;
    for (size_t at = 0; at < bytes.size();) found.push_back(test::take_with_length(bytes, at));
    return found;
  }();
  return packets;
}

void send(AudioDecoder& decoder, const Bytes& bytes) {
  AudioPacket packet;
  packet.bytes = bytes;
  const Status status = decoder.send_packet(packet);
  if (status.code() == StatusCode::kInternal) fail(status.message());  // our own mistake: a finding
  const auto frame = decoder.receive_frame();
  if (!frame.ok()) fail(frame.status().message());
  if (!*frame) return;
  for (const auto& channel : (*frame)->channels) {
    for (const float sample : channel) {
      if (!std::isfinite(sample)) fail("a sample is no number");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  Bytes bytes(data + 1, data + size);  // of exact size, so that reading beyond it is seen
  if ((data[0] & 4) && !bytes.empty()) bytes.back() = crc8(ByteSpan(bytes).first(bytes.size() - 1));
  AudioDecoderOptions options;
  options.conceal = data[0] & 1;
  options.num_threads = 1;
  if (data[0] & 2) {
    const auto decoder = AudioDecoder::create(model(), bytes, options);
    if (decoder.status().code() == StatusCode::kInternal) fail(decoder.status().message());
    return 0;
  }
  const auto decoder = AudioDecoder::create(model(), golden()[0], options);
  if (!decoder.ok()) fail(decoder.status().message());
  for (size_t i = 1; i <= kNumBefore; ++i) send(**decoder, golden()[i]);
  send(**decoder, bytes);
  send(**decoder, golden()[kNumBefore + 2]);
  return 0;
}
