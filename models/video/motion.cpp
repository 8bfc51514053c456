#include "models/video/motion.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace laconic::models {
namespace {

constexpr int kTaps = 4;
constexpr int kFetched = kMotionBlockPx + kTaps - 1;

// Catmull-Rom weights at a distance of k/4 from the second of four samples.
constexpr std::array<std::array<float, kTaps>, kMotionUnitsPerPx> kCubic = {{{0, 1, 0, 0},
                                                                             {-0.0703125f, 0.8671875f, 0.2265625f, -0.0234375f},
                                                                             {-0.0625f, 0.5625f, 0.5625f, -0.0625f},
                                                                             {-0.0234375f, 0.2265625f, 0.8671875f, -0.0703125f}}};

// One block of one plane. from, to: planes of height x width.
void fetch_block(const float* from, float* to, int height, int width, int top, int left, const MotionVector& v) {
  const int whole_x = left + (v.x >> 2), whole_y = top + (v.y >> 2);
  const auto& weights_x = kCubic[v.x & 3];
  const auto& weights_y = kCubic[v.y & 3];
  float rows[kFetched][kMotionBlockPx];  // interpolated along x
  std::array<int, kFetched> columns;
  for (int i = 0; i < kFetched; ++i) columns[i] = std::clamp(whole_x - 1 + i, 0, width - 1);
  for (int i = 0; i < kFetched; ++i) {
    const float* row = from + static_cast<int64_t>(std::clamp(whole_y - 1 + i, 0, height - 1)) * width;
    for (int x = 0; x < kMotionBlockPx; ++x) {
      rows[i][x] = weights_x[0] * row[columns[x]] + weights_x[1] * row[columns[x + 1]] + weights_x[2] * row[columns[x + 2]] +
                   weights_x[3] * row[columns[x + 3]];
    }
  }
  for (int y = 0; y < kMotionBlockPx; ++y) {
    float* row = to + static_cast<int64_t>(top + y) * width + left;
    for (int x = 0; x < kMotionBlockPx; ++x) {
      row[x] = weights_y[0] * rows[y][x] + weights_y[1] * rows[y + 1][x] + weights_y[2] * rows[y + 2][x] + weights_y[3] * rows[y + 3][x];
    }
  }
}

// value(vector) folded by max over the 2x2 blocks of each latent.
template <typename Value>
torch::Tensor per_latent(const MotionField& motion, const Value& value) {
  torch::Tensor result = torch::zeros({1, 1, motion.rows / 2, motion.columns / 2});
  auto at = result.accessor<float, 4>();
  for (int row = 0; row < motion.rows; ++row) {
    for (int column = 0; column < motion.columns; ++column) {
      float& latent = at[0][0][row / 2][column / 2];
      latent = std::max(latent, value(motion.at(row, column)));
    }
  }
  return result;
}

}  // namespace

bool MotionField::is_zero() const {
  return std::all_of(vectors.begin(), vectors.end(), [](const MotionVector& v) { return v.is_zero(); });
}

MotionVector predict_motion(const MotionField& field, int row, int column, int side) {
  const auto at_or_zero = [&](int r, int c) { return r < 0 || c < 0 ? MotionVector{} : field.at(r, c); };
  const MotionVector left = at_or_zero(row, column - 1), above = at_or_zero(row - 1, column);
  if (row == 0) return left;
  // Above right, or above left where that lies outside or is not decoded yet: right of a split block's lower right quarter.
  const bool has_corner = column + side < field.columns && !(side == 1 && row % 2 == 1 && column % 2 == 1);
  const MotionVector corner = has_corner ? field.at(row - 1, column + side) : at_or_zero(row - 1, column - 1);
  const auto median = [](int a, int b, int c) { return static_cast<int16_t>(std::max(std::min(a, b), std::min(std::max(a, b), c))); };
  return {median(left.x, above.x, corner.x), median(left.y, above.y, corner.y)};
}

torch::Tensor compensate(const torch::Tensor& x_in, const MotionField& motion) {
  const torch::Tensor x = x_in.to(torch::kCPU).contiguous();
  const int64_t channels = x.size(1);
  const int height = static_cast<int>(x.size(2)), width = static_cast<int>(x.size(3));
  torch::Tensor result = torch::empty_like(x);
  const float* from = x.data_ptr<float>();
  float* to = result.data_ptr<float>();
  const int64_t plane = static_cast<int64_t>(height) * width;
  at::parallel_for(0, motion.rows, 8, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      for (int column = 0; column < motion.columns; ++column) {
        const MotionVector& v = motion.at(static_cast<int>(row), column);
        for (int64_t c = 0; c < channels; ++c) {
          fetch_block(from + c * plane, to + c * plane, height, width, static_cast<int>(row) * kMotionBlockPx, column * kMotionBlockPx, v);
        }
      }
    }
  });
  return result.contiguous(torch::MemoryFormat::ChannelsLast).to(x_in.device());
}

torch::Tensor motion_activation(const MotionField& motion) {
  return per_latent(motion, [](const MotionVector& v) { return static_cast<float>(std::min(255, std::abs(v.x) + std::abs(v.y))); });
}

torch::Tensor still_mask(const MotionField& motion) {
  const torch::Tensor moves = per_latent(motion, [](const MotionVector& v) { return v.is_zero() ? 0.0f : 1.0f; });
  return 1 - torch::max_pool2d(moves, 3, 1, 1);
}

}  // namespace laconic::models
