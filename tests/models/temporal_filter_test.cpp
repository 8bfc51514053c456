#include "models/video/temporal_filter.h"

#include <gtest/gtest.h>

namespace laconic::models {
namespace {

// A texture that moves two pixels a frame to the left.
FramePlanes scene(int time) {
  torch::manual_seed(5);
  const torch::Tensor wide = torch::upsample_bilinear2d(torch::rand({1, 1, 16, 32}) * 200, {64, 128}, /*align_corners=*/false) + 20;
  const torch::Tensor luma = wide.slice(3, 2 * time, 2 * time + 96).contiguous();
  const torch::Tensor half = torch::avg_pool2d(luma, 2) - 128;
  return {luma, torch::cat({half, -half}, 1) / 2};
}

FramePlanes with_noise(const FramePlanes& planes, double deviation, uint64_t seed) {
  torch::manual_seed(seed);
  return {planes.luma + deviation * torch::randn_like(planes.luma), planes.chroma + deviation * torch::randn_like(planes.chroma)};
}

double error_of(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).square().mean().item<double>(); }

TEST(TemporalFilter, LowersNoiseAlongTheMotion) {
  const FramePlanes now = with_noise(scene(4), 4, 100);
  std::vector<FramePlanes> frames;
  for (const int distance : {1, 2, 3}) {
    for (const int side : {-1, 1}) frames.push_back(with_noise(scene(4 + side * distance), 4, static_cast<uint64_t>(200 + 10 * distance + side)));
  }
  std::vector<NearbyFrame> nearby;
  for (size_t i = 0; i < frames.size(); ++i) nearby.push_back({&frames[i], static_cast<int>(i / 2) + 1});
  const FramePlanes filtered = filter_in_time(now, nearby, 20);
  EXPECT_LT(error_of(filtered.luma, scene(4).luma), 0.6 * error_of(now.luma, scene(4).luma));
  EXPECT_LT(error_of(filtered.chroma, scene(4).chroma), 0.7 * error_of(now.chroma, scene(4).chroma));
}

TEST(TemporalFilter, LeavesWhatNoOtherFrameShows) {
  const FramePlanes now = scene(0);
  const FramePlanes other = {now.luma.flip({2}).contiguous(), -now.chroma};
  const FramePlanes filtered = filter_in_time(now, {{&other, 1}}, 20);
  EXPECT_LT(error_of(filtered.luma, now.luma), 0.05 * error_of(other.luma, now.luma));
  EXPECT_LT(error_of(filtered.chroma, now.chroma), 0.05 * error_of(other.chroma, now.chroma));
  const FramePlanes alone = filter_in_time(now, {}, 20);
  EXPECT_TRUE(torch::equal(alone.luma, now.luma));
}

// A drawn film: nothing there is noise, and coarse steps are no reason to take it for such.
TEST(TemporalFilter, KeepsFaintDetailThatChanges) {
  FramePlanes now = scene(0), other = scene(0);
  now.luma = torch::full_like(now.luma, 100);
  now.luma.slice(3, 0, 48).add_(torch::arange(48).remainder(2) * 2);  // stripes of variance 1, gone in the other frame
  other.luma = torch::full_like(now.luma, 104);
  const FramePlanes filtered = filter_in_time(now, {{&other, 1}}, 90);
  EXPECT_LT(error_of(filtered.luma, now.luma), 0.05);
}

}  // namespace
}  // namespace laconic::models
