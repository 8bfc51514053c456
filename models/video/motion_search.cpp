#include "models/video/motion_search.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "models/video/wavefront.h"

namespace laconic::models {
namespace {

constexpr int kLargePx = 16;          // blocks that may be split into four small ones
constexpr int kCoarseShrink = 4;      // the first search runs on planes reduced by this
constexpr int kCoarseReach = 8;       // in reduced pixels, from one frame to the next
constexpr int kFarCoarseReach = 16;   // beyond that
constexpr int kMargin = 64;           // pixels repeated around the frame before, so that the search needs no clamping
constexpr double kBitPrice = 0.15;    // squared steps that a bit of vector must save
constexpr double kSplitBits = 3;      // about what four vectors cost beside themselves
constexpr double kDirectBits = 2;     // direct prediction may cost so much more than the best other: it needs neither vectors nor their kind

// The plane with its edge repeated `margin` pixels around.
struct PaddedPlane {
  int width, height, stride;
  std::vector<uint8_t> samples;

  PaddedPlane() = default;
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

// The plane between its pixels as compensate() fetches it, by quarters: [4 * vertical + horizontal]. The outermost four pixels are not made.
std::array<PaddedPlane, 16> make_phases(const LumaPlane& plane) {
  std::array<PaddedPlane, 16> phases;
  phases.fill(PaddedPlane(plane));
  const int stride = phases[0].stride, rows = phases[0].height + 2 * kMargin;
  const auto fill_rows = [&](const PaddedPlane& from, PaddedPlane& to, const int16_t (&w)[kLumaTaps], int distance, int64_t first_row, int64_t last_row) {
    const uint8_t* in = from.samples.data();
    uint8_t* out = to.samples.data();
    const int64_t reach = int64_t{kLumaTaps / 2} * distance;
    const int64_t first = std::max(first_row * stride, reach), last = std::min(last_row * stride, int64_t{stride} * rows - reach);
    for (int64_t i = first; i < last; ++i) {
      int16_t sum = 32;  // at most 88 * 255 on the way
      for (int k = 0; k < kLumaTaps; ++k) sum = static_cast<int16_t>(sum + w[k] * in[i + (k + 1 - kLumaTaps / 2) * distance]);
      out[i] = static_cast<uint8_t>(std::clamp(sum >> 6, 0, 255));
    }
  };
  constexpr int kRowsAtOnce = 32;
  at::parallel_for(0, rows, kRowsAtOnce, [&](int64_t first, int64_t last) {
    for (int fx = 1; fx < 4; ++fx) fill_rows(phases[0], phases[fx], kLumaWeights[fx], 1, first, last);
  });
  at::parallel_for(0, rows, kRowsAtOnce, [&](int64_t first, int64_t last) {
    for (int fy = 1; fy < 4; ++fy) {
      for (int fx = 0; fx < 4; ++fx) fill_rows(phases[fx], phases[4 * fy + fx], kLumaWeights[fy], stride, first, last);
    }
  });
  return phases;
}

template <int kSize>
int absolute_difference(const uint8_t* a, int a_stride, const uint8_t* b, int b_stride) {
  int sum = 0;
  for (int y = 0; y < kSize; ++y) {
    int row = 0;
    for (int x = 0; x < kSize; ++x) row += std::abs(a[y * a_stride + x] - b[y * b_stride + x]);
    sum += row;
  }
  return sum;
}

// Note [Price of a difference]
// What a block's difference from its reference costs once it is coded: error + lambda * bits of its 8x8 Hadamard coefficients, a stand-in
// for the DCT that takes additions alone. Below about 0.9 steps a coefficient is left out and costs its square; above, it costs bits that
// grow with its logarithm. Squares alone make too much of what the residual will repair, and vectors too dear.
class DifferencePrice {
 public:
  explicit DifferencePrice(double step) : table_(kTableSize) {
    for (int i = 0; i < kTableSize; ++i) {
      const double steps = i * kTableStep / (8 * step);  // 8: of an orthonormal transform
      const double left_out = steps * steps, coded = 0.08 + 0.12 * (5.5 + 2 * std::log2(std::max(1.0, steps)));
      table_[i] = static_cast<float>(std::min(left_out, coded) * step * step);
    }
  }

