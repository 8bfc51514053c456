#include "codec/format/crc8.h"

#include <gtest/gtest.h>

#include <string>

namespace laconic {
namespace {

TEST(Crc8, GivesTheCheckValueOfTheSpecification) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc8({reinterpret_cast<const uint8_t*>(digits.data()), digits.size()}), 0x20);
  EXPECT_EQ(crc8({}), 0xFF);
}

// The remainder of a division of polynomials over the whole message at once, in place of byte by byte.
TEST(Crc8, IsTheRemainderOfItsPolynomial) {
  Bytes bytes(200);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i + 3 * i);
  Bytes left = bytes;
  left[0] ^= 0xFF;    // the start value
  left.push_back(0);  // room for the remainder
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    if (!(left[bit / 8] >> (7 - bit % 8) & 1)) continue;
    const uint32_t divisor = 0x12F00u << 7 >> bit % 8;  // x^8 + x^5 + x^3 + x^2 + x + 1, its highest bit on this one
    left[bit / 8] ^= static_cast<uint8_t>(divisor >> 16);
    left[bit / 8 + 1] ^= static_cast<uint8_t>(divisor >> 8);
  }
  EXPECT_EQ(crc8(bytes), left.back());
}

TEST(Crc8, ChangesWithEveryChangedByte) {
  const Bytes bytes = {1, 2, 3, 250, 251};
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      Bytes damaged = bytes;
      damaged[at] ^= static_cast<uint8_t>(change);
      EXPECT_NE(crc8(damaged), crc8(bytes)) << at << " " << change;
    }
  }
}

}  // namespace
}  // namespace laconic
