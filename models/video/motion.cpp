#include "models/video/motion.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace laconic::models {
namespace {

// Weights of the samples from kTaps / 2 - 1 before a place to kTaps / 2 after it, by the place's fraction.
template <size_t kTaps>
using Weights = std::vector<std::array<float, kTaps>>;

Weights<kLumaTaps> luma_weights() {
  Weights<kLumaTaps> weights;
  for (const auto& of_quarter : kLumaWeights) {
    weights.emplace_back();
    for (size_t k = 0; k < kLumaTaps; ++k) weights.back()[k] = static_cast<float>(of_quarter[k]) / 64;
  }
  return weights;
}

// By eighths: Catmull-Rom.
Weights<4> cubic_weights() {
  Weights<4> weights;
  for (int k = 0; k < 8; ++k) {
    const double t = k / 8.0;
    weights.push_back({static_cast<float>(t * (-1 + t * (2 - t)) / 2), static_cast<float>((2 + t * t * (-5 + 3 * t)) / 2),
                       static_cast<float>(t * (1 + t * (4 - 3 * t)) / 2), static_cast<float>(t * t * (t - 1) / 2)});
  }
  return weights;
}

// One block of kSize x kSize samples of one plane, of which a vector's unit is 1 << kShift to a sample. from, to: planes of height x width.
template <int kSize, int kShift, size_t kTaps>
void fetch_block(const float* from, float* to, int height, int width, int top, int left, const MotionVector& v, const Weights<kTaps>& weights) {
  constexpr int kFetched = kSize + static_cast<int>(kTaps) - 1, kBefore = static_cast<int>(kTaps) / 2 - 1, kMask = (1 << kShift) - 1;
  const int first_x = left + (v.x >> kShift) - kBefore, first_y = top + (v.y >> kShift) - kBefore;
  const auto& weights_x = weights[static_cast<size_t>(v.x & kMask)];
  const auto& weights_y = weights[static_cast<size_t>(v.y & kMask)];
  float rows[kFetched][kSize];  // interpolated along x
  float beyond[kFetched];       // a row that reaches beyond the edge
  for (int i = 0; i < kFetched; ++i) {
    const float* whole_row = from + static_cast<int64_t>(std::clamp(first_y + i, 0, height - 1)) * width;
    const bool is_inside = first_x >= 0 && first_x + kFetched <= width;
    for (int x = 0; !is_inside && x < kFetched; ++x) beyond[x] = whole_row[std::clamp(first_x + x, 0, width - 1)];
    const float* row = is_inside ? whole_row + first_x : beyond;
    for (int x = 0; x < kSize; ++x) {
      float sum = 0;
      for (size_t k = 0; k < kTaps; ++k) sum += weights_x[k] * row[x + k];
      rows[i][x] = sum;
    }
  }
  for (int y = 0; y < kSize; ++y) {
    float* row = to + static_cast<int64_t>(top + y) * width + left;
    for (int x = 0; x < kSize; ++x) {
      float sum = 0;
      for (size_t k = 0; k < kTaps; ++k) sum += weights_y[k] * rows[y + k][x];
      row[x] = sum;
    }
  }
}

MotionVector vector_or_zero(const MotionField& field, int row, int column) { return row < 0 || column < 0 ? MotionVector{} : field.at(row, column); }

// Above right of a block, or above left where that lies outside or is not decoded yet: right of a split block's lower right quarter.
MotionVector corner_vector(const MotionField& field, int row, int column, int side) {
  const bool has_corner = row > 0 && column + side < field.columns && !(side == 1 && row % 2 == 1 && column % 2 == 1);
  return has_corner ? field.at(row - 1, column + side) : vector_or_zero(field, row - 1, column - 1);
}

template <int kSize, int kShift, size_t kTaps>
void fetch_plane(const float* from, float* to, int height, int width, const MotionField& motion, const Weights<kTaps>& weights) {
  at::parallel_for(0, motion.rows, 8, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      for (int column = 0; column < motion.columns; ++column) {
        fetch_block<kSize, kShift>(from, to, height, width, static_cast<int>(row) * kSize, column * kSize, motion.at(static_cast<int>(row), column), weights);
      }
    }
  });
}

}  // namespace

bool MotionField::is_zero() const {
  return std::all_of(vectors.begin(), vectors.end(), [](const MotionVector& v) { return v.is_zero(); });
}

MotionVector predict_motion(const MotionField& field, int row, int column, int side) {
  const MotionVector left = vector_or_zero(field, row, column - 1);
  if (row == 0) return left;
  const MotionVector above = vector_or_zero(field, row - 1, column), corner = corner_vector(field, row, column, side);
  const auto median = [](int a, int b, int c) { return static_cast<int16_t>(std::max(std::min(a, b), std::min(std::max(a, b), c))); };
  return {median(left.x, above.x, corner.x), median(left.y, above.y, corner.y)};
}

std::array<MotionVector, kNumMotionCandidates> motion_candidates(const MotionField& field, const MotionField& before, int row, int column, int side) {
  return {vector_or_zero(field, row, column - 1), vector_or_zero(field, row - 1, column), corner_vector(field, row, column, side), before.at(row, column)};
}

torch::Tensor compensate(const torch::Tensor& x_in, const MotionField& motion) {
  static const Weights<kLumaTaps> whole_size = luma_weights();
  static const Weights<4> half_size = cubic_weights();
  const torch::Tensor x = x_in.contiguous();
  const int height = static_cast<int>(x.size(2)), width = static_cast<int>(x.size(3));
  torch::Tensor result = torch::empty_like(x);
  for (int64_t c = 0; c < x.size(1); ++c) {
    const float* from = x.data_ptr<float>() + c * height * width;
    float* to = result.data_ptr<float>() + c * height * width;
    if (height == motion.rows * kMotionBlockPx) fetch_plane<kMotionBlockPx, 2>(from, to, height, width, motion, whole_size);
    else fetch_plane<kMotionBlockPx / 2, 3>(from, to, height, width, motion, half_size);
  }
  return result;
}

}  // namespace laconic::models
