#include "apps/cli/options.h"

#include <gtest/gtest.h>

namespace laconic::cli {
namespace {

TEST(ParseSizeBytes, UnderstandsUnits) {
  EXPECT_EQ(*parse_size_bytes("1"), 1u);
  EXPECT_EQ(*parse_size_bytes("12345"), 12345u);
  EXPECT_EQ(*parse_size_bytes("50k"), 50000u);
  EXPECT_EQ(*parse_size_bytes("50K"), 50000u);
  EXPECT_EQ(*parse_size_bytes("1.5M"), 1500000u);
  EXPECT_EQ(*parse_size_bytes(".5MB"), 500000u);
  EXPECT_EQ(*parse_size_bytes("64Ki"), 65536u);
  EXPECT_EQ(*parse_size_bytes("2G"), 2000000000u);
}

TEST(ParseSizeBytes, RefusesTheRest) {
  for (const char* text : {"", "0", "k", "-5", "-5k", "5q", "5 k", "0.5", "nan", "inf", "1e400", "99999999G", "5kk"}) {
    const auto size = parse_size_bytes(text);
    EXPECT_EQ(size.status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(ParseRegion, ReadsFourNumbers) {
  const auto region = parse_region("10,20,300,40");
  ASSERT_TRUE(region.ok());
  EXPECT_EQ(region->x, 10);
  EXPECT_EQ(region->y, 20);
  EXPECT_EQ(region->width, 300);
  EXPECT_EQ(region->height, 40);
}

TEST(ParseRegion, RefusesTheRest) {
  for (const char* text : {"", "1", "1,2,3", "1,2,3,4,5", "1,2,3,", "1,2,0,4", "1,2,3,0", "-1,2,3,4", "1,2,3,4x",
                           "1;2;3;4", "1,2,3,99999999999", "a,b,c,d", "0,0,99999999999999999999,1"}) {
    EXPECT_EQ(parse_region(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace laconic::cli
