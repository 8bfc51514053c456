#include "models/video/temporal_filter.h"

#include <ATen/Parallel.h>

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

constexpr int64_t kRowsAtOnce = 32;  // of a thread

// Of the side x side samples around each, those that lie inside. x: [1, C, H, W]. avg_pool2d takes four times as long.
torch::Tensor mean_around(const torch::Tensor& x, int64_t side) {
  const torch::Tensor in = x.contiguous();
  torch::Tensor out = torch::empty_like(in);
  const int64_t height = in.size(2), width = in.size(3), reach = side / 2;
  const float* const from = in.data_ptr<float>();
  float* const to = out.data_ptr<float>();
  at::parallel_for(0, in.size(1) * height, kRowsAtOnce, [&](int64_t begin, int64_t end) {
    std::vector<float> columns(static_cast<size_t>(width + 2 * reach));  // sums of `side` rows, zeros beside them
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i % height, first = std::max<int64_t>(row - reach, 0), last = std::min(row + reach, height - 1);
      std::fill(columns.begin(), columns.end(), 0.0f);
      for (int64_t r = first; r <= last; ++r) {
        const float* const samples = from + (i - row + r) * width;
        for (int64_t c = 0; c < width; ++c) columns[static_cast<size_t>(reach + c)] += samples[c];
      }
      float* const means = to + i * width;
      std::fill(means, means + width, 0.0f);
      for (int64_t k = 0; k < side; ++k) {
        for (int64_t c = 0; c < width; ++c) means[c] += columns[static_cast<size_t>(c + k)];
      }
      for (int64_t c = 0; c < width; ++c) {
        const int64_t num_columns = std::min(c + reach, width - 1) - std::max<int64_t>(c - reach, 0) + 1;
        means[c] /= static_cast<float>((last - first + 1) * num_columns);
      }
    }
  });
  return out;
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
