#include "models/video/residual_choice.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <type_traits>

#include "models/video/wavefront.h"

namespace laconic::models {
namespace {

// In squared steps (reference encoders of H.264: 0.136).
constexpr double kLambda = 0.09;
// An error of chroma: each of its planes has an eighth of the weight that luma's has in the PSNR of films, but far less to code.
constexpr double kChromaWeight = 2;

int activity_class(int nonzero) { return nonzero == 0 ? 0 : nonzero <= 2 ? 1 : nonzero <= 6 ? 2 : nonzero <= 16 ? 3 : 4; }

int frequency_class(int size, int i, int j) {
  const int sum = i + j;
  return std::min(15, size == 16 ? sum / 2 : size == 8 ? sum : 2 * sum);
}

// Element by element of nested arrays.
template <typename Sum, typename Number>
void add_to(Sum& sum, const Number& number) {
  if constexpr (std::is_arithmetic_v<Sum>) {
    sum += static_cast<Sum>(number);
  } else {
    for (size_t i = 0; i < sum.size(); ++i) add_to(sum[i], number[i]);
  }
}

double bits_beyond(int magnitude) { return magnitude < 3 ? 0 : 1 + 2 * std::log2(magnitude - 2); }

}  // namespace

// One DCT block and what was chosen for it.
struct ResidualChooser::Unit {
  std::array<int16_t, 256> symbols;
  double cost = 0;       // error + lambda bits
  double zero_cost = 0;  // the same if it is zero
  int num_nonzero = 0;
};

// A row of blocks at work: rows are chosen on several threads.
struct ResidualChooser::Row {
  Table<int> counts;
  std::array<std::vector<Unit>, kNumTransforms> units;  // of the block at hand
};

ResidualChooser::ResidualChooser() {
  for (auto& kind : counts_.symbols) {
    for (int f = 0; f < kFrequencies; ++f) {
      for (int a = 0; a < kActivities; ++a) {
        const float nonzero = (0.25f + 0.1f * static_cast<float>(a)) / (1 + static_cast<float>(f) / 3);
        kind[f][a] = {8 * (1 - nonzero), 6 * nonzero, 1.4f * nonzero, 0.6f * nonzero};
      }
    }
  }
  for (int a = 0; a < kActivities; ++a) {
    const float coded = 0.08f + 0.2f * static_cast<float>(a);
    counts_.blocks[a] = {8 * (1 - coded), 8 * coded};
    for (auto& kind : counts_.units) kind[a] = {8 * (1 - coded) + 1, 8 * coded + 1};
  }
  counts_.transforms = {4, 8, 2};
}

ResidualChooser::Table<float> ResidualChooser::prices() const {
  const auto fill = [](const auto& counts, auto& bits) {
    float sum = 0;
    for (const float n : counts) sum += n;
    for (size_t i = 0; i < counts.size(); ++i) bits[i] = std::log2(sum / counts[i]);
  };
  Table<float> p;
  for (int k = 0; k < kKinds; ++k) {
    for (int a = 0; a < kActivities; ++a) {
      fill(counts_.units[k][a], p.units[k][a]);
      for (int f = 0; f < kFrequencies; ++f) {
        fill(counts_.symbols[k][f][a], p.symbols[k][f][a]);
        for (int size = 1; size < kSizes; ++size) p.symbols[k][f][a][size] += 1;  // the sign
      }
    }
  }
  for (int a = 0; a < kActivities; ++a) fill(counts_.blocks[a], p.blocks[a]);
  fill(counts_.transforms, p.transforms);
  return p;
}

// One frame's choice, block by block in raster order.
class ResidualChooser::Frame {
 public:
  Frame(ResidualChooser& known, const FramePlanes& now, const FramePlanes& reference, const MotionField& motion, double step)
      : known_(known), price_(known.prices()), motion_(motion), width_(static_cast<int>(now.luma.size(3))), chroma_px_(chroma_px_of(now)),
        result_(static_cast<int>(now.luma.size(2)) / kResidualBlockPx, width_ / kResidualBlockPx, chroma_px_), luma_map_(2 * result_.rows, 2 * result_.columns) {
    const torch::Tensor luma = (now.luma - reference.luma)[0][0] / step, chroma = (now.chroma - reference.chroma)[0] / step;
    const int scale = chroma_px_ / kCellPx;
    for (NonzeroMap& map : chroma_maps_) map = NonzeroMap(scale * result_.rows, scale * result_.columns);
    for (int t = 0; t < kNumTransforms; ++t) {
      luma_[t] = transform_plane(luma, static_cast<Transform>(t)).contiguous();
      for (int c = 0; c < 2; ++c) {
        if (chroma_px_ == kResidualBlockPx || t == kChromaTransform) chroma_[c][t] = transform_plane(chroma[c], static_cast<Transform>(t)).contiguous();
      }
    }
    if (known_.luma_before_.rows() != luma_map_.rows()) {
      known_.luma_before_ = luma_map_;
      known_.chroma_before_ = chroma_maps_;
    }
  }

