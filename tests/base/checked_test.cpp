#include "codec/base/checked.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

TEST(CheckedMul, GivesTheProductUpToTheLargestValue) {
  EXPECT_EQ(checked_mul(0, UINT64_MAX), 0u);
  EXPECT_EQ(checked_mul(1, UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(checked_mul(0xFFFFFFFFu, 0x100000001u), UINT64_MAX);
}

TEST(CheckedMul, GivesNothingAboveIt) {
  EXPECT_FALSE(checked_mul(0x100000000u, 0x100000000u).has_value());
  EXPECT_FALSE(checked_mul(2, UINT64_MAX / 2 + 1).has_value());
}

TEST(CheckedAdd, GivesTheSumUpToTheLargestValueAndNothingAbove) {
  EXPECT_EQ(checked_add(UINT64_MAX - 1, 1), UINT64_MAX);
  EXPECT_FALSE(checked_add(UINT64_MAX, 1).has_value());
}

TEST(CeilDiv, RoundsUp) {
  EXPECT_EQ(ceil_div(0, 16), 0);
  EXPECT_EQ(ceil_div(1, 16), 1);
  EXPECT_EQ(ceil_div(16, 16), 1);
  EXPECT_EQ(ceil_div(17, 16), 2);
}

}  // namespace
}  // namespace laconic
