#include "codec/video/residual_coder.h"

#include <gtest/gtest.h>

#include <random>

namespace laconic {
namespace {

using models::MotionField;
using models::Residual;
using models::Transform;

// share: of the blocks that are not zero.
Residual random_residual(int rows, int columns, int chroma_px, uint32_t seed, double share, int reach) {
  std::mt19937 random(seed);
  Residual residual(rows, columns, chroma_px);
  const int width = 16 * columns;
  for (size_t block = 0; block < residual.transforms.size(); ++block) {
    if (random() % 1000 >= share * 1000) continue;
    residual.transforms[block] = static_cast<Transform>(random() % 3);
    const size_t row = block / static_cast<size_t>(columns), column = block % static_cast<size_t>(columns);
    for (int k = 0; k < 1 + static_cast<int>(random() % 40); ++k) {
      const size_t i = random() % 16, j = random() % 16;
      residual.luma[(16 * row + i) * static_cast<size_t>(width) + 16 * column + j] = static_cast<int16_t>(static_cast<int>(random() % (2 * reach + 1)) - reach);
    }
    residual.luma[16 * row * static_cast<size_t>(width) + 16 * column] = 1;  // not zero for sure
  }
  for (int16_t& symbol : residual.chroma) {
    if (random() % 1000 < share * 50) symbol = static_cast<int16_t>(static_cast<int>(random() % (2 * reach + 1)) - reach);
  }
  return residual;
}

MotionField random_motion(int rows, int columns, uint32_t seed) {
  std::mt19937 random(seed);
  MotionField field(2 * rows, 2 * columns);
  for (auto& v : field.vectors) v = {static_cast<int16_t>(static_cast<int>(random() % 400) - 200), static_cast<int16_t>(static_cast<int>(random() % 400) - 200)};
  return field;
}

Result<Bytes> encode(ResidualCoder& coder, const Residual& residual, const MotionField& motion) {
  RangeEncoder encoder;
  LACONIC_RETURN_IF_ERROR(coder.encode(residual, motion, 900, encoder));
  return encoder.finish();
}

Result<Residual> decode(ResidualCoder& coder, ByteSpan bytes, const MotionField& motion) {
  RangeDecoder decoder(bytes);
  LACONIC_ASSIGN_OR_RETURN(Residual residual, coder.decode(motion, 900, decoder));
  const Status end = decoder.finish();
  return end.ok() ? Result<Residual>(std::move(residual)) : Result<Residual>(corrupt(end.message()));
}

TEST(ResidualCoder, BringsBackAnyResiduals) {
  for (const int chroma_px : {8, 16}) {
    for (const int reach : {1, 5, ResidualCoder::kMaxSymbol}) {
      SCOPED_TRACE(testing::Message() << "chroma " << chroma_px << " reach " << reach);
      ResidualCoder writer(3, 4, chroma_px), reader(3, 4, chroma_px);
      for (uint32_t seed = 0; seed < 6; ++seed) {
        const Residual residual = random_residual(3, 4, chroma_px, seed, 0.2 * seed, reach);
        const MotionField motion = random_motion(3, 4, seed);
        const auto bytes = encode(writer, residual, motion);
        ASSERT_TRUE(bytes.ok()) << bytes.status().message();
        const auto found = decode(reader, *bytes, motion);
        ASSERT_TRUE(found.ok()) << found.status().message();
        EXPECT_EQ(found->transforms, residual.transforms);
        EXPECT_EQ(found->luma, residual.luma);
        EXPECT_EQ(found->chroma, residual.chroma);
      }
    }
  }
}

TEST(ResidualCoder, TakesAFewBytesForNothingAndLearns) {
  ResidualCoder coder(40, 60, 8);
  EXPECT_LT(encode(coder, Residual(40, 60, 8), MotionField(80, 120))->size(), 40u);
  const Residual residual = random_residual(40, 60, 8, 3, 0.3, 2);
  const size_t first = encode(coder, residual, MotionField(80, 120))->size();
  EXPECT_LT(encode(coder, residual, MotionField(80, 120))->size(), first * 9 / 10);
}

TEST(ResidualCoder, RefusesWhatIsTooLargeOrOfAnotherSize) {
  Residual residual(1, 1, 8);
  residual.luma[0] = ResidualCoder::kMaxSymbol + 1;
  ResidualCoder coder(1, 1, 8);
  EXPECT_EQ(encode(coder, residual, MotionField(2, 2)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode(coder, Residual(1, 2, 8), MotionField(2, 4)).status().code(), StatusCode::kInvalidArgument);
}

TEST(ResidualCoder, EveryCutAndEveryBitFlipIsRefusedOrGivesSymbolsInRange) {
  const MotionField motion = random_motion(2, 2, 5);
  ResidualCoder writer(2, 2, 8);
  const Bytes bytes = *encode(writer, random_residual(2, 2, 8, 4, 0.8, 300), motion);
  const auto check = [&](ByteSpan damaged) {
    ResidualCoder reader(2, 2, 8);
    const auto found = decode(reader, damaged, motion);
    if (!found.ok()) {
      EXPECT_EQ(found.status().code(), StatusCode::kCorrupt);
      return;
    }
    for (const int16_t symbol : found->luma) EXPECT_LE(std::abs(int{symbol}), ResidualCoder::kMaxSymbol);
  };
  for (size_t size = 0; size < bytes.size(); ++size) check(ByteSpan(bytes).first(size));
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    check(damaged);
  }
}

}  // namespace
}  // namespace laconic
