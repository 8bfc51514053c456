#include "models/video/motion.h"

#include <gtest/gtest.h>

#include "models/video/motion_search.h"

namespace laconic::models {
namespace {

// Smooth random texture, the same for the same seed.
torch::Tensor texture(int height, int width) {
  torch::manual_seed(5);
  const torch::Tensor coarse = torch::rand({1, 3, height / 4, width / 4});
  return torch::upsample_bilinear2d(coarse, {height, width}, /*align_corners=*/false);
}

MotionField uniform(int height, int width, MotionVector vector) {
  MotionField field(height / kMotionBlockPx, width / kMotionBlockPx);
  for (MotionVector& v : field.vectors) v = vector;
  return field;
}

TEST(Motion, ZeroVectorsLeaveTheFrameAsItIs) {
  const torch::Tensor x = texture(32, 48);
  EXPECT_TRUE(torch::equal(compensate(x, MotionField(4, 6)), x));
}

TEST(Motion, WholePixelsAreFetchedExactlyAndTheEdgeIsRepeated) {
  const torch::Tensor x = texture(32, 48);
  const torch::Tensor moved = compensate(x, uniform(32, 48, {8, -4}));  // 2 pixels right, 1 up
  EXPECT_TRUE(torch::equal(moved.slice(2, 1, 32).slice(3, 0, 46), x.slice(2, 0, 31).slice(3, 2, 48)));
  EXPECT_TRUE(torch::equal(moved.slice(2, 0, 1).slice(3, 0, 46), x.slice(2, 0, 1).slice(3, 2, 48)));
  EXPECT_TRUE(torch::equal(moved.select(3, 47).slice(2, 1, 32), x.select(3, 47).slice(2, 0, 31)));
}

TEST(Motion, HalfPixelsLieBetween) {
  torch::Tensor ramp = torch::arange(48).to(torch::kFloat).view({1, 1, 1, 48}).expand({1, 3, 32, 48}).contiguous();
  const torch::Tensor moved = compensate(ramp, uniform(32, 48, {2, 0}));
  EXPECT_LT((moved.slice(3, 2, 44) - ramp.slice(3, 2, 44) - 0.5).abs().max().item<double>(), 1e-5);
}

TEST(Motion, AVectorFarOutsideFetchesTheEdge) {
  const torch::Tensor x = texture(32, 48);
  const torch::Tensor moved = compensate(x, uniform(32, 48, {kMaxMotion, kMaxMotion}));
  EXPECT_LT((moved - x.slice(2, 31, 32).slice(3, 47, 48)).abs().max().item<double>(), 1e-5);
}

TEST(Motion, StillMaskKeepsAwayFromWhatMoves) {
  MotionField field(8, 8);  // 4x4 latents
  field.at(0, 1) = {0, 3};  // of latent 0, 0
  const torch::Tensor still = still_mask(field);
  EXPECT_EQ(still.sum().item<double>(), 12);
  EXPECT_EQ((still.slice(2, 0, 2).slice(3, 0, 2)).sum().item<double>(), 0);
  EXPECT_EQ(motion_activation(field)[0][0][0][0].item<double>(), 3);
}

TEST(MotionSearch, FindsHowATextureMoved) {
  const torch::Tensor wide = texture(96, 160);
  const torch::Tensor before = wide.slice(2, 16, 80).slice(3, 16, 144).contiguous(), now = wide.slice(2, 13, 77).slice(3, 21, 149).contiguous();
  const MotionSearchResult found = search_motion(luma_of(now), luma_of(before), 1, {});
  int num_right = 0;
  for (const MotionVector& v : found.motion.vectors) num_right += v == MotionVector{20, -12};
  EXPECT_GT(num_right, static_cast<int>(found.motion.vectors.size() * 3 / 4));
  EXPECT_GT(found.mean_activity, 5);
  EXPECT_LT(found.mean_error, found.mean_activity / 4);  // what is left lies at the edges, where texture came in
}

TEST(MotionSearch, FindsNothingInAFrameThatStandsStill) {
  const LumaPlane plane = luma_of(texture(64, 64));
  const MotionSearchResult found = search_motion(plane, plane, 1, {});
  EXPECT_TRUE(found.motion.is_zero());
  EXPECT_EQ(found.mean_error, 0);
}

}  // namespace
}  // namespace laconic::models
