#include "codec/video/motion_coder.h"

#include <gtest/gtest.h>

#include <random>

namespace laconic {
namespace {

using models::MotionField;
using models::MotionVector;

MotionField random_field(int rows, int columns, uint32_t seed, int reach) {
  std::mt19937 random(seed);
  MotionField field(rows, columns);
  for (int row = 0; row < rows; row += 2) {
    for (int column = 0; column < columns; column += 2) {
      const bool splits = random() % 3 == 0;
      MotionVector vector;
      for (int i = 0; i < 4; ++i) {
        if (i == 0 || splits) vector = {static_cast<int16_t>(static_cast<int>(random() % (2 * reach + 1)) - reach), static_cast<int16_t>(static_cast<int>(random() % (2 * reach + 1)) - reach)};
        field.at(row + i / 2, column + i % 2) = vector;
      }
    }
  }
  return field;
}

TEST(MotionCoder, BringsBackAnyField) {
  for (const int reach : {0, 1, 3, 40, models::kMaxMotion}) {
    for (uint32_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(testing::Message() << "reach " << reach << " seed " << seed);
      const MotionField field = random_field(2 + 2 * static_cast<int>(seed), 6, seed, reach);
      const auto bytes = encode_motion(field);
      ASSERT_TRUE(bytes.ok()) << bytes.status().message();
      const auto found = decode_motion(*bytes, field.rows, field.columns);
      ASSERT_TRUE(found.ok()) << found.status().message();
      EXPECT_TRUE(found->vectors == field.vectors);
    }
  }
}

TEST(MotionCoder, TakesAFewBytesForAFrameThatStandsStillOrMovesAsAWhole) {
  MotionField field(90, 160);
  EXPECT_LT(encode_motion(field)->size(), 12u);
  for (MotionVector& vector : field.vectors) vector = {-13, 7};
  EXPECT_LT(encode_motion(field)->size(), 24u);
}

TEST(MotionCoder, RefusesVectorsThatAreTooLong) {
  MotionField field(2, 2);
  field.at(0, 0) = {models::kMaxMotion + 1, 0};
  EXPECT_EQ(encode_motion(field).status().code(), StatusCode::kInvalidArgument);
}

TEST(MotionCoder, EveryCutAndEveryBitFlipIsRefusedOrGivesVectorsInRange) {
  const MotionField field = random_field(8, 8, 3, 60);
  const Bytes bytes = *encode_motion(field);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto found = decode_motion(ByteSpan(bytes).first(size), 8, 8);
    EXPECT_TRUE(found.ok() || found.status().code() == StatusCode::kCorrupt);
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    const auto found = decode_motion(damaged, 8, 8);
    if (!found.ok()) {
      EXPECT_EQ(found.status().code(), StatusCode::kCorrupt);
      continue;
    }
    for (const MotionVector& v : found->vectors) EXPECT_LE(std::max(std::abs(v.x), std::abs(v.y)), models::kMaxMotion);
  }
}

}  // namespace
}  // namespace laconic
