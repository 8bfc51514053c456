// Pictures of any size in bounded memory: the transforms run over tiles of whole superblocks with a halo as wide as the
// networks see, so that tiles and whole pictures give the same up to rounding.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <vector>

#include "codec/format/geometry.h"

namespace laconic {

// Superblocks in a tile: 4096 x 1024 pixels, about 300 MB while a network runs.
constexpr int kTileColumns = 8;
constexpr int kTileRows = 2;

// Superblocks [first_row, last_row) x [first_column, last_column).
struct Tile {
  int first_row, last_row, first_column, last_column;

  LatentRect latents(const SuperblockGrid& grid) const {
    LatentRect rect;
    rect.row = first_row * kSuperblockLatents;
    rect.column = first_column * kSuperblockLatents;
    rect.height = std::min(last_row * kSuperblockLatents, grid.latent_rows()) - rect.row;
    rect.width = std::min(last_column * kSuperblockLatents, grid.latent_columns()) - rect.column;
    return rect;
  }
};

// The rectangle grown by `halo` latents to each side, within the grid.
inline LatentRect grow(const LatentRect& rect, int halo, const SuperblockGrid& grid) {
  LatentRect grown;
  grown.row = std::max(0, rect.row - halo);
  grown.column = std::max(0, rect.column - halo);
  grown.height = std::min(grid.latent_rows(), rect.row + rect.height + halo) - grown.row;
  grown.width = std::min(grid.latent_columns(), rect.column + rect.width + halo) - grown.column;
  return grown;
}

// Tiles that cover superblocks [first_row, last_row) x [first_column, last_column), in raster order.
inline std::vector<Tile> tiles_over(int first_row, int last_row, int first_column, int last_column) {
  std::vector<Tile> tiles;
  for (int row = first_row; row < last_row; row += kTileRows) {
    for (int column = first_column; column < last_column; column += kTileColumns) {
      tiles.push_back({row, std::min(row + kTileRows, last_row), column, std::min(column + kTileColumns, last_column)});
    }
  }
  return tiles;
}

// Superblocks of one shape that go through the entropy networks together.
struct SuperblockBatch {
  int height = 0, width = 0;  // latents
  std::vector<int64_t> indexes;
};
constexpr size_t kMaxBatch = 4;

// Sorts superblocks by shape into batches of at most max_size.
inline std::vector<SuperblockBatch> batches_of(const std::vector<int64_t>& indexes, const SuperblockGrid& grid, size_t max_size = kMaxBatch) {
  std::vector<SuperblockBatch> batches;
  for (const int64_t index : indexes) {
    const LatentRect rect = grid.latents_of(index);
    const auto open = std::find_if(batches.begin(), batches.end(), [&](const SuperblockBatch& batch) {
      return batch.height == rect.height && batch.width == rect.width && batch.indexes.size() < max_size;
    });
    if (open != batches.end()) open->indexes.push_back(index);
    else batches.push_back({rect.height, rect.width, {index}});
  }
  return batches;
}

// Part of a tensor [1, C, H, W] that covers the latents `whole`.
inline torch::Tensor part_of(const torch::Tensor& x, const LatentRect& whole, const LatentRect& part, int scale = 1) {
  return x.slice(2, (part.row - whole.row) * scale, (part.row - whole.row + part.height) * scale)
      .slice(3, (part.column - whole.column) * scale, (part.column - whole.column + part.width) * scale);
}

}  // namespace laconic
