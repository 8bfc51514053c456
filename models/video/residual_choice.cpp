#include "models/video/residual_choice.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace laconic::models {
namespace {

constexpr int kCellPx = 8;

// In squared steps (reference encoders of H.264: 0.136).
constexpr double kLambda = 0.1;
// An error of chroma: each of its planes has an eighth of the weight that luma's has in the PSNR of films, but far less to code.
constexpr double kChromaWeight = 2;

int activity_class(int nonzero) { return nonzero == 0 ? 0 : nonzero <= 2 ? 1 : nonzero <= 6 ? 2 : nonzero <= 16 ? 3 : 4; }

int frequency_class(int size, int i, int j) {
  const int sum = i + j;
  return std::min(15, size == 16 ? sum / 2 : size == 8 ? sum : 2 * sum);
}

double bits_beyond(int magnitude) { return magnitude < 3 ? 0 : 1 + 2 * std::log2(magnitude - 2); }

}  // namespace

struct ResidualChooser::Prices {
  std::array<std::array<std::array<std::array<float, kSizes>, kActivities>, kFrequencies>, kKinds> symbols;
  std::array<std::array<std::array<float, 2>, kActivities>, kKinds> units;
  std::array<std::array<float, 2>, kActivities> blocks;
  std::array<float, kNumTransforms> transforms;
};

// One DCT block and what was chosen for it.
struct ResidualChooser::Unit {
  std::array<int16_t, 256> symbols;
  double cost = 0;       // error + lambda bits
  double zero_cost = 0;  // the same if it is zero
  int num_nonzero = 0;
};

ResidualChooser::ResidualChooser() {
  for (auto& kind : symbols_) {
    for (int f = 0; f < kFrequencies; ++f) {
      for (int a = 0; a < kActivities; ++a) {
        const float nonzero = (0.25f + 0.1f * static_cast<float>(a)) / (1 + static_cast<float>(f) / 3);
        kind[f][a] = {8 * (1 - nonzero), 6 * nonzero, 1.4f * nonzero, 0.6f * nonzero};
      }
    }
  }
  for (int a = 0; a < kActivities; ++a) {
    const float coded = 0.08f + 0.2f * static_cast<float>(a);
    blocks_[a] = {8 * (1 - coded), 8 * coded};
    for (auto& kind : units_) kind[a] = {8 * (1 - coded) + 1, 8 * coded + 1};
  }
  transforms_ = {4, 8, 2};
}

ResidualChooser::Prices ResidualChooser::prices() const {
  const auto fill = [](const auto& counts, auto& bits) {
    float sum = 0;
    for (const float n : counts) sum += n;
    for (size_t i = 0; i < counts.size(); ++i) bits[i] = std::log2(sum / counts[i]);
  };
  Prices p;
  for (int k = 0; k < kKinds; ++k) {
    for (int a = 0; a < kActivities; ++a) {
      fill(units_[k][a], p.units[k][a]);
      for (int f = 0; f < kFrequencies; ++f) {
        fill(symbols_[k][f][a], p.symbols[k][f][a]);
        for (int size = 1; size < kSizes; ++size) p.symbols[k][f][a][size] += 1;  // the sign
      }
    }
  }
  for (int a = 0; a < kActivities; ++a) fill(blocks_[a], p.blocks[a]);
  fill(transforms_, p.transforms);
  return p;
}

