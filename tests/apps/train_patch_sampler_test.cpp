#include "apps/train/patch_sampler.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace laconic::train {
namespace {

Picture picture_of(int64_t width_px, int64_t height_px, const std::function<uint8_t(int64_t x, int64_t y, int c)>& value) {
  const std::shared_ptr<uint8_t> rgb(new uint8_t[3 * width_px * height_px], std::default_delete<uint8_t[]>());
  for (int64_t y = 0; y < height_px; ++y) {
    for (int64_t x = 0; x < width_px; ++x) {
      for (int c = 0; c < 3; ++c) rgb.get()[3 * (y * width_px + x) + c] = value(x, y, c);
    }
  }
  return {rgb, width_px, height_px};
}

Picture gradient(int64_t width_px, int64_t height_px) {
  return picture_of(width_px, height_px,
                    [](int64_t x, int64_t y, int c) { return static_cast<uint8_t>(c == 0 ? x : c == 1 ? y : x + y); });
}

TEST(PatchSampler, IsAPureFunctionOfSeedStepAndIndex) {
  const std::vector<Picture> pictures = {gradient(90, 70), gradient(200, 150), gradient(40, 300)};
  const PatchSampler sampler(pictures, 5), same(pictures, 5), other(pictures, 6);
  const auto batch = sampler.batch(17, 6, 64);
  EXPECT_EQ(batch.sizes(), (std::vector<int64_t>{6, 3, 64, 64}));
  EXPECT_EQ(batch.scalar_type(), torch::kUInt8);
  sampler.batch(3, 2, 32);
  EXPECT_TRUE(torch::equal(batch, sampler.batch(17, 6, 64)));
  EXPECT_TRUE(torch::equal(batch, same.batch(17, 6, 64)));
  EXPECT_TRUE(torch::equal(batch.slice(0, 0, 4), sampler.batch(17, 4, 64)));
  EXPECT_FALSE(torch::equal(batch, sampler.batch(18, 6, 64)));
  EXPECT_FALSE(torch::equal(batch, other.batch(17, 6, 64)));
}

// Stored when written: another platform or compiler must give the same data order, or a resumed run differs.
TEST(PatchSampler, GivesTheStoredBytes) {
  const PatchSampler sampler({gradient(90, 70), gradient(200, 150), gradient(40, 300)}, 5);
  const auto batch = sampler.batch(17, 24, 32).to(torch::kInt64).flatten();
  const auto weights = torch::arange(batch.numel(), torch::kInt64) % 9973 + 1;
  EXPECT_EQ((batch * weights).sum().item<int64_t>(), 31590417107);
}

// Each pixel of the picture is unlike all others, so a patch shows where it comes from and how it was turned.
TEST(PatchSampler, TurnsAndFlipsInAllEightWays) {
  const PatchSampler sampler({gradient(32, 32)}, 1);  // too small to be reduced
  std::set<std::vector<int>> seen;
  int num_colour = 0;
  for (int64_t step = 0; step < 300; ++step) {
    const auto patch = sampler.batch(step, 1, 32)[0].to(torch::kInt32);
    const auto a = patch[0], b = patch[1];  // x and y in the picture
    const std::vector<int> turn = {
        (a[0][1] - a[0][0]).item<int>(), (a[1][0] - a[0][0]).item<int>(), (b[0][1] - b[0][0]).item<int>(),
        (b[1][0] - b[0][0]).item<int>()};
    if (torch::equal(a, b)) continue;  // grey
    ++num_colour;
    seen.insert(turn);
    EXPECT_TRUE(torch::equal(patch[2], a + b));
  }
  EXPECT_EQ(seen.size(), 8u);
  EXPECT_GT(num_colour, 250);
}

TEST(PatchSampler, ReachesEveryCorner) {
  const PatchSampler sampler({gradient(20, 20)}, 2);
  std::set<int> lowest, highest;
  for (int64_t step = 0; step < 400; ++step) {
    const auto patch = sampler.batch(step, 1, 18)[0][0];
    if (patch.max().item<int>() - patch.min().item<int>() != 17) continue;  // reduced or grey
    lowest.insert(patch.min().item<int>());
  }
  EXPECT_EQ(lowest, (std::set<int>{0, 1, 2}));
}

TEST(PatchSampler, ReducesAboutHalfOfThePatchesByAreaMeans) {
  // Stripes of one pixel: reducing makes values between the two, a plain crop none.
  const PatchSampler sampler({picture_of(200, 200, [](int64_t x, int64_t, int) { return uint8_t(x % 2 ? 200 : 100); })}, 3);
  int num_reduced = 0;
  for (int64_t step = 0; step < 400; ++step) {
    const auto patch = sampler.batch(step, 1, 32);
    EXPECT_GE(patch.min().item<int>(), 100);
    EXPECT_LE(patch.max().item<int>(), 200);
    const bool is_reduced = (patch.ne(100) & patch.ne(200)).any().item<bool>();
    num_reduced += is_reduced;
    // However it is reduced, the mean of both values stays
    if (is_reduced) {
      EXPECT_NEAR(patch.to(torch::kFloat32).mean().item<float>(), 150, 4);
    }
  }
  EXPECT_NEAR(num_reduced, 200, 45);
}

TEST(PatchSampler, KeepsFlatColoursExactly) {
  const PatchSampler sampler({picture_of(120, 120, [](int64_t, int64_t, int c) { return uint8_t(c == 0 ? 255 : c == 1 ? 0 : 77); })}, 4);
  int num_grey = 0;
  for (int64_t step = 0; step < 200; ++step) {
    const auto patch = sampler.batch(step, 1, 48)[0];
    const bool is_grey = torch::equal(patch[0], patch[1]);
    num_grey += is_grey;
    const int expected[3] = {255, 0, 77};
    const int luma = (77 * 255 + 29 * 77 + 128) >> 8;
    for (int c = 0; c < 3; ++c) EXPECT_TRUE(patch[c].eq(is_grey ? luma : expected[c]).all().item<bool>());
  }
  EXPECT_GT(num_grey, 0);
}

TEST(PatchSampler, MakesOneInTwentyFiveGrey) {
  const PatchSampler sampler({gradient(64, 64)}, 8);
  int num_grey = 0;
  const auto batch = sampler.batch(0, 2000, 8);
  for (int i = 0; i < 2000; ++i) num_grey += torch::equal(batch[i][0], batch[i][1]) && torch::equal(batch[i][0], batch[i][2]);
  EXPECT_NEAR(num_grey, 80, 30);
}

TEST(PatchSampler, MirrorsPicturesSmallerThanTheCrop) {
  const PatchSampler sampler({gradient(5, 3), gradient(1, 1), gradient(100, 2)}, 9);
  for (int64_t step = 0; step < 60; ++step) {
    const auto patch = sampler.batch(step, 1, 32)[0].to(torch::kInt32);
    // Neighbours in a mirrored gradient differ by at most 1 in x and y (luma: at most 1 as well)
    EXPECT_LE((patch.slice(2, 1) - patch.slice(2, 0, -1)).abs().max().item<int>(), 1);
    EXPECT_LE((patch.slice(1, 1) - patch.slice(1, 0, -1)).abs().max().item<int>(), 1);
  }
}

TEST(PatchSampler, DrawsPicturesUniformly) {
  std::vector<Picture> pictures;
  for (int i = 0; i < 10; ++i) {
    const auto value = static_cast<uint8_t>(10 * i);
    pictures.push_back(picture_of(4 + 20 * i, 9, [value](int64_t, int64_t, int) { return value; }));
  }
  const PatchSampler sampler(std::move(pictures), 11);
  const auto values = sampler.batch(0, 5000, 4).select(1, 0).select(1, 0).select(1, 0).to(torch::kInt64);
  const auto counts = torch::bincount((values + 1).div(10, "floor"));
  ASSERT_EQ(counts.size(0), 10);
  EXPECT_GT(counts.min().item<int>(), 400);
  EXPECT_LT(counts.max().item<int>(), 600);
}

TEST(PrefetchingSampler, DeliversTheSamplersBatchesInOrder) {
  const PatchSampler sampler({gradient(90, 70), gradient(200, 150)}, 5);
  for (const int num_threads : {1, 3}) {
    PrefetchingSampler prefetching(sampler, 3, 32, 100, 4, num_threads);
    for (int64_t step = 100; step < 130; ++step) {
      ASSERT_TRUE(torch::equal(prefetching.next(), sampler.batch(step, 3, 32))) << step << ", " << num_threads << " threads";
    }
  }
}

TEST(PrefetchingSampler, StopsWithoutBeingEmptied) {
  const PatchSampler sampler({gradient(90, 70)}, 5);
  for (int i = 0; i < 20; ++i) PrefetchingSampler prefetching(sampler, 2, 16, 0, 4, 2);
}

}  // namespace
}  // namespace laconic::train