  float of_8x8(const uint8_t* a, int a_stride, const uint8_t* b, int b_stride) const {
    Row rows[8];
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) rows[y][x] = static_cast<int16_t>(a[y * a_stride + x] - b[y * b_stride + x]);
    }
    transform_columns(rows);
    transpose(rows);
    transform_columns(rows);
    std::array<float, 4> sums{};  // additions that need not wait for each other
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) sums[x % 4] += table_[static_cast<size_t>(std::abs(int{rows[y][x]})) / kTableStep];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

 private:
  static constexpr int kTableStep = 4, kTableSize = 64 * 256 / kTableStep + 1;

  typedef int16_t Row __attribute__((vector_size(16)));  // eight at once: loops over arrays come out half as fast

  static void transform_columns(Row (&rows)[8]) {
    for (int distance = 1; distance < 8; distance *= 2) {
      for (int y = 0; y < 8; ++y) {
        if (y & distance) continue;
        const Row sum = rows[y] + rows[y + distance], difference = rows[y] - rows[y + distance];
        rows[y] = sum;
        rows[y + distance] = difference;
      }
    }
  }

  // Rows i and i + 4, element by element in turn, three times.
  static void transpose(Row (&rows)[8]) {
    for (int round = 0; round < 3; ++round) {
      Row next[8];
      for (int i = 0; i < 4; ++i) interleave(rows[i], rows[i + 4], next[2 * i], next[2 * i + 1]);
      std::copy(next, next + 8, rows);
    }
  }
  static void interleave(Row a, Row b, Row& first, Row& second) {
#ifdef __clang__
    first = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    second = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
    first = __builtin_shuffle(a, b, Row{0, 8, 1, 9, 2, 10, 3, 11});
    second = __builtin_shuffle(a, b, Row{4, 12, 5, 13, 6, 14, 7, 15});
#endif
  }

