#include "models/audio/lapped_transform.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/audio/block_choice.h"

namespace laconic::models {
namespace {

constexpr std::array<int, 5> kBlockCounts = {1, 2, 4, 8, 16};

// Numbers of blocks in which every three of the five follow one another.
std::vector<int> every_sequence_of_three() {
  std::vector<int> blocks;
  for (const int a : kBlockCounts)
    for (const int b : kBlockCounts)
      for (const int c : kBlockCounts) blocks.insert(blocks.end(), {a, b, c});
  return blocks;
}

struct Frames {
  torch::Tensor samples;       // [1, (T + 1) kHop], noise between a hop of silence at both ends
  torch::Tensor coefficients;  // [1, T, kHop]
  std::vector<int> blocks;     // T + 2 numbers
};

Frames frames_of_every_sequence() {
  Frames f;
  f.blocks = every_sequence_of_three();
  torch::manual_seed(3);
  const int64_t num_frames = static_cast<int64_t>(f.blocks.size()) - 2;
  f.samples = torch::randn({1, (num_frames + 1) * kHop});
  f.samples.slice(1, 0, kHop).zero_();
  f.samples.slice(1, num_frames * kHop).zero_();
  f.coefficients = analyse_frames(LappedTransform(), f.samples, f.blocks);
  return f;
}

TEST(LappedTransform, ReconstructsPerfectlyWhateverBlocksFollowOneAnother) {
  const LappedTransform transform;
  const Frames f = frames_of_every_sequence();
  double largest = 0;
  for (int64_t t = 1; t < f.coefficients.size(1); ++t) {
    const int before = f.blocks[static_cast<size_t>(t)], own = f.blocks[static_cast<size_t>(t) + 1];
    const torch::Tensor end = transform.second_half(f.coefficients.select(1, t - 1), before, own);
    const torch::Tensor hop = end + transform.first_half(f.coefficients.select(1, t), before, own);
    largest = std::max(largest, (hop - f.samples.slice(1, t * kHop, (t + 1) * kHop)).abs().max().item<double>());
  }
  EXPECT_LT(largest, 1e-5);  // of noise of deviation 1
}

TEST(LappedTransform, IsOrthonormal) {
  const Frames f = frames_of_every_sequence();
  const auto energy = [](const torch::Tensor& t) { return t.to(torch::kDouble).square().sum().item<double>(); };
  EXPECT_NEAR(energy(f.coefficients) / energy(f.samples), 1, 1e-6);
}

TEST(LappedTransform, OfAllFramesAtOnceIsThatOfEachFrame) {
  const LappedTransform transform;
  const Frames f = frames_of_every_sequence();
  for (int64_t t = 0; t < 20; ++t) {
    const size_t i = static_cast<size_t>(t);
    const torch::Tensor seen = f.samples.slice(1, t * kHop, (t + 2) * kHop);
    const torch::Tensor own = transform.analyse(seen, f.blocks[i], f.blocks[i + 1], f.blocks[i + 2]);
    EXPECT_TRUE(torch::allclose(own, f.coefficients.select(1, t), 1e-5, 1e-5)) << t;
  }
}

// FORMAT.md 23. Position 0 is the frame's first sample, 2 kHop its end; a border between blocks of hops `left` and `right`.
double slope(double position, double border, int left, int right) {
  const double overlap = std::min(left, right), inside = (position - border) / overlap + 0.5;
  return inside <= 0 ? 0 : inside >= 1 ? 1 : std::sin(M_PI / 2 * inside);
}

// What coefficient k of block j adds to the frame's samples, by the sum's definition.
std::vector<double> wave_of(int before, int blocks, int after, int j, int k) {
  const int hop = kHop / blocks, left = j == 0 ? kHop / before : hop, right = j + 1 == blocks ? kHop / after : hop;
  const double begin = kHop / 2.0 + j * hop, end = begin + hop;  // the block's borders
  std::vector<double> wave(2 * kHop);
  for (int n = 0; n < 2 * hop; ++n) {
    const int at = static_cast<int>(begin) - hop / 2 + n;
    const double middle = at + 0.5, window = slope(middle, begin, left, hop) * slope(-middle, -end, right, hop);
    wave[static_cast<size_t>(at)] = window * std::sqrt(2.0 / hop) * std::cos(M_PI / hop * (n + 0.5 + hop / 2.0) * (k + 0.5));
  }
  return wave;
}

TEST(LappedTransform, EqualsTheSumOfCosines) {
  const LappedTransform transform;
  torch::manual_seed(4);
  const torch::Tensor samples = torch::randn({1, 2 * kHop});
  for (const int before : kBlockCounts) {
    for (const int blocks : kBlockCounts) {
      const int after = kBlockCounts[static_cast<size_t>(torch::randint(5, {1}).item<int>())];
      SCOPED_TRACE(testing::Message() << before << " " << blocks << " " << after);
      const torch::Tensor found = transform.analyse(samples, before, blocks, after);
      for (const int bin : {0, 1, 17, 130, 1000, 2031, kHop - 1}) {
        const torch::Tensor wave = torch::tensor(wave_of(before, blocks, after, bin % blocks, bin / blocks), torch::kDouble);
        EXPECT_NEAR(found[0][bin].item<double>(), (wave * samples[0].to(torch::kDouble)).sum().item<double>(), 2e-5) << bin;
        torch::Tensor one = torch::zeros({1, kHop});
        one[0][bin] = 1;
        const torch::Tensor whole = torch::cat({transform.first_half(one, before, blocks), transform.second_half(one, blocks, after)}, 1);
        EXPECT_LT((whole[0].to(torch::kDouble) - wave).abs().max().item<double>(), 2e-6) << bin;
      }
    }
  }
}

TEST(BlockChoice, TakesLongBlocksForTonesAndShortOnesForClicks) {
  const LappedTransform transform;
  const torch::Tensor seconds = torch::arange(2 * kHop) / 48000.0;
  EXPECT_EQ(choose_blocks(transform, torch::sin(seconds * (2 * M_PI * 997)).view({1, -1}), 0.01), std::vector<int>{1});
  torch::Tensor click = torch::zeros({1, 2 * kHop});
  click[0][kHop + 100] = 1;
  EXPECT_EQ(choose_blocks(transform, click, 0.001), std::vector<int>{16});
}

// Silent packets rely on it: see FORMAT.md 22.1.
TEST(BlockChoice, TakesOneBlockForSilence) {
  EXPECT_EQ(choose_blocks(LappedTransform(), torch::zeros({2, 4 * kHop}), 1e-6), (std::vector<int>{1, 1, 1}));
}

}  // namespace
}  // namespace laconic::models
