// Superblocks, latents and pixels of one picture (FORMAT.md 5): who lies where, in one place for encoder and decoder.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/base/checked.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

constexpr int kLatentPx = 16;           // pixels on a side of one latent
constexpr int kSuperblockLatents = 32;  // latents on a side of a whole superblock
constexpr int kSuperblockPx = kLatentPx * kSuperblockLatents;
constexpr int kHyperLatentStride = 4;  // latents on a side of one hyper-latent
constexpr uint64_t kMaxFormatDimensionPx = (1ull << 31) - 1;

// A rectangle of latents in the picture's latent grid.
struct LatentRect {
  int row = 0;
  int column = 0;
  int height = 0;
  int width = 0;

  int hyper_height() const { return static_cast<int>(ceil_div(height, kHyperLatentStride)); }
  int hyper_width() const { return static_cast<int>(ceil_div(width, kHyperLatentStride)); }
};

class SuperblockGrid {
 public:
  SuperblockGrid() = default;  // of no picture: 0 superblocks

  static Result<SuperblockGrid> create(uint64_t width_px, uint64_t height_px) {
    if (width_px < 1 || height_px < 1 || width_px > kMaxFormatDimensionPx || height_px > kMaxFormatDimensionPx) {
      return invalid_argument("picture of " + std::to_string(width_px) + " x " + std::to_string(height_px) +
                              " pixels; each side must be 1.." + std::to_string(kMaxFormatDimensionPx));
    }
    return SuperblockGrid(static_cast<int>(width_px), static_cast<int>(height_px));
  }

  int width_px() const { return width_px_; }
  int height_px() const { return height_px_; }

  // Of the whole picture; the last column and row may reach beyond it by up to 15 pixels.
  int latent_columns() const { return static_cast<int>(ceil_div(width_px_, kLatentPx)); }
  int latent_rows() const { return static_cast<int>(ceil_div(height_px_, kLatentPx)); }

  int num_columns() const { return static_cast<int>(ceil_div(width_px_, kSuperblockPx)); }
  int num_rows() const { return static_cast<int>(ceil_div(height_px_, kSuperblockPx)); }
  int64_t num_superblocks() const { return static_cast<int64_t>(num_rows()) * num_columns(); }

  // index: 0..num_superblocks()-1, raster order.
  LatentRect latents_of(int64_t index) const {
    LatentRect rect;
    rect.row = static_cast<int>(index / num_columns()) * kSuperblockLatents;
    rect.column = static_cast<int>(index % num_columns()) * kSuperblockLatents;
    rect.height = std::min(kSuperblockLatents, latent_rows() - rect.row);
    rect.width = std::min(kSuperblockLatents, latent_columns() - rect.column);
    return rect;
  }

  // The superblock's pixels inside the picture.
  Rect pixels_of(int64_t index) const {
    Rect rect;
    rect.x = static_cast<int>(index % num_columns()) * kSuperblockPx;
    rect.y = static_cast<int>(index / num_columns()) * kSuperblockPx;
    rect.width = std::min(kSuperblockPx, width_px_ - rect.x);
    rect.height = std::min(kSuperblockPx, height_px_ - rect.y);
    return rect;
  }

  bool contains(const Rect& region) const {
    return region.x >= 0 && region.y >= 0 && region.width >= 1 && region.height >= 1 && region.x < width_px_ &&
           region.y < height_px_ && region.width <= width_px_ - region.x && region.height <= height_px_ - region.y;
  }

  // Indexes of the superblocks with a pixel in the region, ascending. The region lies inside the picture (contains()).
  std::vector<int64_t> superblocks_under(const Rect& region) const {
    std::vector<int64_t> indexes;
    if (!contains(region)) return indexes;
    const int last_row = (region.y + region.height - 1) / kSuperblockPx;
    const int last_column = (region.x + region.width - 1) / kSuperblockPx;
    for (int row = region.y / kSuperblockPx; row <= last_row; ++row) {
      for (int column = region.x / kSuperblockPx; column <= last_column; ++column) {
        indexes.push_back(static_cast<int64_t>(row) * num_columns() + column);
      }
    }
    return indexes;
  }

 private:
  SuperblockGrid(int width_px, int height_px) : width_px_(width_px), height_px_(height_px) {}

  int width_px_ = 0;
  int height_px_ = 0;
};

}  // namespace laconic
