#include "models/video/motion_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace laconic::models {
namespace {

constexpr int kLargePx = 16;          // blocks that may be split into four small ones
constexpr int kCoarseShrink = 4;      // the first search runs on planes reduced by this
constexpr int kCoarseReach = 8;       // in reduced pixels
constexpr int kMargin = 64;           // pixels repeated around the frame before, so that the search needs no clamping
constexpr double kSplitBits = 6;      // about what four vectors cost beside their differences

// The plane with its edge repeated `margin` pixels around.
struct PaddedPlane {
  int width, height, stride;
  std::vector<uint8_t> samples;

  explicit PaddedPlane(const LumaPlane& plane) : width(plane.width), height(plane.height), stride(plane.width + 2 * kMargin) {
    samples.resize(static_cast<size_t>(stride) * (height + 2 * kMargin));
    for (int y = -kMargin; y < height + kMargin; ++y) {
      const uint8_t* from = plane.samples.data() + static_cast<size_t>(std::clamp(y, 0, height - 1)) * width;
      uint8_t* to = samples.data() + static_cast<size_t>(y + kMargin) * stride;
      std::fill(to, to + kMargin, from[0]);
      std::copy(from, from + width, to + kMargin);
      std::fill(to + kMargin + width, to + stride, from[width - 1]);
    }
  }
  const uint8_t* at(int x, int y) const { return samples.data() + static_cast<size_t>(y + kMargin) * stride + x + kMargin; }
};

struct Absolute {
  static int of(int difference) { return std::abs(difference); }
};
struct Squared {
  static int of(int difference) { return difference * difference; }
};

template <int kSize, typename Measure>
int difference_at_whole(const uint8_t* a, int a_stride, const uint8_t* b, int b_stride) {
  int sum = 0;
  for (int y = 0; y < kSize; ++y) {
    int row = 0;
    for (int x = 0; x < kSize; ++x) row += Measure::of(a[y * a_stride + x] - b[y * b_stride + x]);
    sum += row;
  }
  return sum;
}

// Between pixels: bilinear, near enough for the choice.
template <int kSize, typename Measure>
int difference_between(const uint8_t* a, int a_stride, const uint8_t* b, int b_stride, int fx, int fy) {
  const int w00 = (4 - fx) * (4 - fy), w01 = fx * (4 - fy), w10 = (4 - fx) * fy, w11 = fx * fy;
  int sum = 0;
  for (int y = 0; y < kSize; ++y) {
    const uint8_t* upper = b + y * b_stride;
    const uint8_t* lower = upper + b_stride;
    int row = 0;
    for (int x = 0; x < kSize; ++x) {
      const int value = (w00 * upper[x] + w01 * upper[x + 1] + w10 * lower[x] + w11 * lower[x + 1] + 8) >> 4;
      row += Measure::of(a[y * a_stride + x] - value);
    }
    sum += row;
  }
  return sum;
}

LumaPlane shrink(const LumaPlane& plane) {
  LumaPlane small{plane.width / kCoarseShrink, plane.height / kCoarseShrink, {}};
  small.samples.resize(static_cast<size_t>(small.width) * small.height);
  for (int y = 0; y < small.height; ++y) {
    for (int x = 0; x < small.width; ++x) {
      int sum = 0;
      for (int dy = 0; dy < kCoarseShrink; ++dy) {
        for (int dx = 0; dx < kCoarseShrink; ++dx) {
          sum += plane.samples[static_cast<size_t>(y * kCoarseShrink + dy) * plane.width + x * kCoarseShrink + dx];
        }
      }
      small.samples[static_cast<size_t>(y) * small.width + x] = static_cast<uint8_t>(sum / (kCoarseShrink * kCoarseShrink));
    }
  }
  return small;
}

// Bits of a difference from the prediction, about as the motion coder writes it.
double bits_of(int difference) { return difference == 0 ? 0.5 : 2.5 + 1.6 * std::log2(std::abs(difference)); }

class Search {
 public:
  Search(const LumaPlane& now, const LumaPlane& before, double bit_price, const MotionField& before_motion)
      : now_(now), before_(before), bit_price_(bit_price), before_motion_(before_motion), small_now_(shrink(now)),
        small_before_(shrink(before)), field_(now.height / kMotionBlockPx, now.width / kMotionBlockPx) {}