Residual ResidualChooser::choose(const FramePlanes& now, const FramePlanes& reference, const MotionField& motion, double step) {
  const int height = static_cast<int>(now.luma.size(2)), width = static_cast<int>(now.luma.size(3));
  const int rows = height / kResidualBlockPx, columns = width / kResidualBlockPx;
  const int chroma_px = now.chroma.size(2) == height ? kResidualBlockPx : kResidualBlockPx / 2, chroma_width = columns * chroma_px;
  Residual result(rows, columns, chroma_px);
  const torch::Tensor luma = (now.luma - reference.luma)[0][0] / step, chroma = (now.chroma - reference.chroma)[0] / step;
  std::array<torch::Tensor, kNumTransforms> luma_coefficients;
  for (int t = 0; t < kNumTransforms; ++t) luma_coefficients[t] = transform_plane(luma, static_cast<Transform>(t)).contiguous();
  // [plane][transform]; of 4:2:0 only the DCT of 8x8.
  std::array<std::array<torch::Tensor, kNumTransforms>, 2> chroma_coefficients;
  for (int c = 0; c < 2; ++c) {
    for (int t = 0; t < kNumTransforms; ++t) {
      if (chroma_px == kResidualBlockPx || t == 1) chroma_coefficients[c][t] = transform_plane(chroma[c], static_cast<Transform>(t)).contiguous();
    }
  }
  const Prices price = prices();
  NonzeroMap luma_map(height / kCellPx, width / kCellPx);
  std::array<NonzeroMap, 2> chroma_maps = {NonzeroMap(rows * chroma_px / kCellPx, columns * chroma_px / kCellPx), NonzeroMap(rows * chroma_px / kCellPx, columns * chroma_px / kCellPx)};
  if (luma_before_.rows() == 0) {
    luma_before_ = luma_map;
    chroma_before_ = chroma_maps;
  }

  const auto choose_unit = [&](const float* from, int stride, int size, int kind, int activity, double weight, Unit& unit) {
    const auto& bits = price.symbols[kind];
    unit.cost = kLambda * price.units[kind][activity][1];
    unit.zero_cost = kLambda * price.units[kind][activity][0];
    unit.num_nonzero = 0;
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j < size; ++j) {
        const double value = from[i * stride + j], magnitude = std::abs(value);
        const auto& b = bits[frequency_class(size, i, j)][activity];
        double best = weight * magnitude * magnitude + kLambda * b[0];
        unit.zero_cost += weight * magnitude * magnitude;
        int chosen = 0;
        if (magnitude > 0.5) {
          const int nearest = static_cast<int>(std::min(30000.0, magnitude + 0.5));
          for (int m = nearest; m >= std::max(1, nearest - 1); --m) {
            const double error = magnitude - m, cost = weight * error * error + kLambda * (b[std::min(m, kSizes - 1)] + bits_beyond(m));
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
  };
  const auto keep_unit = [&](const Unit& unit, int16_t* to, int stride, int size, int kind, int activity) {
    units_[kind][activity][unit.num_nonzero > 0] += 1;
    if (unit.num_nonzero == 0) return;
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j < size; ++j) {
        const int16_t symbol = unit.symbols[i * size + j];
        to[i * stride + j] = symbol;
        symbols_[kind][frequency_class(size, i, j)][activity][std::min(std::abs(int{symbol}), kSizes - 1)] += 1;
      }
    }
  };

  std::array<std::vector<Unit>, kNumTransforms> units;
  for (int t = 0; t < kNumTransforms; ++t) units[t].resize(static_cast<size_t>(1) << (2 * t));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const size_t block = static_cast<size_t>(row) * columns + column;
      // By cell of 8x8; the cells of a block are chosen together, so a neighbour inside it tells nothing yet.
      const auto activity_at = [&](const NonzeroMap& map, const NonzeroMap& before, int r, int c, int cell_px) {
        const MotionVector& v = motion.at(r * cell_px / kMotionBlockPx, c * cell_px / kMotionBlockPx);
        return map.at(r - 1, c) + map.at(r, c - 1) + before.at(r + cells_moved(v.y, cell_px), c + cells_moved(v.x, cell_px));
      };
      int cell_activities[4], block_sum = 0;
      for (int k = 0; k < 4; ++k) {
        const int sum = activity_at(luma_map, luma_before_, 2 * row + k / 2, 2 * column + k % 2, kCellPx);
        cell_activities[k] = activity_class(sum);
        block_sum += sum;
      }
      const int block_activity = activity_class((block_sum + 3) / 4);
      double best = 0, zero = 0;
      int chosen = -1;
      for (int t = 0; t < kNumTransforms; ++t) {
        const int size = 16 >> t;
        double cost = kLambda * (price.blocks[block_activity][1] + price.transforms[t]);
        bool is_zero = true;
        zero = kLambda * price.blocks[block_activity][0];
        for (int u = 0; u < 1 << (2 * t); ++u) {
          const int top = (u >> t) * size, left = (u & ((1 << t) - 1)) * size, cell = t == 0 ? 0 : (top / kCellPx) * 2 + left / kCellPx;
          const int activity = t == 0 ? block_activity : cell_activities[cell];
          const float* from = luma_coefficients[t].data_ptr<float>() + static_cast<int64_t>(row * 16 + top) * width + column * 16 + left;
          Unit& unit = units[t][u];
          choose_unit(from, width, size, t, activity, 1, unit);
          cost += unit.cost;
          zero += unit.zero_cost - kLambda * price.units[t][activity][0];
          is_zero = is_zero && unit.num_nonzero == 0;
        }
        if (is_zero || cost >= zero || (chosen >= 0 && cost >= best)) continue;
        best = cost;
        chosen = t;
      }
      blocks_[block_activity][chosen >= 0] += 1;
      if (chosen >= 0) {
        transforms_[chosen] += 1;
        result.transforms[block] = static_cast<Transform>(chosen);
        const int t = chosen, size = 16 >> t;
        for (int u = 0; u < 1 << (2 * t); ++u) {
          const int top = (u >> t) * size, left = (u & ((1 << t) - 1)) * size, cell = t == 0 ? 0 : (top / kCellPx) * 2 + left / kCellPx;
          keep_unit(units[t][u], result.luma.data() + static_cast<size_t>(row * 16 + top) * width + column * 16 + left, width, size, t,
                    t == 0 ? block_activity : cell_activities[cell]);
          const int n = units[t][u].num_nonzero;
          for (int k = 0; k < 4; ++k) {
            if (t == 0) luma_map.add(2 * row + k / 2, 2 * column + k % 2, (n + 3) / 4);
            else if (k == cell) luma_map.add(2 * row + k / 2, 2 * column + k % 2, n);
          }
        }
      }
      // Chroma, with luma's transform where it is as large.
      const int t = chroma_px == kResidualBlockPx ? static_cast<int>(result.transforms[block]) : 1, size = 16 >> t;
      for (int c = 0; c < 2; ++c) {
        for (int top = 0; top < chroma_px; top += size) {
          for (int left = 0; left < chroma_px; left += size) {
            const int cell_row = (row * chroma_px + top) / kCellPx, cell_column = (column * chroma_px + left) / kCellPx;
            const int activity = activity_class(activity_at(chroma_maps[c], chroma_before_[c], cell_row, cell_column, kResidualBlockPx * kCellPx / chroma_px));
            Unit& unit = units[0][0];
            const size_t at = static_cast<size_t>(row * chroma_px + top) * chroma_width + column * chroma_px + left;
            choose_unit(chroma_coefficients[c][t].data_ptr<float>() + at, chroma_width, size, kKinds - 1, activity, kChromaWeight, unit);
            keep_unit(unit, result.chroma.data() + static_cast<size_t>(c) * rows * chroma_px * chroma_width + at, chroma_width, size, kKinds - 1, activity);
            if (size < 16) {
              chroma_maps[c].add(cell_row, cell_column, unit.num_nonzero);
            } else {
              for (int k = 0; k < 4; ++k) chroma_maps[c].add(cell_row + k / 2, cell_column + k % 2, (unit.num_nonzero + 3) / 4);
            }
          }
        }
      }
    }
  }
  luma_before_ = std::move(luma_map);
  chroma_before_ = std::move(chroma_maps);
  // Older frames count less and less.
  for (auto& kind : symbols_) for (auto& f : kind) for (auto& counts : f) for (float& n : counts) n = std::max(0.02f, n * 0.9f);
  for (auto& kind : units_) for (auto& counts : kind) for (float& n : counts) n = std::max(0.1f, n * 0.9f);
  for (auto& counts : blocks_) for (float& n : counts) n = std::max(0.1f, n * 0.9f);
  for (float& n : transforms_) n = std::max(0.5f, n * 0.9f);
  return result;
}

}  // namespace laconic::models
