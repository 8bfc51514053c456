// One packet of sound (FORMAT.md 21).
#pragma once

#include <cstdint>
#include <optional>

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

constexpr uint32_t kAudioNumberModulus = 32;
constexpr uint64_t kMaxSourceSamples = uint64_t{1} << 48;

struct AudioPacketHeader {
  bool is_key_packet = false;
  uint32_t number = 0;  // of packets since the key packet, modulo kAudioNumberModulus
  std::optional<uint64_t> num_source_samples;  // in the last packet of a stream
};

struct AudioPacketView {
  AudioPacketHeader header;
  ByteSpan payload;  // borrows from the packet; empty: silence
};

// A container says where packets end, so one that ends early is corrupt.
Result<AudioPacketView> parse_audio_packet(ByteSpan packet);
Bytes write_audio_packet(const AudioPacketHeader& header, ByteSpan payload);

}  // namespace laconic