  MotionSearchResult run() {
    double error = 0, activity = 0;
    for (int row = 0; row < field_.rows; row += 2) {
      for (int column = 0; column < field_.columns; column += 2) {
        error += search_block(row, column);
        activity += activity_of(row, column);
      }
    }
    const double num_pixels = static_cast<double>(now_.width) * now_.height;
    return {std::move(field_), error / num_pixels, activity / num_pixels};
  }

 private:
  struct Candidate {
    MotionVector vector;
    int difference = 0;  // squared
    double cost = 1e30;
  };

  const uint8_t* block(int row, int column) const {
    return now_.samples.data() + static_cast<size_t>(row) * kMotionBlockPx * now_.width + static_cast<size_t>(column) * kMotionBlockPx;
  }

  // Of the block of side kSize from what a vector points to; -1 where that lies too far outside.
  template <int kSize, typename Measure>
  int difference_of(int row, int column, int x, int y) const {
    const int left = column * kMotionBlockPx + (x >> 2), top = row * kMotionBlockPx + (y >> 2);
    constexpr int kRoom = kMargin - 2;
    if (left < -kRoom || top < -kRoom || left + kSize > before_.width + kRoom || top + kSize > before_.height + kRoom) return -1;
    const uint8_t* a = block(row, column);
    const uint8_t* b = before_.at(left, top);
    return (x & 3) || (y & 3) ? difference_between<kSize, Measure>(a, now_.width, b, before_.stride, x & 3, y & 3)
                              : difference_at_whole<kSize, Measure>(a, now_.width, b, before_.stride);
  }

  template <int kSize>
  void try_vector(int row, int column, int x, int y, const MotionVector& predicted, Candidate& best) const {
    const int difference = difference_of<kSize, Squared>(row, column, x, y);
    if (difference < 0) return;
    const double cost = difference + bit_price_ * (bits_of(x - predicted.x) + bits_of(y - predicted.y));
    if (cost < best.cost) best = {{static_cast<int16_t>(x), static_cast<int16_t>(y)}, difference, cost};
  }

  // Steps of whole pixels, then halves, then quarters, each as long as a neighbour is better.
  template <int kSize>
  void refine(int row, int column, const MotionVector& predicted, int first_step, Candidate& best) const {
    for (int step = first_step; step >= 1; step /= 2) {
      for (int round = 0; round < 12; ++round) {
        const MotionVector centre = best.vector;
        for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
          try_vector<kSize>(row, column, centre.x + dx * step, centre.y + dy * step, predicted, best);
        }
        if (best.vector == centre) break;
      }
      const MotionVector centre = best.vector;
      if (step > 2) continue;
      for (const auto& [dx, dy] : {std::pair{1, 1}, {-1, 1}, {1, -1}, {-1, -1}}) {
        try_vector<kSize>(row, column, centre.x + dx * step, centre.y + dy * step, predicted, best);
      }
    }
  }

  MotionVector neighbour(int row, int column) const {
    return row < 0 || column < 0 || column >= field_.columns ? MotionVector{} : field_.at(row, column);
  }

  // The best vector on the reduced planes, in quarter pixels.
  MotionVector search_coarse(int row, int column) const {
    const int left = column * 2, top = row * 2;  // 8 pixels are 2 reduced ones
    int best = 1 << 30;
    MotionVector vector;
    const uint8_t* a = small_now_.samples.data() + static_cast<size_t>(top) * small_now_.width + left;
    for (int dy = -kCoarseReach; dy <= kCoarseReach; ++dy) {
      for (int dx = -kCoarseReach; dx <= kCoarseReach; ++dx) {
        const int difference = difference_at_whole<4, Absolute>(a, small_now_.width, small_before_.at(left + dx, top + dy), small_before_.stride) +
                               (std::abs(dx) + std::abs(dy)) / 2;
        if (difference >= best) continue;
        best = difference;
        vector = {static_cast<int16_t>(dx * kCoarseShrink * kMotionUnitsPerPx), static_cast<int16_t>(dy * kCoarseShrink * kMotionUnitsPerPx)};
      }
    }
    return vector;
  }