  Residual run() {
    std::vector<Row> rows(static_cast<size_t>(result_.rows));
    visit_blocks(result_.rows, result_.columns, /*lead=*/0, [&](int row, int column) {
      Row& at_work = rows[static_cast<size_t>(row)];
      if (column == 0) {
        for (int t = 0; t < kNumTransforms; ++t) at_work.units[t].resize(static_cast<size_t>(1) << (2 * t));
      }
      choose_luma(row, column, at_work);
      for (int c = 0; c < 2; ++c) choose_chroma(row, column, c, at_work);
      if (column + 1 == result_.columns) at_work.units = {};
    });
    for (const Row& row : rows) {
      add_to(known_.counts_.symbols, row.counts.symbols);
      add_to(known_.counts_.units, row.counts.units);
      add_to(known_.counts_.blocks, row.counts.blocks);
      add_to(known_.counts_.transforms, row.counts.transforms);
    }
    known_.luma_before_ = std::move(luma_map_);
    known_.chroma_before_ = std::move(chroma_maps_);
    return std::move(result_);
  }

 private:
  static constexpr int kChromaTransform = 1;  // of blocks of 8x8
  static int chroma_px_of(const FramePlanes& planes) { return planes.chroma.size(2) == planes.luma.size(2) ? kResidualBlockPx : kResidualBlockPx / 2; }

  // How much lies around a cell, and in the one it shows of the frame before.
  int activity_at(const NonzeroMap& map, const NonzeroMap& before, int row, int column, int cell_px) const {
    const MotionVector& v = motion_.at(row * cell_px / kMotionBlockPx, column * cell_px / kMotionBlockPx);
    return map.at(row - 1, column) + map.at(row, column - 1) + before.at(row + cells_moved(v.y, cell_px), column + cells_moved(v.x, cell_px));
  }

