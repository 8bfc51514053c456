#include "codec/video/hyper_coder.h"

#include <gtest/gtest.h>

#include <random>

namespace laconic {
namespace {

constexpr int kChannels = 6, kHeight = 3, kWidth = 5;
constexpr size_t kSize = kChannels * kHeight * kWidth;

std::vector<int16_t> random_symbols(uint32_t seed, int reach) {
  std::mt19937 random(seed);
  std::vector<int16_t> z(kSize);
  for (int16_t& value : z) value = static_cast<int16_t>(static_cast<int>(random() % (2 * reach + 1)) - reach);
  return z;
}

Bytes encoded(HyperCoder& coder, const std::vector<int16_t>& z) {
  RangeEncoder encoder;
  EXPECT_TRUE(coder.encode(z, encoder).ok());
  return encoder.finish();
}

TEST(HyperCoder, BringsBackFrameAfterFrame) {
  for (const int reach : {0, 1, 5, 12, 13, 14, 300, HyperCoder::kMaxSymbol}) {
    SCOPED_TRACE(testing::Message() << "reach " << reach);
    HyperCoder writer(kChannels, kHeight, kWidth), reader(kChannels, kHeight, kWidth);
    for (uint32_t frame = 0; frame < 4; ++frame) {
      const std::vector<int16_t> z = random_symbols(frame, reach);
      const Bytes bytes = encoded(writer, z);
      EXPECT_EQ(writer.before(), z);
      RangeDecoder decoder(bytes);
      std::vector<int16_t> found(kSize, 99);
      ASSERT_TRUE(reader.decode(decoder, found).ok());
      EXPECT_TRUE(decoder.finish().ok());
      EXPECT_EQ(found, z);
    }
  }
}

TEST(HyperCoder, WhatStaysAsItWasCostsLittle) {
  HyperCoder coder(kChannels, kHeight, kWidth);
  const std::vector<int16_t> z = random_symbols(3, 2);
  const size_t first = encoded(coder, z).size();
  for (int frame = 0; frame < 6; ++frame) encoded(coder, z);
  EXPECT_LT(encoded(coder, z).size(), first / 3);
}

TEST(HyperCoder, EveryCutAndEveryBitFlipIsRefusedOrGivesSymbolsInRange) {
  HyperCoder writer(kChannels, kHeight, kWidth);
  const Bytes bytes = encoded(writer, random_symbols(5, 40));
  const auto check = [](const Bytes& damaged) {
    HyperCoder reader(kChannels, kHeight, kWidth);
    RangeDecoder decoder(damaged);
    std::vector<int16_t> found(kSize);
    if (!reader.decode(decoder, found).ok()) return;
    for (const int16_t value : found) EXPECT_LE(std::abs(int{value}), HyperCoder::kMaxSymbol);
  };
  for (size_t size = 0; size < bytes.size(); ++size) check(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    check(damaged);
  }
}

}  // namespace
}  // namespace laconic
