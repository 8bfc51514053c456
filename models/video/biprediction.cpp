#include "models/video/biprediction.h"

namespace laconic::models {
namespace {

int16_t scaled(int v, int numerator, int denominator) {
  const int twice = 2 * v * numerator + denominator, divisor = 2 * denominator;
  return static_cast<int16_t>(twice >= 0 ? twice / divisor : -((-twice + divisor - 1) / divisor));
}

}  // namespace

MotionField scaled(const MotionField& field, int numerator, int denominator) {
  MotionField result = field;
  for (MotionVector& v : result.vectors) v = {scaled(v.x, numerator, denominator), scaled(v.y, numerator, denominator)};
  return result;
}

BiMotion direct_motion(const MotionField& between, int from_past, int to_future) {
  const int distance = from_past + to_future;
  return {scaled(between, from_past, distance), scaled(between, -to_future, distance), std::vector<Prediction>(between.vectors.size() / 4, Prediction::kDirect)};
}

FramePlanes bipredict(const FramePlanes& past, const FramePlanes& future, const BiMotion& motion) {
  const int64_t rows = motion.past.rows / 2, columns = motion.past.columns / 2;
  torch::Tensor share_of_past = torch::empty({1, 1, rows, columns});
  for (size_t i = 0; i < motion.predictions.size(); ++i) {
    const Prediction p = motion.predictions[i];
    share_of_past.data_ptr<float>()[i] = !takes_future(p) ? 1.0f : takes_past(p) ? 0.5f : 0.0f;
  }
  const auto mix = [&](const torch::Tensor& from_past, const torch::Tensor& from_future) {
    const std::vector<int64_t> size = {from_past.size(2), from_past.size(3)};
    return torch::lerp(compensate(from_future, motion.future), compensate(from_past, motion.past), torch::upsample_nearest2d(share_of_past, size));
  };
  return {mix(past.luma, future.luma), mix(past.chroma, future.chroma)};
}

}  // namespace laconic::models
