#include "codec/base/crc32.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

const Bytes kDigits = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};

TEST(Crc32, GivesTheKnownCheckValue) { EXPECT_EQ(crc32(kDigits), 0xCBF43926u); }

TEST(Crc32, OfNothingIsZero) { EXPECT_EQ(crc32(ByteSpan()), 0u); }

TEST(Crc32, GoesOnFromThePreviousValueAtEveryCut) {
  const ByteSpan all = kDigits;
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    EXPECT_EQ(crc32(all.subspan(cut, all.size() - cut), crc32(all.first(cut))), 0xCBF43926u) << cut;
  }
}

TEST(Crc32, ChangesWithEverySingleBit) {
  for (size_t bit = 0; bit < 8 * kDigits.size(); ++bit) {
    Bytes flipped = kDigits;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_NE(crc32(flipped), 0xCBF43926u) << bit;
  }
}

}  // namespace
}  // namespace laconic
