#include "apps/train/shards.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "tests/support/scratch_folder.h"

namespace laconic::train {
namespace {

namespace fs = std::filesystem;

class Shards : public test::ScratchFolder {
 protected:
  StatusCode code_of(const Bytes& bytes) const {
    write("x.shard", bytes);
    return open_shard(path("x.shard")).status().code();
  }
};

Bytes noise(uint32_t width_px, uint32_t height_px, unsigned seed) {
  std::mt19937 random(seed);
  Bytes rgb(size_t{3} * width_px * height_px);
  for (auto& sample : rgb) sample = static_cast<uint8_t>(random());
  return rgb;
}

// One picture of 2x1 pixels, written out by hand from the format's description.
Bytes smallest_shard() {
  return {'L', 'A', 'C', 'S', 'H', 'R', 'D', '1', 1, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6};
}

TEST_F(Shards, ReadsAShardWrittenByHand) {
  ASSERT_EQ(code_of(smallest_shard()), StatusCode::kOk);
  const auto pictures = open_shard(path("x.shard"));
  ASSERT_EQ(pictures->size(), 1u);
  EXPECT_EQ((*pictures)[0].width_px, 2);
  EXPECT_EQ((*pictures)[0].height_px, 1);
  EXPECT_EQ(Bytes((*pictures)[0].rgb.get(), (*pictures)[0].rgb.get() + 6), (Bytes{1, 2, 3, 4, 5, 6}));
}

TEST_F(Shards, WritesWhatTheFormatSays) {
  auto writer = ShardWriter::create(path("out"), 1 << 20);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->add(Bytes{1, 2, 3, 4, 5, 6}, 2, 1).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(read("out/00000.shard"), smallest_shard());
}

TEST_F(Shards, ReadsBackManyPicturesOverSeveralFilesInOrder) {
  auto writer = ShardWriter::create(path("out"), 5000);
  ASSERT_TRUE(writer.ok());
  for (unsigned i = 0; i < 40; ++i) ASSERT_TRUE(writer->add(noise(10 + i, 17, i), 10 + i, 17).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_GT(writer->num_shards(), 5);
  const auto pictures = open_shards(path("out"));
  ASSERT_TRUE(pictures.ok()) << pictures.status().message();
  ASSERT_EQ(pictures->size(), 40u);
  for (unsigned i = 0; i < 40; ++i) {
    const Picture& picture = (*pictures)[i];
    ASSERT_EQ(picture.width_px, 10 + i);
    const Bytes expected = noise(10 + i, 17, i);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), picture.rgb.get())) << i;
  }
  for (const auto& entry : fs::directory_iterator(path("out"))) EXPECT_EQ(entry.path().extension(), ".shard");
}

TEST_F(Shards, KeepsAPictureLargerThanAShard) {
  auto writer = ShardWriter::create(path("out"), 10);
  ASSERT_TRUE(writer.ok());
  for (unsigned i = 0; i < 3; ++i) ASSERT_TRUE(writer->add(noise(8, 8, i), 8, 8).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(writer->num_shards(), 3);
  EXPECT_EQ(open_shards(path("out"))->size(), 3u);
}

TEST_F(Shards, KeepsPixelsAliveWhileAPictureIsHeld) {
  ASSERT_EQ(code_of(smallest_shard()), StatusCode::kOk);
  Picture kept;
  {
    const auto pictures = open_shard(path("x.shard"));
    kept = (*pictures)[0];
  }
  fs::remove(path("x.shard"));
  EXPECT_EQ(kept.rgb.get()[5], 6);
}

TEST_F(Shards, ReportsNeedMoreDataWhereverTheFileIsCut) {
  const Bytes whole = smallest_shard();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(code_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), StatusCode::kNeedMoreData) << size;
  }
}

TEST_F(Shards, RefusesBadMagicAndZeroPictures) {
  for (size_t i = 0; i < 8; ++i) {
    Bytes bytes = smallest_shard();
    bytes[i] ^= 1;
    EXPECT_EQ(code_of(bytes), StatusCode::kCorrupt) << i;
  }
  Bytes none = smallest_shard();
  none[8] = 0;
  EXPECT_EQ(code_of(none), StatusCode::kCorrupt);
}

TEST_F(Shards, RefusesIndexesThatPointOutside) {
  const auto with = [](size_t at, Bytes values) {
    Bytes bytes = smallest_shard();
    std::copy(values.begin(), values.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return bytes;
  };
  EXPECT_EQ(code_of(with(8, {2})), StatusCode::kNeedMoreData);                         // two pictures
  EXPECT_EQ(code_of(with(8, {255, 255, 255, 255})), StatusCode::kNeedMoreData);        // four thousand million
  EXPECT_EQ(code_of(with(12, {27})), StatusCode::kCorrupt);                            // inside the index
  EXPECT_EQ(code_of(with(12, {29})), StatusCode::kNeedMoreData);                       // one byte too far
  EXPECT_EQ(code_of(with(12, Bytes(8, 255))), StatusCode::kNeedMoreData);              // offset 2^64 - 1
  EXPECT_EQ(code_of(with(12, {250, 255, 255, 255, 255, 255, 255, 255})), StatusCode::kNeedMoreData);  // end wraps to 0
  EXPECT_EQ(code_of(with(20, {0})), StatusCode::kCorrupt);                             // width 0
  EXPECT_EQ(code_of(with(24, {0})), StatusCode::kCorrupt);                             // height 0
  EXPECT_EQ(code_of(with(20, {3})), StatusCode::kNeedMoreData);
  EXPECT_EQ(code_of(with(20, {0, 0, 1, 0})), StatusCode::kNeedMoreData);               // 65536, the limit
  EXPECT_EQ(code_of(with(20, {1, 0, 1, 0})), StatusCode::kCorrupt);                    // 65537
}

// Whatever is accepted must lie inside the file: reading it all would crash otherwise (also under asan).
TEST_F(Shards, NeverPointsOutsideAfterAFlippedBit) {
  const Bytes whole = smallest_shard();
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    if (code_of(bytes) != StatusCode::kOk) continue;
    const auto opened = open_shard(path("x.shard"));
    for (const Picture& picture : *opened) {
      EXPECT_LE(3 * picture.width_px * picture.height_px, 6);
    }
  }
}

TEST_F(Shards, RefusesFoldersWithoutShards) {
  EXPECT_EQ(open_shards(folder_.string()).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(open_shards(path("absent")).status().code(), StatusCode::kIo);
  EXPECT_EQ(open_shard(path("absent.shard")).status().code(), StatusCode::kIo);
}

TEST_F(Shards, DoesNotMixWithShardsAlreadyThere) {
  ASSERT_EQ(code_of(smallest_shard()), StatusCode::kOk);
  EXPECT_EQ(ShardWriter::create(folder_.string(), 1 << 20).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(Shards, RefusesToAddPicturesWithoutPixels) {
  auto writer = ShardWriter::create(path("out"), 1 << 20);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer->add({}, 0, 5).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(writer->add({}, 5, kMaxShardSidePx + 1).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(writer->finish().ok());
  EXPECT_EQ(writer->num_shards(), 0);
}

}  // namespace
}  // namespace laconic::train
