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

TEST(MotionCoder, BringsBackAnyFields) {
  for (const int reach : {0, 1, 3, 40, models::kMaxMotion}) {
    SCOPED_TRACE(testing::Message() << "reach " << reach);
    MotionCoder writer(8, 6), reader(8, 6);
    for (uint32_t seed = 0; seed < 5; ++seed) {
      const MotionField field = random_field(8, 6, seed, reach);
      const auto bytes = writer.encode(field);
      ASSERT_TRUE(bytes.ok()) << bytes.status().message();
      const auto found = reader.decode(*bytes);
      ASSERT_TRUE(found.ok()) << found.status().message();
      EXPECT_TRUE(found->vectors == field.vectors);
    }
  }
}

TEST(MotionCoder, TakesAFewBytesForAFrameThatStandsStillOrMovesAsAWhole) {
  MotionField field(90, 160);
  EXPECT_LT(MotionCoder(90, 160).encode(field)->size(), 16u);
  for (MotionVector& vector : field.vectors) vector = {-13, 7};
  EXPECT_LT(MotionCoder(90, 160).encode(field)->size(), 32u);
}

TEST(MotionCoder, LearnsFromTheFramesBefore) {
  MotionCoder coder(40, 60);
  const MotionField field = random_field(40, 60, 7, 20);
  const size_t first = coder.encode(field)->size();
  EXPECT_LT(coder.encode(field)->size(), first * 9 / 10);
}

TEST(MotionCoder, RefusesVectorsThatAreTooLongAndFieldsOfAnotherSize) {
  MotionField field(2, 2);
  field.at(0, 0) = {models::kMaxMotion + 1, 0};
  EXPECT_EQ(MotionCoder(2, 2).encode(field).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(MotionCoder(2, 2).encode(MotionField(2, 4)).status().code(), StatusCode::kInvalidArgument);
}

TEST(MotionCoder, EveryCutAndEveryBitFlipIsRefusedOrGivesVectorsInRange) {
  const MotionField field = random_field(8, 8, 3, 60);
  const Bytes bytes = *MotionCoder(8, 8).encode(field);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto found = MotionCoder(8, 8).decode(ByteSpan(bytes).first(size));
    EXPECT_TRUE(found.ok() || found.status().code() == StatusCode::kCorrupt);
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    const auto found = MotionCoder(8, 8).decode(damaged);
    if (!found.ok()) {
      EXPECT_EQ(found.status().code(), StatusCode::kCorrupt);
      continue;
    }
    for (const MotionVector& v : found->vectors) EXPECT_LE(std::max(std::abs(v.x), std::abs(v.y)), models::kMaxMotion);
  }
}

}  // namespace
}  // namespace laconic
