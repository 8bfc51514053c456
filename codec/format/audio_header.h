// The stream header of sound (FORMAT.md 20), which the container keeps as the stream's extradata.
#pragma once

#include <array>
#include <cstdint>

#include "codec/audio.h"
#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/format/image_header.h"

namespace laconic {

constexpr std::array<uint8_t, 4> kAudioMagic = {0xB1, 'L', 'A', 'A'};
constexpr uint8_t kAudioFormatVersion = 1;
constexpr uint32_t kMinSampleRateHz = 1000, kMaxSampleRateHz = 768000;

struct AudioHeader {
  uint8_t format_version = kAudioFormatVersion;
  uint8_t flags = 0;  // 0
  uint32_t sample_rate_hz = 0;
  uint8_t num_channels = 0;
  uint32_t channel_mask = 0;
  uint8_t bits_per_sample = 16;
  ModelId model_id{};

  AudioFormat format() const;
  static AudioHeader of(const AudioFormat& format, const ModelId& model_id);
};

// The one list of fields; see visit_image_header.
template <typename Header, typename Visitor>
Status visit_audio_header(Header& header, Visitor& visitor) {
  LACONIC_RETURN_IF_ERROR(visitor.magic(kAudioMagic));
  LACONIC_RETURN_IF_ERROR(visitor.version_and_flags(header.format_version, header.flags));
  LACONIC_RETURN_IF_ERROR(visitor.varint("sample_rate_hz", header.sample_rate_hz, kMaxSampleRateHz));
  LACONIC_RETURN_IF_ERROR(visitor.u8("num_channels", header.num_channels, uint8_t{kMaxAudioChannels}));
  LACONIC_RETURN_IF_ERROR(visitor.varint("channel_mask", header.channel_mask, UINT32_MAX));
  LACONIC_RETURN_IF_ERROR(visitor.u8("bits_per_sample", header.bits_per_sample, uint8_t{32}));
  return visitor.bytes("model_id", header.model_id);
}

// kCorrupt, or as an encoder's input kInvalidArgument: what FORMAT.md 20 does not allow.
Status check_audio_header(const AudioHeader& header);
// The whole of the bytes, with their check; a byte too many is corrupt.
Result<AudioHeader> parse_audio_header(ByteSpan bytes, const Limits& limits);
Result<Bytes> write_audio_header(const AudioHeader& header);

}  // namespace laconic
