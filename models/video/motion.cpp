#include "models/video/motion.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace laconic::models {
namespace {

constexpr int kTaps = 4;
constexpr int kMaxUnits = 8;  // to a sample, of a plane of half the width

// Catmull-Rom weights at a distance of k/units from the second of four samples.
using Weights = std::array<std::array<float, kTaps>, kMaxUnits>;
Weights cubic_weights(int units) {
  Weights weights{};
  for (int k = 0; k < units; ++k) {
    const double t = static_cast<double>(k) / units;
    weights[k] = {static_cast<float>(t * (-1 + t * (2 - t)) / 2), static_cast<float>((2 + t * t * (-5 + 3 * t)) / 2),
                  static_cast<float>(t * (1 + t * (4 - 3 * t)) / 2), static_cast<float>(t * t * (t - 1) / 2)};
  }
  return weights;
}

// One block of kSize x kSize samples of one plane, of which a vector's unit is 1 << kShift to a sample. from, to: planes of height x width.
template <int kSize, int kShift>
void fetch_block(const float* from, float* to, int height, int width, int top, int left, const MotionVector& v, const Weights& weights) {
  constexpr int kFetched = kSize + kTaps - 1, kMask = (1 << kShift) - 1;
  const int whole_x = left + (v.x >> kShift), whole_y = top + (v.y >> kShift);
  const auto& weights_x = weights[v.x & kMask];
  const auto& weights_y = weights[v.y & kMask];
  float rows[kFetched][kSize];  // interpolated along x
  std::array<int, kFetched> columns;
  for (int i = 0; i < kFetched; ++i) columns[i] = std::clamp(whole_x - 1 + i, 0, width - 1);
  for (int i = 0; i < kFetched; ++i) {
    const float* row = from + static_cast<int64_t>(std::clamp(whole_y - 1 + i, 0, height - 1)) * width;
    for (int x = 0; x < kSize; ++x) {
      rows[i][x] = weights_x[0] * row[columns[x]] + weights_x[1] * row[columns[x + 1]] + weights_x[2] * row[columns[x + 2]] +
                   weights_x[3] * row[columns[x + 3]];
    }
  }
  for (int y = 0; y < kSize; ++y) {
    float* row = to + static_cast<int64_t>(top + y) * width + left;
    for (int x = 0; x < kSize; ++x) {
      row[x] = weights_y[0] * rows[y][x] + weights_y[1] * rows[y + 1][x] + weights_y[2] * rows[y + 2][x] + weights_y[3] * rows[y + 3][x];
    }
  }
}

MotionVector vector_or_zero(const MotionField& field, int row, int column) { return row < 0 || column < 0 ? MotionVector{} : field.at(row, column); }

// Above right of a block, or above left where that lies outside or is not decoded yet: right of a split block's lower right quarter.
MotionVector corner_vector(const MotionField& field, int row, int column, int side) {
  const bool has_corner = row > 0 && column + side < field.columns && !(side == 1 && row % 2 == 1 && column % 2 == 1);
  return has_corner ? field.at(row - 1, column + side) : vector_or_zero(field, row - 1, column - 1);
}

template <int kSize, int kShift>
void fetch_plane(const float* from, float* to, int height, int width, const MotionField& motion) {
  static const Weights kWeights = cubic_weights(1 << kShift);
  at::parallel_for(0, motion.rows, 8, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      for (int column = 0; column < motion.columns; ++column) {
        fetch_block<kSize, kShift>(from, to, height, width, static_cast<int>(row) * kSize, column * kSize, motion.at(static_cast<int>(row), column), kWeights);
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
  const torch::Tensor x = x_in.contiguous();
  const int height = static_cast<int>(x.size(2)), width = static_cast<int>(x.size(3));
  torch::Tensor result = torch::empty_like(x);
  for (int64_t c = 0; c < x.size(1); ++c) {
    const float* from = x.data_ptr<float>() + c * height * width;
    float* to = result.data_ptr<float>() + c * height * width;
    if (height == motion.rows * kMotionBlockPx) fetch_plane<kMotionBlockPx, 2>(from, to, height, width, motion);
    else fetch_plane<kMotionBlockPx / 2, 3>(from, to, height, width, motion);
  }
  return result;
}

}  // namespace laconic::models
