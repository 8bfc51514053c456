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

Result<Bytes> encode(MotionCoder& coder, const MotionField& field) {
  RangeEncoder encoder;
  LACONIC_RETURN_IF_ERROR(coder.encode(field, encoder));
  return encoder.finish();
}
Result<Bytes> encode(MotionCoder&& coder, const MotionField& field) { return encode(coder, field); }

Result<MotionField> decode(MotionCoder& coder, ByteSpan bytes) {
  RangeDecoder decoder(bytes);
  LACONIC_ASSIGN_OR_RETURN(MotionField field, coder.decode(decoder));
  const Status end = decoder.finish();
  return end.ok() ? Result<MotionField>(std::move(field)) : Result<MotionField>(corrupt(end.message()));
}
Result<MotionField> decode(MotionCoder&& coder, ByteSpan bytes) { return decode(coder, bytes); }

TEST(MotionCoder, BringsBackAnyFields) {
  for (const int reach : {0, 1, 3, 40, models::kMaxMotion}) {
    SCOPED_TRACE(testing::Message() << "reach " << reach);
    MotionCoder writer(8, 6), reader(8, 6);
    for (uint32_t seed = 0; seed < 5; ++seed) {
      const MotionField field = random_field(8, 6, seed, reach);
      const auto bytes = encode(writer, field);
      ASSERT_TRUE(bytes.ok()) << bytes.status().message();
      const auto found = decode(reader, *bytes);
      ASSERT_TRUE(found.ok()) << found.status().message();
      EXPECT_TRUE(found->vectors == field.vectors);
    }
  }
}

TEST(MotionCoder, TakesAFewBytesForAFrameThatStandsStillOrMovesAsAWhole) {
  MotionField field(90, 160);
  EXPECT_LT(encode(MotionCoder(90, 160), field)->size(), 16u);
  for (MotionVector& vector : field.vectors) vector = {-13, 7};
  EXPECT_LT(encode(MotionCoder(90, 160), field)->size(), 32u);
}

TEST(MotionCoder, LearnsFromTheFramesBefore) {
  MotionCoder coder(40, 60);
  const MotionField field = random_field(40, 60, 7, 20);
  const size_t first = encode(coder, field)->size();
  EXPECT_LT(encode(coder, field)->size(), first * 9 / 10);
}

TEST(MotionCoder, RefusesVectorsThatAreTooLongAndFieldsOfAnotherSize) {
  MotionField field(2, 2);
  field.at(0, 0) = {models::kMaxMotion + 1, 0};
  EXPECT_EQ(encode(MotionCoder(2, 2), field).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode(MotionCoder(2, 2), MotionField(2, 4)).status().code(), StatusCode::kInvalidArgument);
}

TEST(MotionCoder, EveryCutAndEveryBitFlipIsRefusedOrGivesVectorsInRange) {
  const MotionField field = random_field(8, 8, 3, 60);
  const Bytes bytes = *encode(MotionCoder(8, 8), field);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto found = decode(MotionCoder(8, 8), ByteSpan(bytes).first(size));
    EXPECT_TRUE(found.ok() || found.status().code() == StatusCode::kCorrupt);
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    const auto found = decode(MotionCoder(8, 8), damaged);
    if (!found.ok()) {
      EXPECT_EQ(found.status().code(), StatusCode::kCorrupt);
      continue;
    }
    for (const MotionVector& v : found->vectors) EXPECT_LE(std::max(std::abs(v.x), std::abs(v.y)), models::kMaxMotion);
  }
}

models::BiMotion random_bi_motion(uint32_t seed, const models::BiMotion& direct) {
  std::mt19937 random(seed);
  models::BiMotion motion{random_field(8, 6, seed, 40), random_field(8, 6, seed + 1, 40), direct.predictions};
  for (size_t i = 0; i < motion.predictions.size(); ++i) {
    const auto prediction = static_cast<models::Prediction>(random() % models::kNumPredictions);
    motion.predictions[i] = prediction;
    const int row = static_cast<int>(i) / 3 * 2, column = static_cast<int>(i) % 3 * 2;
    for (int k = 0; k < 4; ++k) {
      const bool is_direct = prediction == models::Prediction::kDirect;
      if (is_direct || !takes_past(prediction)) motion.past.at(row + k / 2, column + k % 2) = direct.past.at(row + k / 2, column + k % 2);
      if (is_direct || !takes_future(prediction)) motion.future.at(row + k / 2, column + k % 2) = direct.future.at(row + k / 2, column + k % 2);
    }
  }
  return motion;
}

TEST(BiMotionCoder, BringsBackPredictionsAndBothFields) {
  BiMotionCoder writer(8, 6), reader(8, 6);
  for (uint32_t seed = 0; seed < 5; ++seed) {
    const models::BiMotion direct = models::direct_motion(random_field(8, 6, seed + 7, 30), 1, 2), motion = random_bi_motion(seed, direct);
    RangeEncoder encoder;
    ASSERT_TRUE(writer.encode(motion, direct, encoder).ok());
    const Bytes bytes = encoder.finish();
    RangeDecoder decoder(bytes);
    const auto found = reader.decode(direct, decoder);
    ASSERT_TRUE(found.ok()) << found.status().message();
    EXPECT_TRUE(decoder.finish().ok());
    EXPECT_TRUE(found->predictions == motion.predictions);
    EXPECT_TRUE(found->past.vectors == motion.past.vectors);
    EXPECT_TRUE(found->future.vectors == motion.future.vectors);
  }
}

}  // namespace
}  // namespace laconic
