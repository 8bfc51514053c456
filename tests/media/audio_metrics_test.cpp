#include "codec/audio_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace laconic {
namespace {

using Sound = std::vector<std::vector<float>>;

// The sound of tests/apps/eval/rd_audio_test.py: a chirp, another on the right channel, and noise that any language can draw.
double noise(size_t index) { return static_cast<double>((index * 2654435761u % 4294967296u) >> 16) / 32768.0 - 1; }

Sound chirps(size_t num_samples) {
  Sound sound(2, std::vector<float>(num_samples));
  for (size_t i = 0; i < num_samples; ++i) {
    const double t = static_cast<double>(i) / kCodingRateHz;
    sound[0][i] = static_cast<float>(0.4 * std::sin(2 * M_PI * (200 * t + 4000 * t * t)) + 0.02 * noise(i));
    sound[1][i] = static_cast<float>(0.3 * std::sin(2 * M_PI * (900 * t + 9000 * t * t)) + 0.02 * noise(i + 77));
  }
  return sound;
}

Sound with_noise(Sound sound, double amplitude) {
  for (size_t c = 0; c < sound.size(); ++c) {
    for (size_t i = 0; i < sound[c].size(); ++i) sound[c][i] += static_cast<float>(amplitude * noise(3 * i + 1000 * c));
  }
  return sound;
}

Sound changed(Sound sound, const std::function<float(float)>& change) {
  for (auto& channel : sound) std::transform(channel.begin(), channel.end(), channel.begin(), change);
  return sound;
}

AudioFrame frame_of(const Sound& sound, size_t begin, size_t end) {
  AudioFrame frame;
  for (const auto& channel : sound) frame.channels.emplace_back(channel.data() + begin, channel.data() + end);
  return frame;
}

AudioDistances compare(const Sound& x, const Sound& x_hat) {
  AudioComparison comparison(static_cast<int>(x.size()));
  EXPECT_TRUE(comparison.add_reference(frame_of(x, 0, x[0].size())).ok());
  EXPECT_TRUE(comparison.add_distorted(frame_of(x_hat, 0, x_hat[0].size())).ok());
  return comparison.finish();
}

TEST(AudioComparison, GivesTheValuesOfThePythonTwin) {
  const Sound x = chirps(30000);
  const AudioDistances distances = compare(x, with_noise(changed(x, [](float v) { return 0.8f * v; }), 0.05));
  EXPECT_NEAR(distances.si_sdr_db, 16.826904, 1e-5);
  EXPECT_NEAR(distances.channel_si_sdr_db[0], 17.908763, 1e-5);
  EXPECT_NEAR(distances.channel_si_sdr_db[1], 15.385028, 1e-5);
  EXPECT_NEAR(distances.mel, 0.43351425, 1e-7);
  EXPECT_NEAR(distances.stft, 0.22605343, 1e-7);
  ASSERT_TRUE(distances.segmental_snr_db.has_value());
  EXPECT_NEAR(*distances.segmental_snr_db, 12.746939, 1e-5);
}

TEST(AudioComparison, SiSdrIsThatOfAKnownError) {
  Sound x(1, std::vector<float>(4800)), x_hat = x;
  for (size_t i = 0; i < 4800; ++i) {
    x[0][i] = static_cast<float>(std::sin(2 * M_PI * static_cast<double>(i) / 48));
    x_hat[0][i] = x[0][i] + 0.1f * static_cast<float>(std::cos(2 * M_PI * static_cast<double>(i) / 48));  // at a right angle to x
  }
  AudioDistances distances = compare(x, x_hat);
  // The error is a shift in phase of a fraction of a sample: no whole shift undoes it.
  EXPECT_EQ(distances.delay_samples, -1);
  std::fill(x[0].begin(), x[0].end(), 0.5f);
  for (size_t i = 0; i < 4800; ++i) x_hat[0][i] = 0.5f + (i % 2 == 0 ? 0.005f : -0.005f);
  distances = compare(x, x_hat);
  EXPECT_NEAR(distances.si_sdr_db, 40, 1e-4);
  EXPECT_NEAR(*distances.segmental_snr_db, 35, 1e-9) << "held to 35 dB";
  EXPECT_NEAR(*compare(x, changed(x, [](float v) { return 1.1f * v; })).segmental_snr_db, 20, 1e-3);
}

TEST(AudioComparison, EqualSoundsAreIdentical) {
  const Sound x = chirps(5000);
  const AudioDistances distances = compare(x, x);
  EXPECT_TRUE(distances.is_identical);
  EXPECT_EQ(distances.num_samples, 5000u);
  EXPECT_TRUE(std::isinf(distances.si_sdr_db));
  EXPECT_EQ(distances.delay_samples, 0);
  EXPECT_EQ(distances.mel, 0);
  EXPECT_EQ(distances.stft, 0);
  EXPECT_EQ(*distances.segmental_snr_db, 35);
}

TEST(AudioComparison, SiSdrDoesNotSeeScaleAndTheOthersDo) {
  const Sound x = chirps(20000), x_hat = with_noise(x, 0.05);
  const AudioDistances plain = compare(x, x_hat);
  const AudioDistances quieter = compare(x, changed(x_hat, [](float v) { return v / 4; }));
  EXPECT_NEAR(plain.si_sdr_db, quieter.si_sdr_db, 1e-4);
  EXPECT_GT(compare(x, changed(x, [](float v) { return v / 4; })).mel, 0.3);
  EXPECT_NEAR(compare(x, changed(x, [](float v) { return v / 2; })).stft, 0.5, 1e-6);
  EXPECT_FALSE(plain.is_identical);
}

TEST(AudioComparison, EachChannelHasItsOwnSiSdr) {
  const Sound x = chirps(20000);
  Sound x_hat = x;
  x_hat[1] = with_noise(x, 0.05)[1];
  const AudioDistances distances = compare(x, x_hat);
  EXPECT_TRUE(std::isinf(distances.channel_si_sdr_db[0]));
  const AudioDistances alone = compare({x[1]}, {x_hat[1]});
  EXPECT_NEAR(distances.channel_si_sdr_db[1], alone.si_sdr_db, 1e-9);
  EXPECT_GT(distances.si_sdr_db, alone.si_sdr_db);
}

TEST(AudioComparison, FindsSmallDelaysOnEitherSide) {
  const Sound x = chirps(20000);
  for (const int delay : {-kMaxDelaySamples, -3, 5, kMaxDelaySamples}) {
    Sound x_hat = with_noise(x, 0.05);
    for (auto& channel : x_hat) {
      if (delay > 0) channel.insert(channel.begin(), static_cast<size_t>(delay), 0);
      if (delay < 0) channel.erase(channel.begin(), channel.begin() - delay);
    }
    const AudioDistances distances = compare(x, x_hat);
    EXPECT_EQ(distances.delay_samples, delay);
    EXPECT_NEAR(distances.si_sdr_db, compare(x, with_noise(x, 0.05)).si_sdr_db, 1) << delay;
    EXPECT_GT(*distances.segmental_snr_db, 10) << delay;
  }
}

TEST(AudioComparison, PiecesGiveWhatTheWholeGives) {
  const size_t num_samples = 90000;  // more than is kept in memory
  const Sound x = chirps(num_samples), x_hat = with_noise(x, 0.05);
  const AudioDistances whole = compare(x, x_hat);
  for (const size_t piece : {size_t{1}, size_t{123}, size_t{4000}}) {
    AudioComparison comparison(2);
    size_t begin = 0, begin_hat = 0;
    while (begin < num_samples || begin_hat < num_samples) {
      const size_t end = std::min(begin + piece, num_samples), end_hat = std::min(begin_hat + 2 * piece / 3 + 1, num_samples);
      ASSERT_TRUE(comparison.add_reference(frame_of(x, begin, end)).ok());
      ASSERT_TRUE(comparison.add_distorted(frame_of(x_hat, begin_hat, end_hat)).ok());
      begin = end;
      begin_hat = end_hat;
    }
    const AudioDistances pieces = comparison.finish();
    EXPECT_EQ(pieces.num_samples, num_samples);
    EXPECT_EQ(pieces.si_sdr_db, whole.si_sdr_db) << piece;
    EXPECT_EQ(pieces.mel, whole.mel) << piece;
    EXPECT_EQ(pieces.stft, whole.stft) << piece;
    EXPECT_EQ(pieces.segmental_snr_db, whole.segmental_snr_db) << piece;
  }
}

TEST(AudioComparison, LeavesOutWhatOneSoundHasMore) {
  const Sound x = chirps(5000), x_hat = with_noise(x, 0.05);
  const AudioDistances longer = compare(chirps(7000), x_hat), equal = compare(x, x_hat);
  EXPECT_EQ(longer.num_samples, 5000u);
  EXPECT_EQ(longer.si_sdr_db, equal.si_sdr_db);
  EXPECT_EQ(longer.mel, equal.mel);
}

TEST(AudioComparison, SilenceAndNothingHaveNoSegmentalSnr) {
  const Sound silence(2, std::vector<float>(3000));
  const AudioDistances both = compare(silence, silence);
  EXPECT_TRUE(both.is_identical);
  EXPECT_FALSE(both.segmental_snr_db.has_value());
  EXPECT_EQ(both.stft, 0);
  EXPECT_EQ(compare(silence, chirps(3000)).si_sdr_db, -INFINITY);
  EXPECT_EQ(compare(chirps(3000), silence).si_sdr_db, -INFINITY);
  EXPECT_EQ(AudioComparison(2).finish().num_samples, 0u);
  EXPECT_EQ(compare(chirps(1), chirps(1)).num_samples, 1u);
}

TEST(AudioComparison, RefusesAnotherNumberOfChannels) {
  AudioComparison comparison(1);
  EXPECT_EQ(comparison.add_distorted(frame_of(chirps(10), 0, 10)).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace laconic