  std::vector<float> table_;
};

// Of the 16x16 blocks of a frame, raster order.
std::vector<float> block_prices(const LumaPlane& now, const LumaPlane& reference, double step) {
  const DifferencePrice price(step);
  std::vector<float> prices;
  for (int y = 0; y < now.height; y += kLargePx) {
    for (int x = 0; x < now.width; x += kLargePx) {
      float sum = 0;
      for (int i = 0; i < kLargePx; i += 8) {
        for (int j = 0; j < kLargePx; j += 8) {
          const size_t at = static_cast<size_t>(y + i) * now.width + x + j;
          sum += price.of_8x8(now.samples.data() + at, now.width, reference.samples.data() + at, now.width);
        }
      }
      prices.push_back(sum);
    }
  }
  return prices;
}

// A large block's vectors, by its row and column among large blocks.
void copy_block(const MotionField& from, MotionField& to, int row, int column) {
  for (int i = 0; i < 4; ++i) to.at(2 * row + i / 2, 2 * column + i % 2) = from.at(2 * row + i / 2, 2 * column + i % 2);
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

class Search {
 public:
  // is_left_out: by large block, those that keep the vectors of before_motion; empty: none.
  Search(const LumaPlane& now, const LumaPlane& before, double step, const MotionField& before_motion, int distance, std::vector<bool> is_left_out)
      : now_(now), coarse_reach_(distance > 1 ? kFarCoarseReach : kCoarseReach), is_left_out_(std::move(is_left_out)), phases_(make_phases(before)), price_(step), bit_price_(kBitPrice * step * step), still_cost_(static_cast<float>(0.05 * step * step * kLargePx)),
        before_motion_(before_motion.rows == now.height / kMotionBlockPx && before_motion.columns == now.width / kMotionBlockPx ? before_motion : MotionField(now.height / kMotionBlockPx, now.width / kMotionBlockPx)), small_now_(shrink(now)), small_before_(shrink(before)), field_(now.height / kMotionBlockPx, now.width / kMotionBlockPx) {}

  const MotionField& run() {
    visit_blocks(field_.rows / 2, field_.columns / 2, kLead, [&](int row, int column) {
      if (is_left_out(row, column)) copy_block(before_motion_, field_, row, column);
      else search_block(2 * row, 2 * column);
    });
    visit_blocks(field_.rows / 2, field_.columns / 2, kLead, [&](int row, int column) {
      if (!is_left_out(row, column)) sweep_block(2 * row, 2 * column);
    });
    return field_;
  }

  // Price of the vectors of a large block, after run().
  double vector_price(int row, int column) const { return bit_price_ * bits_at(2 * row, 2 * column); }

 private:
  bool is_left_out(int row, int column) const { return !is_left_out_.empty() && is_left_out_[static_cast<size_t>(row) * (field_.columns / 2) + column]; }

  static constexpr int kLead = 3;  // large blocks: a vector's price depends on those up to two blocks right of it, above and below

  struct Candidate {
    MotionVector vector;
    float difference = 0;  // its price
    double cost = 1e30;    // with that of the vector
  };

  // Bits of a vector, about as the motion coder writes it.
  double bits_of(const MotionVector& v, int row, int column, int side) const {
    const MotionVector predicted = predict_motion(field_, row, column, side);
    if (v == predicted) return 0.4;
    const auto candidates = motion_candidates(field_, before_motion_, row, column, side);
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (v == candidates[i]) return 2.5 + 0.5 * static_cast<double>(i);
    }
    const auto component = [](int difference) { return difference == 0 ? 0.8 : 2.2 + 1.6 * std::log2(std::abs(difference)); };
    return 3 + component(v.x - predicted.x) + component(v.y - predicted.y);
  }

  const uint8_t* block(int row, int column) const {
    return now_.samples.data() + static_cast<size_t>(row) * kMotionBlockPx * now_.width + static_cast<size_t>(column) * kMotionBlockPx;
  }
  const uint8_t* fetched(int row, int column, int x, int y) const {
    return phases_[static_cast<size_t>(4 * (y & 3) + (x & 3))].at(column * kMotionBlockPx + (x >> 2), row * kMotionBlockPx + (y >> 2));
  }

  // Of the block of side kSize from what a vector points to, or anything not below `limit`; negative where that lies too far outside.
  template <int kSize>
  float price_of(int row, int column, int x, int y, double limit = std::numeric_limits<double>::infinity()) const {
    const int left = column * kMotionBlockPx + (x >> 2), top = row * kMotionBlockPx + (y >> 2);
    constexpr int kRoom = kMargin - 4;
    if (left < -kRoom || top < -kRoom || left + kSize > now_.width + kRoom || top + kSize > now_.height + kRoom) return -1;
    const uint8_t* a = block(row, column);
    const uint8_t* b = fetched(row, column, x, y);
    float sum = 0;
    for (int i = 0; i < kSize && sum < limit; i += 8) {
      for (int j = 0; j < kSize && sum < limit; j += 8) sum += price_.of_8x8(a + i * now_.width + j, now_.width, b + i * phases_[0].stride + j, phases_[0].stride);
    }
    return sum;
  }

  template <int kSize>
  void try_vector(int row, int column, int x, int y, Candidate& best) const {
    const float difference = price_of<kSize>(row, column, x, y, best.cost);
    if (difference < 0 || difference >= best.cost) return;
    const MotionVector vector = {static_cast<int16_t>(x), static_cast<int16_t>(y)};
    const double cost = difference + bit_price_ * bits_of(vector, row, column, kSize / kMotionBlockPx);
    if (cost < best.cost) best = {vector, difference, cost};
  }

  // Steps of whole pixels, then halves, then quarters, each as long as a neighbour is better.
  template <int kSize>
  void refine(int row, int column, int first_step, Candidate& best) const {
    for (int step = first_step; step >= 1; step /= 2) {
      for (int round = 0; round < 12; ++round) {
        const MotionVector centre = best.vector;
        for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
          try_vector<kSize>(row, column, centre.x + dx * step, centre.y + dy * step, best);
        }
        if (best.vector == centre) break;
      }
      const MotionVector centre = best.vector;
      if (step > 2) continue;
      for (const auto& [dx, dy] : {std::pair{1, 1}, {-1, 1}, {1, -1}, {-1, -1}}) {
        try_vector<kSize>(row, column, centre.x + dx * step, centre.y + dy * step, best);
      }
    }
  }

