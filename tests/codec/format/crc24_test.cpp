#include "codec/format/crc24.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace laconic {
namespace {

TEST(Crc24, GivesThePublishedCheckValue) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc24({reinterpret_cast<const uint8_t*>(digits.data()), digits.size()}), 0x21CF02u);
  EXPECT_EQ(crc24({}), 0xB704CEu);
}

TEST(Crc24, AgreesWithItsDefinitionBitByBit) {
  std::mt19937 random(1);
  Bytes bytes(1000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  uint32_t expected = 0xB704CE;
  for (const uint8_t byte : bytes) {
    expected ^= static_cast<uint32_t>(byte) << 16;
    for (int bit = 0; bit < 8; ++bit) {
      expected <<= 1;
      if (expected & 0x1000000) expected ^= 0x1864CFB;
    }
  }
  EXPECT_EQ(crc24(bytes), expected);
}

}  // namespace
}  // namespace laconic
