// Block motion: which part of the frame before a block of this frame is fetched from (FORMAT.md 17).
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace laconic::models {

constexpr int kMotionBlockPx = 8;      // side of the smallest block with a vector of its own
constexpr int kMotionUnitsPerPx = 4;   // vectors count quarter pixels
constexpr int kMaxMotion = 2047;       // of either component

struct MotionVector {
  int16_t x = 0, y = 0;  // quarter pixels, right and down: the block shows what the frame before has there
  bool operator==(const MotionVector& other) const { return x == other.x && y == other.y; }
  bool is_zero() const { return x == 0 && y == 0; }
};

// Vectors of all 8x8 blocks of a padded frame: an even number of rows and columns, so that each latent has 2x2 of them.
struct MotionField {
  int rows = 0, columns = 0;
  std::vector<MotionVector> vectors;  // raster order

  MotionField() = default;
  MotionField(int num_rows, int num_columns) : rows(num_rows), columns(num_columns), vectors(static_cast<size_t>(num_rows) * num_columns) {}
  MotionVector& at(int row, int column) { return vectors[static_cast<size_t>(row) * columns + column]; }
  const MotionVector& at(int row, int column) const { return vectors[static_cast<size_t>(row) * columns + column]; }
  bool is_zero() const;
};

// What the vector of a block of side 1 or 2 (small blocks) is expected to be, from vectors before it in coding order
// (FORMAT.md 17).
MotionVector predict_motion(const MotionField& field, int row, int column, int side);

// x: float32 [1, C, H, W] on any device, H and W those of the field's blocks. Each block is fetched from where its vector
// points: cubic (Catmull-Rom) between pixels, the frame's edge repeated beyond it. Not exact, and needs not be.
torch::Tensor compensate(const torch::Tensor& x, const MotionField& motion);

// Exact [1, 1, rows/2, columns/2]: how far each latent's blocks move, the largest |x| + |y| in quarter pixels, at most 255.
torch::Tensor motion_activation(const MotionField& motion);

// [1, 1, rows/2, columns/2], 1 where neither a latent's blocks nor those of its eight neighbours move, else 0.
torch::Tensor still_mask(const MotionField& motion);

}  // namespace laconic::models