  double search_block(int row, int column) {
    const MotionVector left = neighbour(row, column - 1), above = neighbour(row - 1, column), corner = neighbour(row - 1, column + 2);
    const MotionVector predicted = predict_motion(field_, row, column, 2);
    Candidate best;
    const auto try_large = [&](const MotionVector& v) { try_vector<kLargePx>(row, column, v.x, v.y, predicted, best); };
    try_large({});
    try_large(predicted);
    // What did not move and matches to within noise is not searched further.
    if (best.vector.is_zero() && best.difference < kLargePx * kLargePx) {
      refine<kLargePx>(row, column, predicted, 1, best);
    } else {
      for (const MotionVector& v : {left, above, corner, search_coarse(row, column)}) try_large(v);
      if (before_motion_.rows == field_.rows && before_motion_.columns == field_.columns) try_large(before_motion_.at(row, column));
      refine<kLargePx>(row, column, predicted, 8, best);
    }
    return split(row, column, predicted, best);
  }

  // Four vectors where they save enough. Returns the absolute difference left.
  double split(int row, int column, const MotionVector& predicted, const Candidate& whole) {
    const std::array<std::pair<int, int>, 4> places = {{{0, 0}, {0, 1}, {1, 0}, {1, 1}}};
    double cost = bit_price_ * kSplitBits;
    std::array<MotionVector, 4> vectors;
    for (size_t i = 0; i < 4 && cost < whole.cost; ++i) {
      Candidate best;
      const int r = row + places[i].first, c = column + places[i].second;
      for (const MotionVector& v : {whole.vector, predicted, MotionVector{}}) try_vector<kMotionBlockPx>(r, c, v.x, v.y, whole.vector, best);
      refine<kMotionBlockPx>(r, c, whole.vector, 4, best);
      cost += best.cost;
      vectors[i] = best.vector;
    }
    if (cost >= whole.cost) vectors.fill(whole.vector);
    double error = 0;
    for (size_t i = 0; i < 4; ++i) {
      const int r = row + places[i].first, c = column + places[i].second;
      field_.at(r, c) = vectors[i];
      error += difference_of<kMotionBlockPx, Absolute>(r, c, vectors[i].x, vectors[i].y);
    }
    return error;
  }

  double activity_of(int row, int column) const {
    const uint8_t* a = block(row, column);
    int sum = 0;
    for (int y = 0; y < kLargePx; ++y) {
      for (int x = 0; x < kLargePx; ++x) sum += a[y * now_.width + x];
    }
    const int mean = sum / (kLargePx * kLargePx);
    int activity = 0;
    for (int y = 0; y < kLargePx; ++y) {
      for (int x = 0; x < kLargePx; ++x) activity += std::abs(a[y * now_.width + x] - mean);
    }
    return activity;
  }

  const LumaPlane& now_;
  const PaddedPlane before_;
  const double bit_price_;
  const MotionField& before_motion_;
  const LumaPlane small_now_;
  const PaddedPlane small_before_;
  MotionField field_;
};

}  // namespace

LumaPlane luma_of(const torch::Tensor& x) {
  const torch::Tensor rgb = x[0].to(torch::kCPU);
  const torch::Tensor luma = (rgb[0] * 0.299 + rgb[1] * 0.587 + rgb[2] * 0.114).mul(255).round().clamp(0, 255).to(torch::kByte).contiguous();
  LumaPlane plane{static_cast<int>(x.size(3)), static_cast<int>(x.size(2)), {}};
  plane.samples.assign(luma.data_ptr<uint8_t>(), luma.data_ptr<uint8_t>() + luma.numel());
  return plane;
}

MotionSearchResult search_motion(const LumaPlane& now, const LumaPlane& before, double bit_price, const MotionField& before_motion) {
  return Search(now, before, bit_price, before_motion).run();
}

}  // namespace laconic::models
