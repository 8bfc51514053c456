// What a predicted frame adds to its compensated reference: quantised coefficients of block transforms (FORMAT.md 18).
//
// Luma in blocks of 16x16 samples, each coded with one transform of Transform; chroma in blocks of 8x8, or, of 4:4:4, of 16x16 with
// luma's transform. All transforms are orthonormal: a squared error of a coefficient is one of samples.
#pragma once

#include <torch/torch.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "models/video/motion.h"

namespace laconic::models {

constexpr int kResidualBlockPx = 16;
constexpr int kCellPx = 8;  // side of the cells of a NonzeroMap

// A frame as films are coded: Y, Cb, Cr of the padded frame.
struct FramePlanes {
  torch::Tensor luma;    // float32 [1, 1, H, W], nominally 0..255, H and W multiples of 16
  torch::Tensor chroma;  // float32 [1, 2, h, w], nominally -127.5..127.5; h, w: half of H, W, or (4:4:4, 4:2:2) the same

  bool defined() const { return luma.defined(); }
};

// The side of the square blocks of the DCT that a 16x16 block is cut into.
enum class Transform : uint8_t { kDct16 = 0, kDct8 = 1, kDct4 = 2 };
constexpr int kNumTransforms = 3;
constexpr int transform_size(Transform t) { return 16 >> static_cast<int>(t); }

// Quantised coefficients, in planes like those of the frame: the coefficient of (vertical, horizontal) frequency (i, j) lies i rows below
// and j columns right of its DCT block's corner.
struct Residual {
  int rows = 0, columns = 0;       // of 16x16 blocks
  int chroma_px = 8;               // side of a block's chroma: 8 or 16
  std::vector<Transform> transforms;  // by block, raster order; kDct8 where luma is zero
  std::vector<int16_t> luma;       // [16 rows, 16 columns]
  std::vector<int16_t> chroma;     // [2, chroma_px rows, chroma_px columns]

  Residual() = default;
  Residual(int num_rows, int num_columns, int side_of_chroma)
      : rows(num_rows), columns(num_columns), chroma_px(side_of_chroma), transforms(static_cast<size_t>(num_rows) * num_columns, Transform::kDct8),
        luma(transforms.size() * kResidualBlockPx * kResidualBlockPx), chroma(transforms.size() * 2 * chroma_px * chroma_px) {}
};

// How many coefficients are not zero in each cell of 8x8 of a plane: what neighbours, and the next frame, are expected to have. The
// coefficients of a 16x16 DCT are spread evenly over its four cells.
class NonzeroMap {
 public:
  NonzeroMap() = default;
  NonzeroMap(int rows, int columns) : rows_(rows), columns_(columns), counts_(static_cast<size_t>(rows) * columns) {}

  int at(int row, int column) const {  // 0 outside
    return row < 0 || column < 0 || row >= rows_ || column >= columns_ ? 0 : counts_[static_cast<size_t>(row) * columns_ + column];
  }
  void add(int row, int column, int count) { counts_[static_cast<size_t>(row) * columns_ + column] += static_cast<int16_t>(count); }
  int rows() const { return rows_; }

 private:
  int rows_ = 0, columns_ = 0;
  std::vector<int16_t> counts_;
};

// How far from a cell lies the one that it shows of the frame before. cell_px: its side in samples of luma.
inline int cells_moved(int component, int cell_px) {
  const int unit = cell_px * kMotionUnitsPerPx, sum = component + unit / 2;
  return sum >= 0 ? sum / unit : -((-sum + unit - 1) / unit);
}

// Samples -> coefficients: float32 [H, W], both multiples of the transform's size.
torch::Tensor transform_plane(const torch::Tensor& plane, Transform transform);

// The step of all coefficients at quality steps 0..2048: 178.5 to 7.1, in samples of 0..255.
inline double residual_step(int quality_step) { return 178.5 * std::exp2(-quality_step / 441.0); }

// reference + the residual's samples.
FramePlanes add_residual(const FramePlanes& reference, const Residual& residual, double step);

}  // namespace laconic::models
