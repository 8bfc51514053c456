#include "models/video/temporal_filter.h"

#include <algorithm>
#include <cmath>

#include "models/video/motion_search.h"

namespace laconic::models {
namespace {

// Note [Weights of nearby frames]
// As in JVET-O0549 (Wennersten et al., "Encoder-only GOP-based temporal filter", 2019) the frame itself counts 1 and a nearby frame, at each
// sample, strength * exp(-e / 2 s), e the squared difference; but both are taken over what lies around the sample:
//   e   its mean over 5x5;
//   s   16 steps of the residual, and at most twice the frame's variance over 9x9: a difference as large as that is not of noise, however
//       coarse the steps. Without it a drawn film, which has none, took a tenth more bytes (models/TRAINING.md).
constexpr double kStrength = 0.5;
constexpr double kFartherShare = 0.7;  // of the strength, with each frame further away
constexpr double kSpreadPerStep = 16, kSpreadPerVariance = 2, kMinSpread = 0.5;
constexpr int64_t kDifferencePx = 5, kVariancePx = 9;

// Over what lies inside.
torch::Tensor mean_around(const torch::Tensor& x, int64_t side) {
  const auto along = [](const torch::Tensor& from, int64_t height, int64_t width) {
    return torch::avg_pool2d(from, {height, width}, 1, {height / 2, width / 2}, /*ceil_mode=*/false, /*count_include_pad=*/false);
  };
  return along(along(x, side, 1), 1, side);
}

class PlaneFilter {
 public:
  PlaneFilter(const torch::Tensor& now, double step) : now_(now), sum_(now.clone()), weights_(torch::ones_like(now)) {
    const torch::Tensor variance = mean_around(now.square(), kVariancePx).sub_(mean_around(now, kVariancePx).square_());
    spread_ = variance.mul_(kSpreadPerVariance).clamp_(kMinSpread, std::max(kMinSpread, kSpreadPerStep * step));
  }
  // fetched: a nearby frame's plane, along the motion.
  void add(const torch::Tensor& fetched, double strength) {
    const torch::Tensor weight = mean_around((now_ - fetched).square_(), kDifferencePx).div_(spread_).mul_(-0.5).exp_().mul_(strength);
    sum_.addcmul_(weight, fetched);
    weights_.add_(weight);
  }
  torch::Tensor result() const { return sum_ / weights_; }

 private:
  torch::Tensor now_, sum_, weights_, spread_;
};

}  // namespace

FramePlanes filter_in_time(const FramePlanes& now, const std::vector<NearbyFrame>& nearby, double step) {
  if (nearby.empty()) return now;
  const LumaPlane luma = luma_of(now.luma);
  PlaneFilter filtered_luma(now.luma, step), filtered_chroma(now.chroma, step);
  for (const NearbyFrame& other : nearby) {
    const MotionField motion = search_motion(luma, luma_of(other.planes->luma), step, {}, other.distance);
    const double strength = kStrength * std::pow(kFartherShare, other.distance - 1);
    filtered_luma.add(compensate(other.planes->luma, motion), strength);
    filtered_chroma.add(compensate(other.planes->chroma, motion), strength);
  }
  return {filtered_luma.result(), filtered_chroma.result()};
}

}  // namespace laconic::models
