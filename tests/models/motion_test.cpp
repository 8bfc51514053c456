#include "models/video/motion.h"

#include <gtest/gtest.h>

#include "models/video/motion_search.h"

namespace laconic::models {
namespace {

// Smooth random texture, the same for the same seed.
torch::Tensor texture(int height, int width) {
  torch::manual_seed(5);
  const torch::Tensor coarse = torch::rand({1, 1, height / 4, width / 4}) * 255;
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
  torch::Tensor ramp = torch::arange(48).to(torch::kFloat).view({1, 1, 1, 48}).expand({1, 2, 32, 48}).contiguous();
  const torch::Tensor moved = compensate(ramp, uniform(32, 48, {2, 0}));
  EXPECT_LT((moved.slice(3, 3, 44) - ramp.slice(3, 3, 44) - 0.5).abs().max().item<double>(), 1e-5);
}

TEST(Motion, AVectorFarOutsideFetchesTheEdge) {
  const torch::Tensor x = texture(32, 48);
  const torch::Tensor moved = compensate(x, uniform(32, 48, {kMaxMotion, kMaxMotion}));
  EXPECT_LT((moved - x.slice(2, 31, 32).slice(3, 47, 48)).abs().max().item<double>(), 1e-5);
}

TEST(Motion, PlanesOfHalfTheSizeMoveByHalf) {
  const torch::Tensor x = texture(32, 48);
  const torch::Tensor moved = compensate(x.slice(2, 0, 16).slice(3, 0, 24).contiguous(), uniform(32, 48, {16, -8}));  // 2 samples right, 1 up
  EXPECT_TRUE(torch::equal(moved.slice(2, 1, 16).slice(3, 0, 22), x.slice(2, 0, 15).slice(3, 2, 24)));
  const torch::Tensor ramp = torch::arange(24).to(torch::kFloat).view({1, 1, 1, 24}).expand({1, 2, 16, 24}).contiguous();
  const torch::Tensor by_an_eighth = compensate(ramp, uniform(32, 48, {1, 0}));
  EXPECT_LT((by_an_eighth.slice(3, 2, 20) - ramp.slice(3, 2, 20) - 0.125).abs().max().item<double>(), 1e-5);
}

TEST(Motion, CandidatesAreTheVectorsAround) {
  MotionField field(4, 6), before(4, 6);
  field.at(2, 1) = {1, 0};
  field.at(1, 2) = {2, 0};
  field.at(1, 4) = {3, 0};
  before.at(2, 2) = {4, 0};
  const auto candidates = motion_candidates(field, before, 2, 2, 2);
  for (int i = 0; i < kNumMotionCandidates; ++i) EXPECT_EQ(candidates[static_cast<size_t>(i)].x, i + 1);
  EXPECT_EQ(predict_motion(field, 2, 2, 2).x, 2);
  EXPECT_TRUE(motion_candidates(field, before, 0, 0, 2)[2].is_zero());  // outside
}

TEST(MotionSearch, FindsHowATextureMoved) {
  const torch::Tensor wide = texture(96, 160);
  const torch::Tensor before = wide.slice(2, 16, 80).slice(3, 16, 144).contiguous(), now = wide.slice(2, 13, 77).slice(3, 21, 149).contiguous();
  const MotionField found = search_motion(luma_of(now), luma_of(before), 1, {}, 1);
  int num_right = 0;
  for (const MotionVector& v : found.vectors) num_right += v == MotionVector{20, -12};
  EXPECT_GT(num_right, static_cast<int>(found.vectors.size() * 3 / 4));
  EXPECT_GT(activity_of(luma_of(now)), 5);
  EXPECT_LT(difference_along(found, luma_of(now), luma_of(before)), activity_of(luma_of(now)) / 4);  // what is left lies at the edges, where texture came in
}

TEST(MotionSearch, FindsNothingInAFrameThatStandsStill) {
  const LumaPlane plane = luma_of(texture(64, 64));
  const MotionField found = search_motion(plane, plane, 1, {}, 1);
  EXPECT_TRUE(found.is_zero());
  EXPECT_EQ(difference_along(found, plane, plane), 0);
}

TEST(BiPrediction, DirectVectorsShareTheMotionBetweenTheReferences) {
  MotionField between(2, 2);
  between.vectors = {{8, -8}, {3, -3}, {1, -1}, {2047, -2047}};
  const BiMotion direct = direct_motion(between, 1, 3);
  const std::vector<MotionVector> past = {{2, -2}, {1, -1}, {0, 0}, {512, -512}}, future = {{-6, 6}, {-2, 2}, {-1, 1}, {-1535, 1535}};
  EXPECT_TRUE(direct.past.vectors == past);
  EXPECT_TRUE(direct.future.vectors == future);
}

TEST(BiPrediction, TakesFromPastFutureOrTheMeanOfBoth) {
  const FramePlanes past{torch::full({1, 1, 32, 32}, 10.0), torch::full({1, 2, 16, 16}, 2.0)}, future{torch::full({1, 1, 32, 32}, 30.0), torch::full({1, 2, 16, 16}, 6.0)};
  const BiMotion motion{MotionField(4, 4), MotionField(4, 4), {Prediction::kPast, Prediction::kFuture, Prediction::kBoth, Prediction::kDirect}};
  const FramePlanes found = bipredict(past, future, motion);
  EXPECT_EQ(found.luma[0][0][15][15].item<float>(), 10);
  EXPECT_EQ(found.luma[0][0][15][16].item<float>(), 30);
  EXPECT_EQ(found.luma[0][0][16][15].item<float>(), 20);
  EXPECT_EQ(found.luma[0][0][31][31].item<float>(), 20);
  EXPECT_EQ(found.chroma[0][1][7][7].item<float>(), 2);
  EXPECT_EQ(found.chroma[0][1][7][8].item<float>(), 6);
  EXPECT_EQ(found.chroma[0][1][8][8].item<float>(), 4);
}

// The left half stands still in both, the right half is uncovered: only the later frame shows it.
TEST(BiPrediction, SearchTakesWhatIsHiddenInOneFromTheOther) {
  const torch::Tensor future = texture(64, 64) * 0.5 + 60;
  torch::Tensor past = future.clone();
  past.slice(3, 32, 64).fill_(20);
  const BiMotion motion = search_bi_motion(luma_of(future), past, future, 2, direct_motion(MotionField(8, 8), 1, 1));
  for (size_t i = 0; i < motion.predictions.size(); ++i) {
    if (i % 4 >= 2) EXPECT_EQ(motion.predictions[i], Prediction::kFuture) << i;
    else EXPECT_EQ(motion.predictions[i], Prediction::kDirect) << i;
  }
}

}  // namespace
}  // namespace laconic::models