  MotionVector neighbour(int row, int column) const {
    return row < 0 || column < 0 || row >= field_.rows || column >= field_.columns ? MotionVector{} : field_.at(row, column);
  }

  // The best vector on the reduced planes, in quarter pixels.
  MotionVector search_coarse(int row, int column) const {
    const int left = column * 2, top = row * 2;  // 8 pixels are 2 reduced ones
    int best = 1 << 30;
    MotionVector vector;
    const uint8_t* a = small_now_.samples.data() + static_cast<size_t>(top) * small_now_.width + left;
    for (int dy = -coarse_reach_; dy <= coarse_reach_; ++dy) {
      for (int dx = -coarse_reach_; dx <= coarse_reach_; ++dx) {
        const int difference = absolute_difference<4>(a, small_now_.width, small_before_.at(left + dx, top + dy), small_before_.stride) +
                               (std::abs(dx) + std::abs(dy)) / 2;
        if (difference >= best) continue;
        best = difference;
        vector = {static_cast<int16_t>(dx * kCoarseShrink * kMotionUnitsPerPx), static_cast<int16_t>(dy * kCoarseShrink * kMotionUnitsPerPx)};
      }
    }
    return vector;
  }

  void search_block(int row, int column) {
    const MotionVector left = neighbour(row, column - 1), above = neighbour(row - 1, column), corner = neighbour(row - 1, column + 2);
    const MotionVector predicted = predict_motion(field_, row, column, 2);
    Candidate best;
    const auto try_large = [&](const MotionVector& v) { try_vector<kLargePx>(row, column, v.x, v.y, best); };
    try_large({});
    try_large(predicted);
    // What matches to within noise is not searched further.
    if (best.difference > still_cost_) {
      for (const MotionVector& v : {left, above, corner, search_coarse(row, column)}) try_large(v);
      try_large(before_motion_.at(row, column));
      try_large(before_motion_.at(row, std::min(column + 2, field_.columns - 1)));
      try_large(before_motion_.at(std::min(row + 2, field_.rows - 1), column));
      refine<kLargePx>(row, column, 8, best);
    }
    split(row, column, predicted, best);
  }

  // Four vectors where they save enough.
  void split(int row, int column, const MotionVector& predicted, const Candidate& whole) {
    double cost = bit_price_ * kSplitBits;
    std::array<MotionVector, 4> vectors;
    fill(row, column, whole.vector);
    for (int i = 0; i < 4 && cost < whole.cost; ++i) {
      Candidate best;
      const int r = row + i / 2, c = column + i % 2;
      for (const MotionVector& v : {whole.vector, predict_motion(field_, r, c, 1), predicted, neighbour(r, c - 1), neighbour(r - 1, c)}) try_vector<kMotionBlockPx>(r, c, v.x, v.y, best);
      refine<kMotionBlockPx>(r, c, 4, best);
      cost += best.cost;
      vectors[static_cast<size_t>(i)] = best.vector;
      field_.at(r, c) = best.vector;
    }
    if (cost >= whole.cost) fill(row, column, whole.vector);
  }

