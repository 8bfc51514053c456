#include "apps/train/sound_shards.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "apps/train/shards.h"
#include "tests/support/scratch_folder.h"

namespace laconic::train {
namespace {

namespace fs = std::filesystem;

class SoundShards : public test::ScratchFolder {
 protected:
  StatusCode code_of(const Bytes& bytes) const {
    write("x.shard", bytes);
    return open_sound_shard(path("x.shard")).status().code();
  }
};

std::vector<int16_t> noise(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int16_t> samples(count);
  for (auto& sample : samples) sample = static_cast<int16_t>(random());
  return samples;
}

// One recording of two channels and one sample, 258 and -2, written out by hand from the format's description.
Bytes smallest_shard() {
  return {'L', 'A', 'C', 'S', 'N', 'D', '0', '1', 1, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
          1,   0,   0,   0,   0,   0,   0,   0,   2, 1, 254, 255};
}

TEST_F(SoundShards, ReadsAShardWrittenByHand) {
  ASSERT_EQ(code_of(smallest_shard()), StatusCode::kOk);
  const auto recordings = open_sound_shard(path("x.shard"));
  ASSERT_EQ(recordings->size(), 1u);
  EXPECT_EQ((*recordings)[0].num_channels, 2);
  EXPECT_EQ((*recordings)[0].num_samples, 1);
  EXPECT_EQ((*recordings)[0].samples.get()[0], 258);
  EXPECT_EQ((*recordings)[0].samples.get()[1], -2);
}

TEST_F(SoundShards, WritesWhatTheFormatSays) {
  auto writer = SoundShardWriter::create(path("out"), 1 << 20);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->add(std::vector<int16_t>{258, -2}, 2).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(read("out/00000.shard"), smallest_shard());
}

TEST_F(SoundShards, ReadsBackManyRecordingsOverSeveralFilesInOrder) {
  auto writer = SoundShardWriter::create(path("out"), 5000);
  ASSERT_TRUE(writer.ok());
  for (unsigned i = 0; i < 30; ++i) ASSERT_TRUE(writer->add(noise(200 + 2 * i, i), 1 + static_cast<int>(i % 2)).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(writer->num_recordings(), 30);
  EXPECT_GT(writer->num_shards(), 2);
  const auto recordings = open_sound_shards(path("out"));
  ASSERT_TRUE(recordings.ok()) << recordings.status().message();
  ASSERT_EQ(recordings->size(), 30u);
  for (unsigned i = 0; i < 30; ++i) {
    const Recording& recording = (*recordings)[i];
    const std::vector<int16_t> expected = noise(200 + 2 * i, i);
    ASSERT_EQ(recording.num_channels, static_cast<int>(1 + i % 2));
    ASSERT_EQ(recording.num_samples * recording.num_channels, static_cast<int64_t>(expected.size()));
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), recording.samples.get())) << i;
  }
}

TEST_F(SoundShards, KeepsSamplesAliveWhileARecordingIsHeld) {
  ASSERT_EQ(code_of(smallest_shard()), StatusCode::kOk);
  Recording kept;
  {
    const auto recordings = open_sound_shard(path("x.shard"));
    kept = (*recordings)[0];
  }
  fs::remove(path("x.shard"));
  EXPECT_EQ(kept.samples.get()[1], -2);
}

TEST_F(SoundShards, ReportsNeedMoreDataWhereverTheFileIsCut) {
  const Bytes whole = smallest_shard();
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(code_of(cut), StatusCode::kNeedMoreData) << size;
  }
}

TEST_F(SoundShards, RefusesWhatTheFormatDoesNotAllow) {
  const auto with = [](size_t at, Bytes values) {
    Bytes bytes = smallest_shard();
    std::copy(values.begin(), values.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    return bytes;
  };
  EXPECT_EQ(code_of(with(0, {'M'})), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(with(8, {0})), StatusCode::kCorrupt);                       // no recordings
  EXPECT_EQ(code_of(with(8, {255, 255, 255, 255})), StatusCode::kNeedMoreData);  // four thousand million
  EXPECT_EQ(code_of(with(12, {30})), StatusCode::kCorrupt);                     // inside the index
  EXPECT_EQ(code_of(with(12, {34})), StatusCode::kNeedMoreData);                // one sample too far
  EXPECT_EQ(code_of(with(12, {252, 255, 255, 255, 255, 255, 255, 255})), StatusCode::kNeedMoreData);  // end wraps to 0
  EXPECT_EQ(code_of(with(20, {0})), StatusCode::kCorrupt);                      // channels
  EXPECT_EQ(code_of(with(20, {3})), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(with(24, {0})), StatusCode::kCorrupt);                      // samples
  EXPECT_EQ(code_of(with(24, {2})), StatusCode::kNeedMoreData);
  EXPECT_EQ(code_of(with(24, {0, 0, 0, 128})), StatusCode::kNeedMoreData);      // 2^31, the limit
  EXPECT_EQ(code_of(with(24, {1, 0, 0, 128})), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(with(24, {0, 0, 0, 0, 0, 0, 0, 128})), StatusCode::kCorrupt);  // bytes would wrap to 0
  Bytes odd = with(12, {33});
  odd.push_back(0);
  EXPECT_EQ(code_of(odd), StatusCode::kCorrupt);
}

// Whatever is accepted must lie inside the file: reading it all would crash otherwise (also under asan).
TEST_F(SoundShards, NeverPointsOutsideAfterAFlippedBit) {
  const Bytes whole = smallest_shard();
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    if (code_of(bytes) != StatusCode::kOk) continue;
    const auto opened = open_sound_shard(path("x.shard"));
    for (const Recording& recording : *opened) {
      EXPECT_LE(recording.num_samples * recording.num_channels, 2);
    }
  }
}

TEST_F(SoundShards, AreNotTakenForPictures) {
  ASSERT_EQ(code_of(smallest_shard()), StatusCode::kOk);
  EXPECT_EQ(open_shards(folder_.string()).status().code(), StatusCode::kCorrupt);
}

TEST_F(SoundShards, RefusesFoldersWithoutShards) {
  EXPECT_EQ(open_sound_shards(folder_.string()).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(open_sound_shards(path("absent")).status().code(), StatusCode::kIo);
}

TEST_F(SoundShards, RefusesToAddWhatAShardCannotHold) {
  auto writer = SoundShardWriter::create(path("out"), 1 << 20);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer->add({}, 1).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(writer->add(noise(6, 1), 0).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(writer->add(noise(6, 1), 3).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(writer->finish().ok());
  EXPECT_EQ(writer->num_shards(), 0);
}

}  // namespace
}  // namespace laconic::train
