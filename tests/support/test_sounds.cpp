#include "tests/support/test_sounds.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace laconic::test {
namespace {

constexpr size_t kStretchSamples = 12000;

double tone(double hz, double seconds) { return std::sin(2 * M_PI * hz * seconds); }

// Sample i of stretch number `stretch`.
double sample_at(size_t stretch, size_t i, double pitch, double noise) {
  const double t = static_cast<double>(i) / kCodingRateHz, length = static_cast<double>(kStretchSamples) / kCodingRateHz;
  switch (stretch % 4) {
    case 0: return 0.3 * tone(pitch * (1 + 4 * t / length), t / 2);
    case 1: {
      double string = 0;
      for (int partial = 1; partial <= 8; ++partial) string += tone(pitch * partial, t) / partial * std::exp(-t * 6 * partial);
      return 0.2 * string;
    }
    case 2: return 0.15 * noise * std::exp(-t * 20);
    default: return 0;
  }
}

}  // namespace

Channels draw_sound(int num_channels, size_t num_samples) {
  std::mt19937 random(7);
  Channels channels(static_cast<size_t>(num_channels), std::vector<float>(num_samples));
  for (size_t i = 0; i < num_samples; ++i) {
    const size_t stretch = i / kStretchSamples;
    const double noise = static_cast<double>(random()) / 2147483648.0 - 1;
    for (size_t c = 0; c < channels.size(); ++c) {
      const double pitch = 220 * (1 + static_cast<double>(c / 2)) * std::exp2(static_cast<double>(stretch % 7) / 12);
      double value = sample_at(stretch, i % kStretchSamples, pitch, noise);
      if (c == 1 && stretch % 4 != 3) value = 0.6 * value + 0.05 * tone(1234, static_cast<double>(i) / kCodingRateHz);
      channels[c][i] = static_cast<float>(value);
    }
  }
  return channels;
}

AudioFrame frame_of(const Channels& sound, size_t first, size_t count) {
  AudioFrame frame;
  frame.pts_samples = static_cast<int64_t>(first);
  for (const std::vector<float>& channel : sound) {
    const auto begin = channel.begin() + static_cast<std::ptrdiff_t>(first);
    frame.channels.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(count));
  }
  return frame;
}

double snr_db(const Channels& reference, const Channels& other, size_t first, size_t last) {
  double signal = 0, noise = 0;
  for (size_t c = 0; c < reference.size(); ++c) {
    for (size_t i = first; i < last; ++i) {
      signal += std::pow(reference[c][i], 2);
      noise += std::pow(other[c][i] - reference[c][i], 2);
    }
  }
  return 10 * std::log10((signal + 1e-30) / (noise + 1e-30));
}

double largest_difference(const Channels& a, const Channels& b) {
  double largest = 0;
  for (size_t c = 0; c < a.size(); ++c) {
    for (size_t i = 0; i < a[c].size(); ++i) largest = std::max(largest, std::abs(static_cast<double>(a[c][i]) - b[c][i]));
  }
  return largest;
}

}  // namespace laconic::test
