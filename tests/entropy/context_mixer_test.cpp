#include "entropy/context_mixer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/entropy/test_seed.h"

namespace laconic {
namespace {

// Bits of which input 0 knows all and input 1 nothing; coded and read again.
size_t coded_size(const std::vector<bool>& bits, const std::vector<size_t>& known) {
  const auto choose = [&](ContextMixer& mixer, size_t i) {
    mixer.choose(0, known[i]);
    mixer.choose(1, i % 7);
  };
  RangeEncoder encoder;
  ContextMixer writing({4, 7}, 2);
  for (size_t i = 0; i < bits.size(); ++i) {
    choose(writing, i);
    encode_bit(bits[i], writing, 1, encoder);
  }
  const Bytes section = encoder.finish();
  RangeDecoder decoder(section);
  ContextMixer reading({4, 7}, 2);
  for (size_t i = 0; i < bits.size(); ++i) {
    choose(reading, i);
    bool bit = !bits[i];
    EXPECT_TRUE(decode_bit(reading, 1, decoder, bit).ok());
    EXPECT_EQ(bit, bits[i]);
  }
  EXPECT_TRUE(decoder.finish().ok());
  return section.size();
}

TEST(ContextMixer, ComesCloseToTheEntropyOfTheBestContext) {
  std::mt19937_64 random(testing::test_seed());
  constexpr double kShare[4] = {0.02, 0.3, 0.8, 0.99};
  std::vector<bool> bits(100000);
  std::vector<size_t> known(bits.size());
  double ideal = 0;
  for (size_t i = 0; i < bits.size(); ++i) {
    known[i] = random() % 4;
    const double p = kShare[known[i]];
    bits[i] = static_cast<double>(random() >> 11) * 0x1p-53 < p;
    ideal -= std::log2(bits[i] ? p : 1 - p) / 8;
  }
  const double size = static_cast<double>(coded_size(bits, known));
  std::printf("%.0f bytes, ideal %.0f\n", size, ideal);
  EXPECT_LT(size, ideal * 1.05 + 20);
}

// FORMAT.md 7.6: what any other decoder must arrive at.
TEST(ContextMixer, CountsAreThoseOfTheDocument) {
  ContextMixer mixer({1, 1}, 1);
  EXPECT_EQ(mixer.count_of_one(0), 32768u);
  std::vector<uint32_t> counts;
  for (int i = 0; i < 6; ++i) {
    counts.push_back(mixer.count_of_one(0));
    mixer.update(i != 3);
  }
  EXPECT_EQ(counts, (std::vector<uint32_t>{32768, 38447, 42710, 44452, 36651, 38694}));
}

TEST(ContextMixer, ProbabilitiesStayInRangeHoweverLongOneBitRepeats) {
  for (const bool bit : {false, true}) {
    ContextMixer mixer({1, 1, 1, 1, 1, 1, 1, 1, 1}, 1);
    for (int i = 0; i < 20000; ++i) {
      const uint32_t count = mixer.count_of_one(0);
      ASSERT_GE(count, 32u);
      ASSERT_LE(count, 65504u);
      mixer.update(bit);
    }
    EXPECT_EQ(mixer.count_of_one(0), bit ? 65504u : 32u);
  }
}

}  // namespace
}  // namespace laconic
