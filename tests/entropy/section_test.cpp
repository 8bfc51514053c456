#include "entropy/section.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

const Bytes kDigits = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};

TEST(Section, HasTheStoredCheck) {
  // CRC-32 of these digits is 0xCBF43926.
  Bytes expected = kDigits;
  expected.push_back(0x26);
  expected.push_back(0x39);
  EXPECT_EQ(seal_section(kDigits), expected);
  EXPECT_EQ(seal_section({}), (Bytes{0, 0}));
}

TEST(Section, OpensToThePayloadInside) {
  const Bytes sealed = seal_section(kDigits);
  const auto payload = open_section(sealed);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->data(), sealed.data());
  EXPECT_EQ(Bytes(payload->begin(), payload->end()), kDigits);
  EXPECT_TRUE(open_section(seal_section({}))->empty());
}

TEST(Section, NeedsMoreDataBelowTwoBytesAndIsCorruptWhenCutAbove) {
  const Bytes sealed = seal_section(kDigits);
  for (size_t size = 0; size < sealed.size(); ++size) {
    const StatusCode expected = size < 2 ? StatusCode::kNeedMoreData : StatusCode::kCorrupt;
    EXPECT_EQ(open_section(ByteSpan(sealed).first(size)).status().code(), expected) << size;
  }
}

TEST(Section, IsCorruptWithAnyBitFlipped) {
  const Bytes sealed = seal_section(kDigits);
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes flipped = sealed;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_EQ(open_section(flipped).status().code(), StatusCode::kCorrupt) << bit;
  }
}

}  // namespace
}  // namespace laconic
