#include "codec/format/audio_header.h"

#include "codec/format/header_fields.h"
#include "codec/format/section_table.h"

namespace laconic {

AudioFormat AudioHeader::format() const {
  return {static_cast<int>(sample_rate_hz), num_channels, channel_mask, bits_per_sample};
}

AudioHeader AudioHeader::of(const AudioFormat& format, const ModelId& model_id) {
  AudioHeader header;
  header.sample_rate_hz = static_cast<uint32_t>(format.sample_rate_hz);
  header.num_channels = static_cast<uint8_t>(format.num_channels);
  header.channel_mask = format.channel_mask;
  header.bits_per_sample = static_cast<uint8_t>(format.bits_per_sample);
  header.model_id = model_id;
  return header;
}

Status check_audio_header(const AudioHeader& h) {
  if (h.flags != 0) return corrupt("flags are " + std::to_string(h.flags) + ", allowed is 0");
  if (h.sample_rate_hz < kMinSampleRateHz || h.sample_rate_hz > kMaxSampleRateHz)
    return corrupt(quoted_range("sample_rate_hz", h.sample_rate_hz, kMinSampleRateHz, kMaxSampleRateHz));
  if (h.num_channels < 1 || h.num_channels > kMaxAudioChannels) return corrupt(quoted_range("num_channels", h.num_channels, 1, kMaxAudioChannels));
  const int named = __builtin_popcount(h.channel_mask);
  if (h.channel_mask != 0 && named != h.num_channels)
    return corrupt("channel_mask names " + std::to_string(named) + " channels of " + std::to_string(h.num_channels));
  if (h.bits_per_sample != 16 && h.bits_per_sample != 24 && h.bits_per_sample != 32)
    return corrupt("bits_per_sample is " + std::to_string(h.bits_per_sample) + ", allowed are 16, 24 and 32");
  return ok_status();
}

Result<AudioHeader> parse_audio_header(ByteSpan bytes, const Limits& limits) {
  ByteReader reader(bytes);
  AudioHeader header;
  FieldReader fields(reader, limits, kAudioFormatVersion, "the stream header of Laconic sound");
  LACONIC_RETURN_IF_ERROR(visit_audio_header(header, fields));
  LACONIC_RETURN_IF_ERROR(read_header_check(reader, bytes.first(reader.position())));
  if (reader.remaining() > 0) return corrupt(std::to_string(reader.remaining()) + " bytes after the stream header");
  LACONIC_RETURN_IF_ERROR(check_audio_header(header));
  return header;
}

Result<Bytes> write_audio_header(const AudioHeader& header) {
  LACONIC_RETURN_IF_ERROR(check_audio_header(header));
  Bytes bytes;
  FieldWriter fields(bytes, kAudioFormatVersion);
  LACONIC_RETURN_IF_ERROR(visit_audio_header(header, fields));
  append_header_check(bytes);
  return bytes;
}

}  // namespace laconic
