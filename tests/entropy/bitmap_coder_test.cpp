#include "entropy/bitmap_coder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "codec/base/crc32.h"
#include "tests/entropy/test_seed.h"

namespace laconic {
namespace {

using Bitmap = std::vector<uint8_t>;

Bitmap disc(int width, int height) {
  Bitmap bitmap;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int dx = 2 * x - width, dy = 2 * y - height;
      bitmap.push_back(dx * dx + dy * dy < std::min(width, height) * std::min(width, height));
    }
  }
  return bitmap;
}

size_t round_trip(const Bitmap& bitmap, int width, int height) {
  const Result<Bytes> section = encode_bitmap(bitmap, width, height);
  EXPECT_TRUE(section.ok()) << section.status().message();
  const Result<Bitmap> decoded = decode_bitmap(*section, width, height);
  EXPECT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(*decoded, bitmap) << width << "x" << height;
  return section->size();
}

TEST(BitmapCoder, BringsBackRandomBitmapsOfAllSmallSizes) {
  std::mt19937_64 random(testing::test_seed());
  for (int width = 1; width <= 12; ++width) {
    for (int height = 1; height <= 12; ++height) {
      Bitmap bitmap(static_cast<size_t>(width * height));
      for (uint8_t& pixel : bitmap) pixel = random() % 2;
      round_trip(bitmap, width, height);
    }
  }
}

TEST(BitmapCoder, BringsBackShapes) {
  for (const auto& [width, height] : {std::pair(1, 4000), std::pair(4000, 1), std::pair(511, 513)}) {
    round_trip(disc(width, height), width, height);
  }
  const size_t size_bytes = round_trip(disc(512, 512), 512, 512);
  std::printf("disc of 512x512: %zu bytes\n", size_bytes);
  EXPECT_LT(size_bytes, 400u);
}

TEST(BitmapCoder, SpendsAFewBytesOnBitmapsOfOneValue) {
  for (const int side : {1, 100, 10000}) {
    for (const uint8_t value : {0, 1}) {
      const size_t size_bytes = round_trip(Bitmap(static_cast<size_t>(side) * side, value), side, side);
      std::printf("%dx%d of %d: %zu bytes\n", side, side, value, size_bytes);
      EXPECT_LE(size_bytes, 16u);
    }
  }
}

TEST(BitmapCoder, DoesNotBlowUpNoise) {
  std::mt19937_64 random(testing::test_seed());
  Bitmap bitmap(300 * 300);
  for (uint8_t& pixel : bitmap) pixel = random() % 2;
  EXPECT_LT(round_trip(bitmap, 300, 300), 300u * 300 / 8 * 112 / 100);
}

TEST(BitmapCoder, WritesTheStoredBytes) {
  // If this fails the bitstream has changed: no older file would decode.
  const Bytes expected = {0x78, 0x56, 0x78, 0xF7, 0x5A, 0x7D, 0xB6, 0x57, 0x73,
                          0x03, 0xBB, 0x68, 0x8D, 0x7B, 0x58, 0xC4, 0x84};
  EXPECT_EQ(*encode_bitmap(disc(24, 20), 24, 20), expected);
  EXPECT_EQ(crc32(*encode_bitmap(disc(300, 200), 300, 200)), 2936325248u);
}

TEST(BitmapCoder, RefusesWrongLengthsAndValues) {
  const Bitmap six(6, 1);
  EXPECT_TRUE(encode_bitmap(six, 3, 2).ok());
  EXPECT_EQ(encode_bitmap(six, 3, 3).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_bitmap(six, 0, 0).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_bitmap(six, -3, -2).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_bitmap(Bitmap{0, 1, 2}, 3, 1).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(decode_bitmap(Bytes{1}, 0, 5).status().code(), StatusCode::kInvalidArgument);
}

TEST(DecodeBitmap, RefusesSectionsCutAtAnyByte) {
  const Bytes section = *encode_bitmap(disc(64, 64), 64, 64);
  for (size_t size = 0; size < section.size(); ++size) {
    const StatusCode code = decode_bitmap(ByteSpan(section).first(size), 64, 64).status().code();
    EXPECT_TRUE(code == StatusCode::kNeedMoreData || code == StatusCode::kCorrupt) << size;
  }
}

TEST(DecodeBitmap, RefusesNearlyAllFlippedBits) {
  const Bytes section = *encode_bitmap(disc(64, 64), 64, 64);
  size_t num_unseen = 0;
  for (size_t bit = 0; bit < 8 * section.size(); ++bit) {
    Bytes flipped = section;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    num_unseen += decode_bitmap(flipped, 64, 64).ok();
  }
  std::printf("%zu of %zu flips unseen without the seal\n", num_unseen, 8 * section.size());
  EXPECT_LE(num_unseen, 8 * section.size() / 50);
}

}  // namespace
}  // namespace laconic