  // from: coefficients in steps.
  void choose_unit(const float* from, int stride, int size, int kind, int activity, double weight, Unit& unit) const {
    unit.cost = kLambda * price_.units[kind][activity][1];
    unit.zero_cost = kLambda * price_.units[kind][activity][0];
    unit.num_nonzero = 0;
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j < size; ++j) {
        const double value = from[i * stride + j], magnitude = std::abs(value);
        const auto& bits = price_.symbols[kind][frequency_class(size, i, j)][activity];
        double best = weight * magnitude * magnitude + kLambda * bits[0];
        unit.zero_cost += weight * magnitude * magnitude;
        int chosen = 0;
        if (magnitude > 0.5) {
          const int nearest = static_cast<int>(std::min(30000.0, magnitude + 0.5));
          for (int m = nearest; m >= std::max(1, nearest - 1); --m) {
            const double error = magnitude - m, cost = weight * error * error + kLambda * (bits[std::min(m, kSizes - 1)] + bits_beyond(m));
            if (cost < best) best = cost, chosen = m;
          }
        }
        unit.cost += best;
        unit.num_nonzero += chosen > 0;
        unit.symbols[i * size + j] = static_cast<int16_t>(value < 0 ? -chosen : chosen);
      }
    }
    if (unit.num_nonzero == 0 || unit.zero_cost <= unit.cost) {
      unit.cost = unit.zero_cost;
      unit.num_nonzero = 0;
    }
  }

  static void keep_unit(const Unit& unit, int16_t* to, int stride, int size, int kind, int activity, Table<int>& counts) {
    counts.units[kind][activity][unit.num_nonzero > 0] += 1;
    for (int i = 0; i < size && unit.num_nonzero > 0; ++i) {
      for (int j = 0; j < size; ++j) {
        const int16_t symbol = unit.symbols[i * size + j];
        to[i * stride + j] = symbol;
        counts.symbols[kind][frequency_class(size, i, j)][activity][std::min(std::abs(int{symbol}), kSizes - 1)] += 1;
      }
    }
  }

  static void add_to_map(NonzeroMap& map, int row, int column, int size, int count) {
    if (size < kResidualBlockPx) return map.add(row, column, count);
    for (int k = 0; k < 4; ++k) map.add(row + k / 2, column + k % 2, (count + 3) / 4);
  }

  // A DCT block of a block's luma: where it begins there, and which of the block's cells that is.
  struct Place {
    int top, left, cell;
  };
  static Place place_of(int transform, int unit) {
    const int size = kResidualBlockPx >> transform, top = (unit >> transform) * size, left = (unit & ((1 << transform) - 1)) * size;
    return {top, left, top / kCellPx * 2 + left / kCellPx};
  }

  void choose_luma(int row, int column, Row& at_work) {
    // The cells of a block are chosen together, so a neighbour inside it tells nothing yet.
    std::array<int, 4> activities;
    int sum = 0;
    for (int k = 0; k < 4; ++k) {
      const int around = activity_at(luma_map_, known_.luma_before_, 2 * row + k / 2, 2 * column + k % 2, kCellPx);
      activities[static_cast<size_t>(k)] = activity_class(around);
      sum += around;
    }
    const int block_activity = activity_class((sum + 3) / 4);
    const auto activity_of = [&](int transform, int cell) { return transform == 0 ? block_activity : activities[static_cast<size_t>(cell)]; };
    double best = 0;
    int chosen = -1;  // the transform; -1: all zero
    for (int t = 0; t < kNumTransforms; ++t) {
      const int size = kResidualBlockPx >> t;
      double cost = kLambda * (price_.blocks[block_activity][1] + price_.transforms[t]), zero_cost = kLambda * price_.blocks[block_activity][0];
      bool is_zero = true;
      for (int u = 0; u < 1 << (2 * t); ++u) {
        const Place place = place_of(t, u);
        const int activity = activity_of(t, place.cell);
        const int64_t at = static_cast<int64_t>(row * kResidualBlockPx + place.top) * width_ + column * kResidualBlockPx + place.left;
        Unit& unit = at_work.units[t][u];
        choose_unit(luma_[t].data_ptr<float>() + at, width_, size, t, activity, 1, unit);
        cost += unit.cost;
        zero_cost += unit.zero_cost - kLambda * price_.units[t][activity][0];
        is_zero = is_zero && unit.num_nonzero == 0;
      }
      if (is_zero || cost >= zero_cost || (chosen >= 0 && cost >= best)) continue;
      best = cost;
      chosen = t;
    }
    at_work.counts.blocks[block_activity][chosen >= 0] += 1;
    if (chosen < 0) return;
    at_work.counts.transforms[chosen] += 1;
    result_.transforms[static_cast<size_t>(row) * result_.columns + column] = static_cast<Transform>(chosen);
    const int size = kResidualBlockPx >> chosen;
    for (int u = 0; u < 1 << (2 * chosen); ++u) {
      const Place place = place_of(chosen, u);
      const size_t at = static_cast<size_t>(row * kResidualBlockPx + place.top) * width_ + column * kResidualBlockPx + place.left;
      keep_unit(at_work.units[chosen][u], result_.luma.data() + at, width_, size, chosen, activity_of(chosen, place.cell), at_work.counts);
      add_to_map(luma_map_, 2 * row + place.cell / 2, 2 * column + place.cell % 2, size, at_work.units[chosen][u].num_nonzero);
    }
  }

  // With luma's transform where chroma is as large.
  void choose_chroma(int row, int column, int c, Row& at_work) {
    const size_t block = static_cast<size_t>(row) * result_.columns + column;
    const int t = chroma_px_ == kResidualBlockPx ? static_cast<int>(result_.transforms[block]) : kChromaTransform, size = kResidualBlockPx >> t;
    const int stride = result_.columns * chroma_px_;
    int16_t* plane = result_.chroma.data() + static_cast<size_t>(c) * result_.rows * chroma_px_ * stride;
    for (int top = row * chroma_px_; top < (row + 1) * chroma_px_; top += size) {
      for (int left = column * chroma_px_; left < (column + 1) * chroma_px_; left += size) {
        const int cell_row = top / kCellPx, cell_column = left / kCellPx;
        const int activity = activity_class(activity_at(chroma_maps_[c], known_.chroma_before_[c], cell_row, cell_column, kResidualBlockPx * kCellPx / chroma_px_));
        const size_t at = static_cast<size_t>(top) * stride + left;
        Unit& unit = at_work.units[0][0];
        choose_unit(chroma_[c][t].data_ptr<float>() + at, stride, size, kKinds - 1, activity, kChromaWeight, unit);
        keep_unit(unit, plane + at, stride, size, kKinds - 1, activity, at_work.counts);
        add_to_map(chroma_maps_[c], cell_row, cell_column, size, unit.num_nonzero);
      }
    }
  }

  ResidualChooser& known_;
  const Table<float> price_;
  const MotionField& motion_;
  const int width_, chroma_px_;
  std::array<torch::Tensor, kNumTransforms> luma_;                   // coefficients in steps, by transform
  std::array<std::array<torch::Tensor, kNumTransforms>, 2> chroma_;  // by plane and transform; of 8x8 blocks only kChromaTransform
  Residual result_;
  NonzeroMap luma_map_;
  std::array<NonzeroMap, 2> chroma_maps_;
};

Residual ResidualChooser::choose(const FramePlanes& now, const FramePlanes& reference, const MotionField& motion, double step) {
  Residual result = Frame(*this, now, reference, motion, step).run();
  forget();
  return result;
}

// Older frames count less and less.
void ResidualChooser::forget() {
  const auto fade = [](auto& counts, float least) {
    for (float& n : counts) n = std::max(least, n * 0.9f);
  };
  for (auto& kind : counts_.symbols) {
    for (auto& frequency : kind) {
      for (auto& counts : frequency) fade(counts, 0.02f);
    }
  }
  for (auto& kind : counts_.units) {
    for (auto& counts : kind) fade(counts, 0.1f);
  }
  for (auto& counts : counts_.blocks) fade(counts, 0.1f);
  fade(counts_.transforms, 0.5f);
}

}  // namespace laconic::models
