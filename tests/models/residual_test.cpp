#include "models/video/residual.h"

#include <gtest/gtest.h>

#include <tuple>

#include "models/video/filter_features.h"
#include "models/video/loop_filter.h"
#include "models/video/residual_choice.h"

namespace laconic::models {
namespace {

FramePlanes random_planes(int64_t height, int64_t width, int64_t shrink, double amplitude) {
  const auto smooth = [&](int64_t channels, int64_t h, int64_t w) {
    return torch::upsample_bilinear2d(torch::randn({1, channels, h / 4, w / 4}), {h, w}, /*align_corners=*/false) * amplitude;
  };
  return {smooth(1, height, width) + 128, smooth(2, height / shrink, width / shrink)};
}

TEST(Residual, TransformsAreOrthonormal) {
  torch::manual_seed(1);
  const torch::Tensor plane = torch::randn({48, 64});
  for (int t = 0; t < kNumTransforms; ++t) {
    const torch::Tensor coefficients = transform_plane(plane, static_cast<Transform>(t));
    EXPECT_NEAR(coefficients.square().sum().item<double>(), plane.square().sum().item<double>(), 1e-2);
    const torch::Tensor flat = transform_plane(torch::ones({16, 16}), static_cast<Transform>(t));
    EXPECT_NEAR(flat[0][0].item<double>(), transform_size(static_cast<Transform>(t)), 1e-4);  // all in the lowest frequency
    EXPECT_NEAR(flat[0][1].item<double>(), 0, 1e-4);
  }
}

TEST(Residual, CellsMovedRoundsToTheNearestCell) {
  EXPECT_EQ(cells_moved(0, 8), 0);
  EXPECT_EQ(cells_moved(15, 8), 0);
  EXPECT_EQ(cells_moved(16, 8), 1);
  EXPECT_EQ(cells_moved(-16, 8), 0);
  EXPECT_EQ(cells_moved(-17, 8), -1);
  EXPECT_EQ(cells_moved(-49, 8), -2);
}

// The finer the step, the nearer what comes out; and nothing is spent on a frame that is there already.
TEST(ResidualChooser, ComesNearerWithFinerStepsInEveryChromaFormat) {
  torch::manual_seed(2);
  for (const int64_t shrink : {2, 1}) {
    const FramePlanes reference = random_planes(64, 96, shrink, 20), now = random_planes(64, 96, shrink, 20);
    double before = 1e30;
    for (const double step : {60.0, 20.0, 5.0}) {
      ResidualChooser chooser;
      const Residual residual = chooser.choose(now, reference, MotionField(8, 12), step);
      const FramePlanes coded = add_residual(reference, residual, step);
      const double error = (coded.luma - now.luma).square().mean().item<double>() + (coded.chroma - now.chroma).square().mean().item<double>();
      EXPECT_LT(error, before);
      EXPECT_LT(error, step * step / 2);
      before = error;
      const Residual nothing = ResidualChooser().choose(now, now, MotionField(8, 12), step);
      EXPECT_EQ(std::count(nothing.luma.begin(), nothing.luma.end(), 0), static_cast<std::ptrdiff_t>(nothing.luma.size()));
      EXPECT_EQ(std::count(nothing.chroma.begin(), nothing.chroma.end(), 0), static_cast<std::ptrdiff_t>(nothing.chroma.size()));
    }
  }
}

// Frames of several sizes, the smallest smaller than the mean's reach, with chroma halved and whole.
TEST(FilterFeatures, LoopsAndOperationsAgree) {
  torch::manual_seed(8);
  for (const auto& [height, width, shrink] : {std::tuple{16, 16, 2}, {48, 80, 2}, {32, 64, 1}}) {
    const auto frames = [&, h = height, w = width, s = shrink] {
      return FramePlanes{torch::rand({2, 1, h, w}) * 255, torch::rand({2, 2, h / s, w / s}) * 100 - 50};
    };
    const FramePlanes coded = frames(), reference = frames();
    const torch::Tensor steps = torch::tensor({3.5f, 40.0f}), correction = torch::randn({2, kCorrections, height / kFilterFold, width / kFilterFold});
    const torch::Tensor expected = filter_features(coded, reference, steps);
    const FramePlanes expected_planes = add_correction(coded, correction, steps);
    torch::NoGradGuard no_grad;  // now by loops
    const torch::Tensor features = filter_features(coded, reference, steps);
    ASSERT_EQ(features.sizes(), expected.sizes());
    EXPECT_LT((features - expected).abs().max().item<double>(), 1e-4) << height;
    const FramePlanes planes = add_correction(coded, correction, steps);
    EXPECT_LT((planes.luma - expected_planes.luma).abs().max().item<double>(), 1e-4);
    EXPECT_LT((planes.chroma - expected_planes.chroma).abs().max().item<double>(), 1e-4);
  }
}

TEST(LoopFilter, StartsAsOneThatChangesNothingAndKeepsShapes) {
  torch::manual_seed(3);
  LoopFilter filter(LoopFilterConfig{8, 1});
  for (const int64_t shrink : {2, 1}) {
    const FramePlanes coded = random_planes(32, 48, shrink, 20), reference = random_planes(32, 48, shrink, 20);
    const FramePlanes filtered = filter->forward(coded, reference, torch::full({1}, 12.0f));
    EXPECT_TRUE(torch::equal(filtered.luma, coded.luma));
    EXPECT_TRUE(torch::equal(filtered.chroma, coded.chroma));
  }
  LoopFilterConfig config;
  EXPECT_FALSE(loop_filter_config_from_json("{\"width\": 100000}", config).empty());
  EXPECT_TRUE(loop_filter_config_from_json("{\"width\": 32, \"blocks\": 2}", config).empty());
  EXPECT_EQ(config.width, 32);
}

}  // namespace
}  // namespace laconic::models
