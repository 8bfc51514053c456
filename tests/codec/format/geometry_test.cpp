#include "codec/format/geometry.h"

#include <gtest/gtest.h>

#include <vector>

namespace laconic {
namespace {

SuperblockGrid grid_of(uint64_t width_px, uint64_t height_px) {
  const auto grid = SuperblockGrid::create(width_px, height_px);
  EXPECT_TRUE(grid.ok());
  return *grid;
}

TEST(SuperblockGrid, OfOnePixelIsOneLatent) {
  const SuperblockGrid grid = grid_of(1, 1);
  EXPECT_EQ(grid.num_superblocks(), 1);
  const LatentRect latents = grid.latents_of(0);
  EXPECT_EQ(latents.width, 1);
  EXPECT_EQ(latents.height, 1);
  EXPECT_EQ(latents.hyper_width(), 1);
  EXPECT_EQ(latents.hyper_height(), 1);
}

TEST(SuperblockGrid, OfAWholeSuperblockHas32LatentsAnd8HyperLatents) {
  const SuperblockGrid grid = grid_of(512, 512);
  EXPECT_EQ(grid.num_superblocks(), 1);
  EXPECT_EQ(grid.latents_of(0).width, 32);
  EXPECT_EQ(grid.latents_of(0).hyper_height(), 8);
}

TEST(SuperblockGrid, OnePixelMoreOpensANewSuperblock) {
  const SuperblockGrid grid = grid_of(513, 511);
  EXPECT_EQ(grid.num_columns(), 2);
  EXPECT_EQ(grid.num_rows(), 1);
  EXPECT_EQ(grid.latents_of(1).column, 32);
  EXPECT_EQ(grid.latents_of(1).width, 1);
  EXPECT_EQ(grid.latents_of(1).height, 32);
  EXPECT_EQ(grid.pixels_of(1).width, 1);
  EXPECT_EQ(grid.pixels_of(1).height, 511);
}

// Every latent and every pixel belongs to exactly one superblock, in raster order.
TEST(SuperblockGrid, TilesThePicture) {
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{1, 4000}, {17, 33}, {511, 513}, {4001, 3001}}) {
    const SuperblockGrid grid = grid_of(width, height);
    std::vector<int> covers(static_cast<size_t>(grid.latent_rows()) * grid.latent_columns());
    int64_t num_pixels = 0;
    for (int64_t i = 0; i < grid.num_superblocks(); ++i) {
      const LatentRect latents = grid.latents_of(i);
      const Rect pixels = grid.pixels_of(i);
      EXPECT_EQ(pixels.x, latents.column * kLatentPx);
      EXPECT_EQ(pixels.y, latents.row * kLatentPx);
      EXPECT_EQ(ceil_div(pixels.width, kLatentPx), latents.width);
      EXPECT_EQ(ceil_div(pixels.height, kLatentPx), latents.height);
      num_pixels += static_cast<int64_t>(pixels.width) * pixels.height;
      for (int row = latents.row; row < latents.row + latents.height; ++row) {
        for (int column = latents.column; column < latents.column + latents.width; ++column) {
          ++covers[static_cast<size_t>(row) * grid.latent_columns() + column];
        }
      }
    }
    EXPECT_EQ(num_pixels, static_cast<int64_t>(width) * height);
    for (const int count : covers) EXPECT_EQ(count, 1);
  }
}

TEST(SuperblockGrid, FindsTheSuperblocksUnderARegion) {
  const SuperblockGrid grid = grid_of(1600, 1100);  // 4 x 3
  EXPECT_EQ(grid.superblocks_under({0, 0, 1, 1}), (std::vector<int64_t>{0}));
  EXPECT_EQ(grid.superblocks_under({511, 511, 2, 2}), (std::vector<int64_t>{0, 1, 4, 5}));
  EXPECT_EQ(grid.superblocks_under({1599, 1099, 1, 1}), (std::vector<int64_t>{11}));
  EXPECT_EQ(grid.superblocks_under({0, 0, 1600, 1100}).size(), 12u);
}

TEST(SuperblockGrid, KnowsWhatLiesOutside) {
  const SuperblockGrid grid = grid_of(100, 50);
  EXPECT_TRUE(grid.contains({0, 0, 100, 50}));
  EXPECT_TRUE(grid.contains({99, 49, 1, 1}));
  for (const Rect& region : {Rect{0, 0, 101, 50}, Rect{1, 0, 100, 50}, Rect{-1, 0, 5, 5}, Rect{0, 0, 0, 5},
                             Rect{100, 0, 1, 1}, Rect{5, 5, 2147483647, 1}, Rect{2147483647, 0, 1, 1}}) {
    EXPECT_FALSE(grid.contains(region)) << region.x << "," << region.y << "," << region.width << "," << region.height;
    EXPECT_TRUE(grid.superblocks_under(region).empty());
  }
}

TEST(SuperblockGrid, CountsTheLargestPictureWithoutOverflow) {
  const SuperblockGrid grid = grid_of(kMaxFormatDimensionPx, kMaxFormatDimensionPx);
  EXPECT_EQ(grid.num_superblocks(), int64_t{1} << 44);
  EXPECT_EQ(grid.latent_columns(), 1 << 27);
  const LatentRect last = grid.latents_of(grid.num_superblocks() - 1);
  EXPECT_EQ(last.row + last.height, 1 << 27);
}

TEST(SuperblockGrid, RefusesDimensionsOutsideTheFormat) {
  EXPECT_EQ(SuperblockGrid::create(0, 1).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SuperblockGrid::create(1, 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(SuperblockGrid::create(kMaxFormatDimensionPx + 1, 1).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace laconic
