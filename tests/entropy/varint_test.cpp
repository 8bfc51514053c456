#include "entropy/varint.h"

#include <gtest/gtest.h>

#include "tests/entropy/test_seed.h"

namespace laconic {
namespace {

Bytes varint(uint64_t value) {
  Bytes bytes;
  append_varint(bytes, value);
  return bytes;
}

StatusCode code_of(const Bytes& bytes) { return ByteReader(bytes).read_varint().status().code(); }

TEST(Varint, HasTheStoredBytes) {
  EXPECT_EQ(varint(0), (Bytes{0}));
  EXPECT_EQ(varint(127), (Bytes{0x7F}));
  EXPECT_EQ(varint(128), (Bytes{0x80, 0x01}));
  EXPECT_EQ(varint(300), (Bytes{0xAC, 0x02}));
  EXPECT_EQ(varint(UINT64_MAX), (Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}));
}

TEST(Varint, ComesBackAroundEveryPowerOfTwo) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}}) {
      const uint64_t value = (uint64_t{1} << bit) + offset;
      const Bytes bytes = varint(value);
      ByteReader reader(bytes);
      const auto read = reader.read_varint();
      ASSERT_TRUE(read.ok()) << value;
      EXPECT_EQ(*read, value);
      EXPECT_EQ(reader.remaining(), 0u);
    }
  }
}

TEST(Varint, CutAtEveryByteNeedsMoreDataAndMovesNothing) {
  const Bytes bytes = varint(UINT64_MAX);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader(ByteSpan(bytes).first(size));
    EXPECT_EQ(reader.read_varint().status().code(), StatusCode::kNeedMoreData) << size;
    EXPECT_EQ(reader.position(), 0u);
  }
}

TEST(Varint, LongerThanNeededIsCorrupt) {
  EXPECT_EQ(code_of({0x80, 0x00}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({0xFF, 0x80, 0x00}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({0x00}), StatusCode::kOk);
}

TEST(Varint, Above64BitsIsCorrupt) {
  Bytes bytes(9, 0xFF);
  bytes.push_back(0x02);
  EXPECT_EQ(code_of(bytes), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(Bytes(20, 0x80)), StatusCode::kCorrupt);
}

TEST(ByteReader, ReadsLittleEndian) {
  const Bytes bytes = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10};
  ByteReader reader(bytes);
  EXPECT_EQ(*reader.read_u8(), 0x01);
  EXPECT_EQ(*reader.read_u16(), 0x0302);
  EXPECT_EQ(*reader.read_u32(), 0x07060504u);
  EXPECT_EQ(*reader.read_u64(), 0x0F0E0D0C0B0A0908u);
  EXPECT_EQ(reader.position(), 15u);
  EXPECT_EQ(reader.remaining(), 1u);
}

TEST(ByteReader, NeedsMoreDataAtEveryCutAndMovesNothing) {
  const Bytes bytes(8, 0xFF);
  for (size_t size = 0; size <= 8; ++size) {
    const ByteSpan cut = ByteSpan(bytes).first(size);
    EXPECT_EQ(ByteReader(cut).read_u8().ok(), size >= 1);
    EXPECT_EQ(ByteReader(cut).read_u16().ok(), size >= 2);
    EXPECT_EQ(ByteReader(cut).read_u32().ok(), size >= 4);
    ByteReader reader(cut);
    EXPECT_EQ(reader.read_u64().ok(), size >= 8);
    EXPECT_EQ(reader.position(), size >= 8 ? 8u : 0u);
    EXPECT_EQ(ByteReader(cut).read_u64().status().code(), size < 8 ? StatusCode::kNeedMoreData : StatusCode::kOk);
  }
}

TEST(ByteReader, GivesBytesInsideTheSpanOnly) {
  const Bytes bytes = {1, 2, 3, 4, 5};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.read_bytes(0)->size(), 0u);
  const auto three = reader.read_bytes(3);
  ASSERT_TRUE(three.ok());
  EXPECT_EQ(three->data(), bytes.data());
  EXPECT_EQ(reader.read_bytes(3).status().code(), StatusCode::kNeedMoreData);
  EXPECT_EQ(reader.read_bytes(UINT64_MAX).status().code(), StatusCode::kNeedMoreData);
  EXPECT_EQ(reader.position(), 3u);
  EXPECT_EQ((*reader.read_bytes(2))[1], 5);
}

TEST(ByteReader, ReadsRandomSequencesOfVarintsBack) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<uint64_t> values(10000);
  Bytes bytes;
  for (uint64_t& value : values) append_varint(bytes, value = random() >> random() % 64);
  ByteReader reader(bytes);
  for (const uint64_t value : values) ASSERT_EQ(*reader.read_varint(), value);
  EXPECT_EQ(reader.remaining(), 0u);
}

}  // namespace
}  // namespace laconic
