#include "apps/train/sound_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>

namespace laconic::train {
namespace {

constexpr int64_t kSecond = 48000;

Recording recording_of(int num_channels, int64_t num_samples, const std::function<int(int64_t i, int c)>& value) {
  const std::shared_ptr<int16_t> samples(new int16_t[num_samples * num_channels], std::default_delete<int16_t[]>());
  for (int64_t i = 0; i < num_samples; ++i) {
    for (int c = 0; c < num_channels; ++c) samples.get()[i * num_channels + c] = static_cast<int16_t>(value(i, c));
  }
  return {samples, num_channels, num_samples};
}

Recording flat(int num_channels, int64_t num_samples, int value) {
  return recording_of(num_channels, num_samples, [value](int64_t, int) { return value; });
}

Recording tone(int num_channels, int64_t num_samples, double hz) {
  return recording_of(num_channels, num_samples, [hz](int64_t i, int c) {
    return static_cast<int>(std::lround(12000 * std::sin(2 * M_PI * hz * static_cast<double>(i) / kSecond + c)));
  });
}

std::vector<Recording> some_recordings() { return {tone(1, 3 * kSecond, 440), tone(2, kSecond, 3000), tone(1, 700, 9000)}; }

double db(double amplitude) { return 20 * std::log10(amplitude); }

bool has_digital_silence(const torch::Tensor& x) { return x.eq(0).all(0).any().item<bool>(); }

TEST(SoundSampler, IsAPureFunctionOfSeedStepAndSample) {
  const SoundSampler sampler(some_recordings(), 5), same(some_recordings(), 5), other(some_recordings(), 6);
  const torch::Tensor x = sampler.sample(17, 3, 5000);
  EXPECT_EQ(x.sizes(), (std::vector<int64_t>{2, 5000}));
  EXPECT_EQ(x.scalar_type(), torch::kFloat32);
  sampler.sample(3, 2, 100);
  EXPECT_TRUE(torch::equal(x, sampler.sample(17, 3, 5000)));
  EXPECT_TRUE(torch::equal(x, same.sample(17, 3, 5000)));
  EXPECT_FALSE(torch::equal(x, sampler.sample(18, 3, 5000)));
  EXPECT_FALSE(torch::equal(x, sampler.sample(17, 4, 5000)));
  EXPECT_FALSE(torch::equal(x, other.sample(17, 3, 5000)));
}

// Stored when written: another platform or compiler must give the same order, or a resumed run differs.
TEST(SoundSampler, GivesTheStoredSamples) {
  const SoundSampler sampler(some_recordings(), 5);
  double sum = 0;
  const torch::Tensor weights = torch::arange(1, 4001, torch::kFloat64) / 4000;
  for (int64_t i = 0; i < 24; ++i) {
    sum += (sampler.sample(17, i, 2000).to(torch::kFloat64).flatten() * weights).abs().sum().item<double>();
  }
  EXPECT_NEAR(sum, 10078.1208, 1e-2);
}

TEST(SoundSampler, GivesTheSameOnManyThreads) {
  const SoundSampler sampler(some_recordings(), 5);
  std::vector<torch::Tensor> drawn(40);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < drawn.size(); i += 4) drawn[i] = sampler.sample(0, static_cast<int64_t>(i), 1000);
    });
  }
  for (auto& thread : threads) thread.join();
  for (size_t i = 0; i < drawn.size(); ++i) EXPECT_TRUE(torch::equal(drawn[i], sampler.sample(0, static_cast<int64_t>(i), 1000)));
}

TEST(SoundSampler, SpreadsLevelsOver24DbWithoutClipping) {
  for (const int value : {32767, -32768, 2000}) {
    const SoundSampler sampler({flat(2, kSecond, value)}, 2);
    std::vector<double> levels;
    int num_negative = 0;
    for (int64_t step = 0; step < 600; ++step) {
      const torch::Tensor x = sampler.sample(step, 0, 16);
      levels.push_back(db(x.abs().max().item<double>()));
      num_negative += x.sum().item<double>() < 0;
    }
    std::sort(levels.begin(), levels.end());
    EXPECT_LE(levels[599], -1 + 1e-4);  // also where two are mixed
    EXPECT_GT(levels[599], -1.5);
    EXPECT_GT(levels[30], -26);  // less only where two cancel each other
    EXPECT_LT(levels[30], -22);
    EXPECT_NEAR(levels[300], -13, 1.5);
    EXPECT_NEAR(num_negative, 300, 60);
  }
}

TEST(SoundSampler, LeavesNearlySilentRecordingsQuiet) {
  const SoundSampler sampler({flat(1, 1000, 1), flat(1, 1000, 0)}, 3);
  for (int64_t step = 0; step < 100; ++step) {
    const torch::Tensor x = sampler.sample(step, 0, 100);
    EXPECT_LT(x.abs().max().item<double>(), 0.01);
    EXPECT_TRUE(torch::isfinite(x).all().item<bool>());
  }
}

