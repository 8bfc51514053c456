#include "apps/train/sound_sampler.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "codec/audio.h"

namespace laconic::train {
namespace {

constexpr int64_t kWeightUnitSamples = kCodingRateHz / 100;
constexpr int64_t kMaxWeightUnits = 1000;
constexpr double kLoudestDb = -1, kLevelRangeDb = 24;  // of full scale
// A recording that is all but silent stays quiet: raised further, one would hear the steps of its 16 bits.
constexpr int kMinPeak = 328;  // -40 dB of full scale

double from_db(double db) { return std::pow(10.0, db / 20); }

// 0 <= value < 1
double uniform(Random* random) { return static_cast<double>(random->bits() >> 11) * 0x1p-53; }

int peak_of(const Recording& recording) {
  int peak = 0;
  const int64_t count = recording.num_samples * recording.num_channels;
  for (int64_t i = 0; i < count; ++i) peak = std::max(peak, std::abs(int{recording.samples.get()[i]}));
  return peak;
}

// What the two sides are multiplied with, and whether they are taken from the other channel.
struct Mix {
  float left, right;
  bool swaps;
};

// `peak` becomes a random level.
Mix draw_mix(Random* random, int peak, int num_channels) {
  const double level_db = kLoudestDb - kLevelRangeDb * uniform(random);
  double gain = from_db(level_db) / std::max(peak, kMinPeak);
  if (random->bits() >> 63) gain = -gain;
  Mix mix = {static_cast<float>(gain), static_cast<float>(gain), false};
  const bool chooses_right = random->bits() >> 63;
  if (num_channels == 2) mix.swaps = chooses_right;
  if (num_channels == 1 && random->below(3) == 0) (chooses_right ? mix.left : mix.right) *= static_cast<float>(uniform(random));
  return mix;
}

}  // namespace

SoundSampler::SoundSampler(std::vector<Recording> recordings, uint64_t seed) : recordings_(std::move(recordings)), seed_(seed) {
  TORCH_CHECK(!recordings_.empty(), "SoundSampler needs at least one recording");
  int64_t sum = 0;
  for (const Recording& recording : recordings_) {
    peaks_.push_back(peak_of(recording));
    sum += std::clamp<int64_t>(recording.num_samples / kWeightUnitSamples, 1, kMaxWeightUnits);
    weights_up_to_.push_back(sum);
  }
}

size_t SoundSampler::draw_recording(Random* random) const {
  const int64_t at = random->below(weights_up_to_.back());
  return static_cast<size_t>(std::upper_bound(weights_up_to_.begin(), weights_up_to_.end(), at) - weights_up_to_.begin());
}

void SoundSampler::add_stretch(Random* random, int64_t num_samples, float* left, float* right) const {
  for (int64_t begin = 0, count = 0; begin < num_samples; begin += count) {
    const size_t index = draw_recording(random);
    const Recording& recording = recordings_[index];
    count = std::min(recording.num_samples, num_samples - begin);
    const int64_t place = random->below(recording.num_samples - count + 1);
    const Mix mix = draw_mix(random, peaks_[index], recording.num_channels);
    const int16_t* from = recording.samples.get() + place * recording.num_channels;
    const int last = recording.num_channels - 1;
    const int from_left = mix.swaps ? last : 0, from_right = mix.swaps ? 0 : last;
    for (int64_t i = begin; i < begin + count; ++i, from += recording.num_channels) {
      left[i] += mix.left * static_cast<float>(from[from_left]);
      right[i] += mix.right * static_cast<float>(from[from_right]);
    }
  }
}

torch::Tensor SoundSampler::sample(int64_t step, int64_t sample, int64_t num_samples) const {
  Random random(sample_stream(seed_, step, sample));
  torch::Tensor x = torch::zeros({2, num_samples});
  float* left = x.data_ptr<float>();
  float* right = left + num_samples;
  const bool mixes = random.below(8) == 0, has_silence = random.below(16) == 0;
  add_stretch(&random, num_samples, left, right);
  if (mixes) {
    add_stretch(&random, num_samples, left, right);
    const float peak = x.abs().max().item<float>();
    const auto loudest = static_cast<float>(from_db(kLoudestDb));
    if (peak > loudest) x.mul_(loudest / peak);
  }
  if (has_silence) {
    const int64_t count = 1 + random.below(std::max<int64_t>(1, num_samples / 2));
    const int64_t begin = random.below(num_samples - count + 1);
    x.slice(1, begin, begin + count).zero_();
  }
  return x;
}

}  // namespace laconic::train
