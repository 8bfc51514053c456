#include "apps/train/pack_sound.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <variant>

#include "codec/media/sound_reader.h"

namespace laconic::train {
namespace {

// Bits of AudioFormat::channel_mask. Bit 3, the low-frequency effects, is heard nowhere here: two loudspeakers leave them out.
constexpr uint32_t kFront = 0b11;
constexpr uint32_t kLeft = 1u << 0 | 1u << 4 | 1u << 6 | 1u << 9 | 1u << 12 | 1u << 15;
constexpr uint32_t kRight = 1u << 1 | 1u << 5 | 1u << 7 | 1u << 10 | 1u << 14 | 1u << 17;
constexpr uint32_t kCentre = 1u << 2 | 1u << 8 | 1u << 11 | 1u << 13 | 1u << 16;
constexpr float kHalfPower = 0.70710678f;  // of the channels that stand neither front left nor front right (ITU-R BS.775)

struct ChannelGains {
  float left = 0, right = 0;
};

std::vector<ChannelGains> stereo_gains(const AudioFormat& format) {
  std::vector<ChannelGains> gains(static_cast<size_t>(format.num_channels));
  uint32_t mask = format.channel_mask;
  if (mask == 0) mask = kFront;  // not known: the first two are left and right, and no more is used
  for (ChannelGains& channel : gains) {
    const uint32_t bit = mask & -mask;  // the lowest, as channels come in the order of bits
    const float gain = bit & kFront ? 1 : kHalfPower;
    if (bit & (kLeft | kCentre)) channel.left = gain;
    if (bit & (kRight | kCentre)) channel.right = gain;
    mask &= mask - 1;
  }
  return gains;
}

// Left and right of a frame of more than two channels.
void mix_to_stereo(const std::vector<ChannelGains>& gains, AudioFrame* frame) {
  std::vector<std::vector<float>> sides(2, std::vector<float>(frame->num_samples()));
  for (size_t c = 0; c < frame->channels.size(); ++c) {
    for (size_t i = 0; i < sides[0].size(); ++i) {
      sides[0][i] += gains[c].left * frame->channels[c][i];
      sides[1][i] += gains[c].right * frame->channels[c][i];
    }
  }
  frame->channels = std::move(sides);
}

// Full scale, 1, is 32768; louder sound is made quieter as a whole.
std::vector<int16_t> to_int16(const std::vector<float>& samples) {
  float peak = 1;
  for (const float x : samples) peak = std::max(peak, std::abs(x));
  std::vector<int16_t> rounded(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    rounded[i] = static_cast<int16_t>(std::clamp<long>(std::lrint(samples[i] / peak * 32768), -32768, 32767));
  }
  return rounded;
}

}  // namespace

Result<DecodedSound> read_sound(const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const std::unique_ptr<SoundReader> reader, SoundReader::open(path, {}));
  if (reader->properties().is_laconic) return unsupported("is sound of Laconic, which would learn from its own mistakes");
  const AudioFormat format = reader->properties().format;
  const std::vector<ChannelGains> gains = stereo_gains(format);
  const size_t num_channels = std::min<size_t>(2, gains.size());
  std::vector<float> samples;  // interleaved
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<SoundItem> item, reader->read());
    if (!item) break;
    auto* frame = std::get_if<AudioFrame>(&*item);
    if (frame == nullptr) continue;  // cover art
    LACONIC_CHECK(frame->channels.size() == gains.size());
    if (gains.size() > 2) mix_to_stereo(gains, frame);
    for (size_t i = 0; i < frame->num_samples(); ++i) {
      for (size_t c = 0; c < num_channels; ++c) samples.push_back(frame->channels[c][i]);
    }
  }
  if (samples.empty()) return corrupt("holds no samples");
  return DecodedSound{to_int16(samples), static_cast<int>(num_channels)};
}

}  // namespace laconic::train
