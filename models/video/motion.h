// Block motion: which part of the frame before a block of this frame is fetched from (FORMAT.md 17).
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <vector>

namespace laconic::models {

constexpr int kMotionBlockPx = 8;      // side of the smallest block with a vector of its own
constexpr int kMotionUnitsPerPx = 4;   // vectors count quarter pixels
constexpr int kMaxMotion = 2047;       // of either component

// Luma at a vector's fraction, by quarters: what the samples from three before to four after weigh, in 64ths. HEVC's (ITU-T H.265, 8.5.3.3.3), for
// the DCT's interpolation of eight samples; FORMAT.md 18.
constexpr int kLumaTaps = 8;
constexpr int16_t kLumaWeights[kMotionUnitsPerPx][kLumaTaps] = {
    {0, 0, 0, 64, 0, 0, 0, 0}, {-1, 4, -10, 58, 17, -5, 1, 0}, {-1, 4, -11, 40, 40, -11, 4, -1}, {0, 1, -5, 17, 58, -10, 4, -1}};

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

// Vectors near a block that it may have as well, in the order the coder asks for them: left, above, above right (or above left, as in
// predict_motion()), and that of the frame before at the same place. before: of the frame before, of the same size.
constexpr int kNumMotionCandidates = 4;
std::array<MotionVector, kNumMotionCandidates> motion_candidates(const MotionField& field, const MotionField& before, int row, int column, int side);

// x: float32 [1, C, H, W] on the CPU; a plane of the field's frame, whole or of half its height and width. Each block is fetched
// from where its vector points: between samples by eight of them, or four (Catmull-Rom) in planes of half the size; the plane's edge repeated beyond
// it. Not exact, and needs not be.
torch::Tensor compensate(const torch::Tensor& x, const MotionField& motion);

}  // namespace laconic::models
