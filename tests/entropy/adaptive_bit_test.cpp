#include "entropy/adaptive_bit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/entropy/test_seed.h"

namespace laconic {
namespace {

// Bits that are 1 with probability p, in bytes coded with one model.
size_t coded_size(const std::vector<bool>& bits) {
  RangeEncoder encoder;
  AdaptiveBit writing;
  for (const bool bit : bits) encode_bit(bit, writing, encoder);
  const Bytes section = encoder.finish();
  RangeDecoder decoder(section);
  AdaptiveBit reading;
  for (const bool expected : bits) {
    bool bit = !expected;
    EXPECT_TRUE(decode_bit(reading, decoder, bit).ok());
    EXPECT_EQ(bit, expected);
  }
  EXPECT_TRUE(decoder.finish().ok());
  return section.size();
}

TEST(AdaptiveBit, ComesCloseToTheEntropyOfItsBits) {
  std::mt19937_64 random(testing::test_seed());
  for (const double p : {0.5, 0.2, 0.05, 0.01, 0.99}) {
    std::vector<bool> bits(100000);
    for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<double>(random() >> 11) * 0x1p-53 < p;
    const double n = static_cast<double>(bits.size());
    const double share = static_cast<double>(std::count(bits.begin(), bits.end(), true)) / n;  // p, but for chance
    const double ideal = -(share * std::log2(share) + (1 - share) * std::log2(1 - share)) * n / 8;
    const double size = static_cast<double>(coded_size(bits));
    std::printf("p = %.2f: %.0f bytes, ideal %.0f\n", p, size, ideal);
    EXPECT_LT(size, ideal * 1.05 + 20);
  }
}

TEST(AdaptiveBit, CostsNextToNothingWhenBitsNeverChange) {
  EXPECT_LE(coded_size(std::vector<bool>(100000, false)), 8u);
  EXPECT_LE(coded_size(std::vector<bool>(100000, true)), 8u);
}

TEST(AdaptiveBit, StaysInsideItsRange) {
  AdaptiveBit model;
  EXPECT_EQ(model.count_of_one(), 1u << (AdaptiveBit::kBits - 1));
  for (int i = 0; i < 50000; ++i) model.update(true);
  EXPECT_EQ(model.count_of_one(), (1u << AdaptiveBit::kBits) - 1);
  for (int i = 0; i < 50000; ++i) model.update(false);
  EXPECT_EQ(model.count_of_one(), 1u);
}

TEST(AdaptiveBit, FollowsTheStoredPath) {
  // Part of the format: every update must be the same on every machine and in every version.
  AdaptiveBit model;
  uint32_t state = 1, hash = 0;
  for (int i = 0; i < 2000; ++i) {
    state = state * 1664525 + 1013904223;
    model.update(state >> 29 == 0);
    hash = hash * 31 + model.count_of_one();
  }
  EXPECT_EQ(hash, 1466883453u);
}

TEST(DecodeBit, NeedsMoreDataWhenTheSectionHasEnded) {
  RangeDecoder decoder((ByteSpan()));
  Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    AdaptiveBit fresh;  // one bit each
    bool bit = false;
    status = decode_bit(fresh, decoder, bit);
  }
  EXPECT_EQ(status.code(), StatusCode::kNeedMoreData);
}

}  // namespace
}  // namespace laconic