TEST(SoundSampler, PlacesAThirdOfMonoRecordingsOnASide) {
  const SoundSampler sampler({flat(1, kSecond, 9000)}, 4);
  int num_left = 0, num_right = 0, num_both = 0;
  double smallest = 1;
  for (int64_t step = 0; step < 900; ++step) {
    const torch::Tensor x = sampler.sample(step, 0, 1);
    const double left = std::abs(x[0][0].item<double>()), right = std::abs(x[1][0].item<double>());
    (left > right ? num_left : left < right ? num_right : num_both) += 1;
    if (left > 0) smallest = std::min(smallest, right / left);
  }
  EXPECT_NEAR(num_both, 575, 60);  // two thirds, less for those mixed
  EXPECT_NEAR(num_left, num_right, 60);
  EXPECT_LT(smallest, 0.05);
}

TEST(SoundSampler, KeepsStereoAndSwapsHalf) {
  const SoundSampler sampler({recording_of(2, kSecond, [](int64_t, int c) { return c == 0 ? 8000 : 2000; })}, 5);
  int num_swapped = 0, num_straight = 0;
  for (int64_t step = 0; step < 400; ++step) {
    const torch::Tensor x = sampler.sample(step, 0, 1);
    const double ratio = x[0][0].item<double>() / x[1][0].item<double>();
    num_straight += std::abs(ratio - 4) < 1e-3;
    num_swapped += std::abs(ratio - 0.25) < 1e-3;
  }
  EXPECT_NEAR(num_straight, 185, 40);  // with silence or mixed the ratio is another
  EXPECT_NEAR(num_swapped, 185, 40);
}

TEST(SoundSampler, ReachesEveryPlace) {
  const SoundSampler sampler({recording_of(1, 12, [](int64_t i, int) { return static_cast<int>(1000 + 1000 * i); })}, 6);
  std::vector<int> counts(3);
  for (int64_t step = 0; step < 300; ++step) {
    const torch::Tensor x = sampler.sample(step, 0, 10)[0];
    const double ratio = x[9].item<double>() / x[0].item<double>();  // 10, 11/2, 12/3, or mixed
    for (int place = 0; place < 3; ++place) counts[place] += std::abs(ratio - (10.0 + place) / (1 + place)) < 1e-3;
  }
  for (const int count : counts) EXPECT_NEAR(count, 85, 30);
}

TEST(SoundSampler, DrawsByLengthUpToTenSeconds) {
  const Recording alternating = recording_of(2, 40 * kSecond, [](int64_t i, int) { return i % 2 ? 9000 : -9000; });
  const SoundSampler sampler({flat(1, 5 * kSecond, 9000), alternating}, 7);
  int num_flat = 0, num_alternating = 0;
  for (int64_t step = 0; step < 900; ++step) {
    const torch::Tensor x = sampler.sample(step, 0, 2)[0];
    const double first = x[0].item<double>(), second = x[1].item<double>();
    num_flat += first == second && first != 0;
    num_alternating += first == -second && first != 0;
  }
  EXPECT_NEAR(num_alternating, 2 * num_flat, 100);
  EXPECT_GT(num_flat, 200);
}

TEST(SoundSampler, LetsOtherRecordingsFollowShortOnes) {
  const SoundSampler sampler({flat(1, 30, 9000), flat(2, 1, 20000)}, 8);
  for (int64_t step = 0; step < 50; ++step) {
    const torch::Tensor x = sampler.sample(step, 0, 500);
    EXPECT_LE(x.abs().max().item<double>(), 0.9);
    const int64_t num_changes = (x[0].slice(0, 1) - x[0].slice(0, 0, -1)).ne(0).sum().item<int64_t>();
    EXPECT_GE(num_changes, 500 / 30 / 2);
  }
}

TEST(SoundSampler, PutsSilenceIntoOneOfSixteen) {
  const SoundSampler sampler({flat(2, kSecond, 9000)}, 9);
  int num_silent = 0;
  int64_t longest = 0;
  for (int64_t step = 0; step < 800; ++step) {
    const torch::Tensor x = sampler.sample(step, 0, 400);
    if (!has_digital_silence(x)) continue;
    ++num_silent;
    longest = std::max(longest, x[0].eq(0).sum().item<int64_t>());
  }
  EXPECT_NEAR(num_silent, 50, 20);
  EXPECT_LE(longest, 200);
  EXPECT_GT(longest, 150);
}

TEST(SoundSampler, MixesTwoInOneOfEight) {
  // Flat left and flat right alone keep one side silent; only a mixture has sound on both, at different levels.
  const SoundSampler sampler({recording_of(2, kSecond, [](int64_t, int c) { return c == 0 ? 9000 : 0; })}, 10);
  int num_both = 0;
  for (int64_t step = 0; step < 1600; ++step) num_both += sampler.sample(step, 0, 1).ne(0).all().item<bool>();
  EXPECT_NEAR(num_both, 94, 35);  // half of the mixtures: the other half has both on the same side
}

}  // namespace
}  // namespace laconic::train