  void fill(int row, int column, const MotionVector& v) {
    for (int i = 0; i < 4; ++i) field_.at(row + i / 2, column + i % 2) = v;
  }

  bool is_split(int row, int column) const {
    const MotionVector& v = field_.at(row, column);
    return !(field_.at(row, column + 1) == v && field_.at(row + 1, column) == v && field_.at(row + 1, column + 1) == v);
  }

  // Bits of a large block's vectors in the field as it is; 0 outside.
  double bits_at(int row, int column) const {
    if (row >= field_.rows || column < 0 || column >= field_.columns) return 0;
    if (!is_split(row, column)) return bits_of(field_.at(row, column), row, column, 2);
    double bits = kSplitBits;
    for (int i = 0; i < 4; ++i) bits += bits_of(field_.at(row + i / 2, column + i % 2), row + i / 2, column + i % 2, 1);
    return bits;
  }

  // A large block takes a neighbour's vector where that saves more bits, its own and those of the blocks predicted from it, than it costs.
  void sweep_block(int row, int column) {
    std::array<MotionVector, 4> current;
    for (int i = 0; i < 4; ++i) current[static_cast<size_t>(i)] = field_.at(row + i / 2, column + i % 2);
    const auto bits_around = [&] { return bits_at(row, column) + bits_at(row, column + 2) + bits_at(row + 2, column - 2) + bits_at(row + 2, column); };
    const bool was_split = is_split(row, column);
    double least = bit_price_ * bits_around();
    if (was_split) {
      for (int i = 0; i < 4; ++i) least += price_of<kMotionBlockPx>(row + i / 2, column + i % 2, current[static_cast<size_t>(i)].x, current[static_cast<size_t>(i)].y);
    } else {
      least += price_of<kLargePx>(row, column, current[0].x, current[0].y);
    }
    bool is_better = false;
    MotionVector best;
    for (const auto& [r, c] : {std::pair{row, column - 1}, {row - 1, column}, {row - 1, column + 2}, {row, column + 2}, {row + 2, column}, {row + 2, column - 1}, {row + 2, column + 2}, {row - 1, column - 1}, {row, column}}) {
      if (r < 0 || c < 0 || r >= field_.rows || c >= field_.columns) continue;
      const MotionVector v = field_.at(r, c);
      if ((!was_split && v == current[0]) || (is_better && v == best)) continue;
      const float difference = price_of<kLargePx>(row, column, v.x, v.y, least);
      if (difference < 0 || difference >= least) continue;
      fill(row, column, v);
      const double cost = difference + bit_price_ * bits_around();
      for (int i = 0; i < 4; ++i) field_.at(row + i / 2, column + i % 2) = current[static_cast<size_t>(i)];
      if (cost >= least) continue;
      least = cost;
      best = v;
      is_better = true;
    }
    if (is_better) fill(row, column, best);
  }

  const LumaPlane& now_;
  const int coarse_reach_;
  const std::vector<bool> is_left_out_;
  const std::array<PaddedPlane, 16> phases_;
  const DifferencePrice price_;
  const double bit_price_;
  const float still_cost_;  // a difference this cheap is not worth a search
  const MotionField before_motion_;
  const LumaPlane small_now_;
  const PaddedPlane small_before_;
  MotionField field_;
};

}  // namespace

LumaPlane luma_of(const torch::Tensor& luma) {
  const torch::Tensor bytes = luma.round().clamp(0, 255).to(torch::kByte).contiguous();
  LumaPlane plane{static_cast<int>(luma.size(3)), static_cast<int>(luma.size(2)), {}};
  plane.samples.assign(bytes.data_ptr<uint8_t>(), bytes.data_ptr<uint8_t>() + bytes.numel());
  return plane;
}

MotionField search_motion(const LumaPlane& now, const LumaPlane& before, double step, const MotionField& before_motion, int distance) {
  return Search(now, before, step, before_motion, distance, {}).run();
}

BiMotion search_bi_motion(const LumaPlane& now, const torch::Tensor& past_luma, const torch::Tensor& future_luma, double step, const BiMotion& direct) {
  const std::vector<float> direct_prices = block_prices(now, luma_of((compensate(past_luma, direct.past) + compensate(future_luma, direct.future)) / 2), step);
  const double bit_price = kBitPrice * step * step;
  std::vector<bool> is_left_out(direct_prices.size());  // nothing can be better there
  for (size_t i = 0; i < direct_prices.size(); ++i) is_left_out[i] = direct_prices[i] <= (kDirectBits + 0.4) * bit_price;
  Search past_search(now, luma_of(past_luma), step, direct.past, 1, is_left_out), future_search(now, luma_of(future_luma), step, direct.future, 1, is_left_out);
  BiMotion motion{past_search.run(), future_search.run(), direct.predictions};
  const torch::Tensor from_past = compensate(past_luma, motion.past), from_future = compensate(future_luma, motion.future);
  const std::vector<float> past_prices = block_prices(now, luma_of(from_past), step), future_prices = block_prices(now, luma_of(from_future), step),
                           both_prices = block_prices(now, luma_of((from_past + from_future) / 2), step);
  const int columns = now.width / kLargePx;
  for (size_t i = 0; i < direct_prices.size(); ++i) {
    const int row = static_cast<int>(i) / columns, column = static_cast<int>(i) % columns;
    const double past_bits = past_search.vector_price(row, column), future_bits = future_search.vector_price(row, column);
    const double past = past_prices[i] + past_bits, future = future_prices[i] + future_bits, both = both_prices[i] + past_bits + future_bits;
    Prediction& chosen = motion.predictions[i];
    if (direct_prices[i] > std::min({past, future, both}) + kDirectBits * bit_price)
      chosen = both <= past && both <= future ? Prediction::kBoth : past <= future ? Prediction::kPast : Prediction::kFuture;
    const bool is_direct = chosen == Prediction::kDirect;
    if (is_direct || !takes_past(chosen)) copy_block(direct.past, motion.past, row, column);
    if (is_direct || !takes_future(chosen)) copy_block(direct.future, motion.future, row, column);
  }
  return motion;
}

double difference_price(const LumaPlane& now, const LumaPlane& reference, double step) {
  double sum = 0;
  for (const float price : block_prices(now, reference, step)) sum += price;
  return sum;
}

double difference_along(const MotionField& motion, const LumaPlane& now, const LumaPlane& before) {
  int64_t sum = 0;
  for (int y = 0; y < now.height; ++y) {
    for (int x = 0; x < now.width; ++x) {
      const MotionVector& v = motion.at(y / kMotionBlockPx, x / kMotionBlockPx);
      const int from_y = std::clamp(y + ((v.y + 2) >> 2), 0, now.height - 1), from_x = std::clamp(x + ((v.x + 2) >> 2), 0, now.width - 1);
      const size_t width = static_cast<size_t>(now.width);
      sum += std::abs(now.samples[y * width + x] - before.samples[from_y * width + from_x]);
    }
  }
  return static_cast<double>(sum) / static_cast<double>(now.samples.size());
}

double activity_of(const LumaPlane& now) {
  int64_t activity = 0;
  for (int top = 0; top < now.height; top += kLargePx) {
    for (int left = 0; left < now.width; left += kLargePx) {
      const uint8_t* block = now.samples.data() + static_cast<size_t>(top) * now.width + left;
      int sum = 0;
      for (int y = 0; y < kLargePx; ++y) {
        for (int x = 0; x < kLargePx; ++x) sum += block[y * now.width + x];
      }
      const int mean = sum / (kLargePx * kLargePx);
      for (int y = 0; y < kLargePx; ++y) {
        for (int x = 0; x < kLargePx; ++x) activity += std::abs(block[y * now.width + x] - mean);
      }
    }
  }
  return static_cast<double>(activity) / static_cast<double>(now.samples.size());
}

}  // namespace laconic::models
