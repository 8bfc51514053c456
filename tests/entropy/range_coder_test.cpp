// Round trips, size, and the stored bytes of the range coder; range_coder_damage_test.cpp has the hostile half.
#include "entropy/range_coder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/base/crc32.h"
#include "tests/entropy/gaussian_tables.h"
#include "tests/entropy/test_seed.h"

namespace laconic {
namespace {

const std::vector<CdfTable>& sources() {
  static const std::vector<CdfTable> result = testing::gaussian_tables(64);
  return result;
}

const CdfTables& tables() {
  static const CdfTables result = *CdfTables::create(sources());
  return result;
}

Bytes encode(const testing::Draw& draw) {
  RangeEncoder encoder;
  EXPECT_TRUE(encoder.encode_symbols(draw.symbols, draw.table_indexes, tables()).ok());
  return encoder.finish();
}

TEST(RangeCoder, SymbolsComeBackInTheOrderWritten) {
  const uint64_t seed = testing::test_seed();
  for (const size_t num_symbols : {1, 2, 3, 1023, 1024, 1025, 1026, 1027, 4001, 300000}) {
    const testing::Draw draw = testing::draw_symbols(sources(), num_symbols, seed);
    const Bytes section = encode(draw);
    RangeDecoder decoder(section);
    std::vector<int16_t> symbols(num_symbols);
    ASSERT_TRUE(decoder.decode_symbols(draw.table_indexes, tables(), symbols).ok()) << num_symbols;
    EXPECT_TRUE(decoder.finish().ok()) << num_symbols;
    EXPECT_EQ(symbols, draw.symbols) << num_symbols;
  }
}

TEST(RangeCoder, SizeIsWithinAThousandthPlusEightBytesOfTheIdeal) {
  const testing::Draw draw = testing::draw_symbols(sources(), 2000000, testing::test_seed());
  const double size_bytes = static_cast<double>(encode(draw).size());
  std::printf("%.0f bytes, ideal %.1f\n", size_bytes, draw.bits / 8);
  EXPECT_LE(size_bytes, draw.bits / 8 * 1.001 + 8);
}

TEST(RangeCoder, ASectionCostsAtMostThreeBytesBesideItsInformation) {
  const uint64_t seed = testing::test_seed();
  double most = 0, sum = 0;
  const int num_sections = 3000;
  const testing::Draw draw = testing::draw_symbols(sources(), num_sections, seed);
  std::vector<double> bits = {0};  // of the first n symbols
  for (size_t i = 0; i < draw.symbols.size(); ++i) bits.push_back(bits.back() + draw.bits_of[i]);
  for (size_t n = 1; n <= draw.symbols.size(); ++n) {
    RangeEncoder encoder;
    ASSERT_TRUE(encoder
                    .encode_symbols(Span<const int16_t>(draw.symbols).first(n),
                                    Span<const uint16_t>(draw.table_indexes).first(n), tables())
                    .ok());
    const double excess_bytes = static_cast<double>(encoder.finish().size()) - bits[n] / 8;
    most = std::max(most, excess_bytes);
    sum += excess_bytes;
  }
  std::printf("excess of %d sections: mean %.2f bytes, most %.2f\n", num_sections, sum / num_sections, most);
  EXPECT_LE(most, 3.0);
}

TEST(RangeCoder, NothingCodedIsAnEmptySection) {
  RangeEncoder encoder;
  EXPECT_TRUE(encoder.encode_symbols({}, {}, tables()).ok());
  EXPECT_TRUE(encoder.encode_bypass(0, 0).ok());
  EXPECT_TRUE(encoder.finish().empty());
  RangeDecoder decoder((ByteSpan()));
  EXPECT_TRUE(decoder.decode_symbols({}, tables(), {}).ok());
  EXPECT_EQ(*decoder.decode_bypass(0), 0u);
  EXPECT_TRUE(decoder.finish().ok());
}

TEST(RangeCoder, GroupingIntoCallsDoesNotMatter) {
  std::mt19937_64 random(testing::test_seed());
  const size_t num_symbols = 5000;
  const testing::Draw draw = testing::draw_symbols(sources(), num_symbols, random());
  const Bytes section = encode(draw);
  const Span<const int16_t> symbols = draw.symbols;
  const Span<const uint16_t> indexes = draw.table_indexes;
  for (int round = 0; round < 20; ++round) {
    RangeEncoder encoder;
    RangeDecoder decoder(section);
    std::vector<int16_t> decoded(num_symbols);
    for (size_t i = 0; i < num_symbols;) {
      const size_t count = std::min<size_t>(num_symbols - i, round == 0 ? 1 : random() % (round < 10 ? 5 : 2000));
      if (count == 1) {
        ASSERT_TRUE(encoder.encode_symbol(symbols[i], indexes[i], tables()).ok());
        const Result<int> symbol = decoder.decode_symbol(indexes[i], tables());
        ASSERT_TRUE(symbol.ok());
        decoded[i] = static_cast<int16_t>(*symbol);
      } else {
        ASSERT_TRUE(encoder.encode_symbols(symbols.subspan(i, count), indexes.subspan(i, count), tables()).ok());
        ASSERT_TRUE(decoder.decode_symbols(indexes.subspan(i, count), tables(), {decoded.data() + i, count}).ok());
      }
      i += count;
    }
    EXPECT_TRUE(decoder.finish().ok());
    EXPECT_EQ(encoder.finish(), section);
    EXPECT_EQ(decoded, draw.symbols);
  }
}

TEST(RangeCoder, CodesEveryInt16ThroughTheEscape) {
  const CdfTables narrow = *CdfTables::create({{0, {0, 30000, 65536}}, {-2, {0, 1, 2, 3, 4, 65536}}});
  std::vector<int16_t> symbols;
  std::vector<uint16_t> indexes;
  for (int symbol = -32768; symbol <= 32767; ++symbol) {
    symbols.push_back(static_cast<int16_t>(symbol));
    indexes.push_back(static_cast<uint16_t>(symbol % 7 == 0));
  }
  RangeEncoder encoder;
  ASSERT_TRUE(encoder.encode_symbols(symbols, indexes, narrow).ok());
  const Bytes section = encoder.finish();
  std::vector<int16_t> decoded(symbols.size());
  RangeDecoder decoder(section);
  const Status status = decoder.decode_symbols(indexes, narrow, decoded);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(decoder.finish().ok());
  EXPECT_EQ(decoded, symbols);
}

TEST(RangeCoder, CodesTablesOfEveryShape) {
  std::mt19937_64 random(testing::test_seed());
  std::vector<CdfTable> shapes;
  for (const size_t size : {2, 3, 4, 5, 17, 64, 1000, 5000, 65536}) {
    for (int shape = 0; shape < 3; ++shape) {
      std::vector<uint64_t> counts(size, shape == 0 ? 1 : 0);
      if (shape == 1) counts[random() % size] = 1000;
      if (shape == 2) std::generate(counts.begin(), counts.end(), [&] { return random() >> random() % 64; });
      shapes.push_back(make_cdf_table(size > 60000 ? -32768 : -static_cast<int>(size / 2), counts));
    }
  }
  const CdfTables shaped = *CdfTables::create(shapes);
  // Uniform within each table rather than by its counts: rare symbols, carries and long renormalisations are wanted.
  std::vector<int16_t> symbols(400000), decoded(symbols.size());
  std::vector<uint16_t> indexes(symbols.size());
  for (size_t i = 0; i < symbols.size(); ++i) {
    indexes[i] = static_cast<uint16_t>(random() % shapes.size());
    const int offset = static_cast<int>(random() % static_cast<uint64_t>(shaped.num_symbols(indexes[i]) + 1));
    symbols[i] = static_cast<int16_t>(shaped.min_symbol(indexes[i]) + offset);
  }
  RangeEncoder encoder;
  ASSERT_TRUE(encoder.encode_symbols(symbols, indexes, shaped).ok());
  const Bytes section = encoder.finish();
  RangeDecoder decoder(section);
  ASSERT_TRUE(decoder.decode_symbols(indexes, shaped, decoded).ok());
  EXPECT_TRUE(decoder.finish().ok());
  EXPECT_EQ(decoded, symbols);
}

TEST(RangeCoder, CarriesThroughLongRunsOfFullBytes) {
  // Always the top of the interval: V creeps up to 0xFFFF..., then one symbol above half of the rest decides the carry.
  const CdfTables halves = *CdfTables::create({{0, {0, 1, 32768, 65535, 65536}}});
  for (int run = 0; run < 200; ++run) {
    for (const int16_t last : {int16_t{0}, int16_t{1}, int16_t{2}}) {
      std::vector<int16_t> symbols(static_cast<size_t>(run), 2);
      symbols.insert(symbols.end(), {1, 2, last, 2, last});
      const std::vector<uint16_t> indexes(symbols.size(), 0);
      RangeEncoder encoder;
      ASSERT_TRUE(encoder.encode_symbols(symbols, indexes, halves).ok());
      for (int i = 0; i < run; ++i) ASSERT_TRUE(encoder.encode_bypass(0xFFFFFFFFu, 32).ok());
      const Bytes section = encoder.finish();
      RangeDecoder decoder(section);
      std::vector<int16_t> decoded(symbols.size());
      ASSERT_TRUE(decoder.decode_symbols(indexes, halves, decoded).ok());
      for (int i = 0; i < run; ++i) ASSERT_EQ(*decoder.decode_bypass(32), 0xFFFFFFFFu);
      EXPECT_TRUE(decoder.finish().ok());
      EXPECT_EQ(decoded, symbols);
    }
  }
}

TEST(RangeCoder, MixesAllKindsOfCalls) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 100; ++round) {
    struct Step {
      int kind, bits;
      uint32_t value, first_count;
      testing::Draw draw;
    };
    std::vector<Step> steps(random() % 100);
    RangeEncoder encoder;
    for (Step& step : steps) {
      step.kind = static_cast<int>(random() % 3);
      step.bits = static_cast<int>(random() % 33);
      step.value = static_cast<uint32_t>((random() & 0xFFFFFFFFu) >> (32 - step.bits));
      step.first_count = 1 + static_cast<uint32_t>(random() % 65535);
      if (step.kind == 0) {
        step.draw = testing::draw_symbols({sources()[5], sources()[60]}, random() % 60, random());
        for (uint16_t& index : step.draw.table_indexes) index = index == 0 ? 5 : 60;
        ASSERT_TRUE(encoder.encode_symbols(step.draw.symbols, step.draw.table_indexes, tables()).ok());
      } else if (step.kind == 1) {
        ASSERT_TRUE(encoder.encode_bypass(step.value, step.bits).ok());
      } else {
        encoder.encode_binary(step.value % 2 != 0, step.first_count, 16);
      }
    }
    const Bytes section = encoder.finish();
    RangeDecoder decoder(section);
    for (const Step& step : steps) {
      if (step.kind == 0) {
        std::vector<int16_t> decoded(step.draw.symbols.size());
        ASSERT_TRUE(decoder.decode_symbols(step.draw.table_indexes, tables(), decoded).ok());
        ASSERT_EQ(decoded, step.draw.symbols);
      } else if (step.kind == 1) {
        ASSERT_EQ(*decoder.decode_bypass(step.bits), step.value);
      } else {
        bool first = false;
        ASSERT_TRUE(decoder.decode_binary(step.first_count, 16, first));
        ASSERT_EQ(first, step.value % 2 != 0);
      }
    }
    EXPECT_TRUE(decoder.finish().ok());
  }
}

TEST(RangeEncoder, IsAsNewAfterFinish) {
  const testing::Draw draw = testing::draw_symbols(sources(), 3000, testing::test_seed());
  RangeEncoder encoder;
  ASSERT_TRUE(encoder.encode_symbols(draw.symbols, draw.table_indexes, tables()).ok());
  const Bytes first = encoder.finish();
  ASSERT_TRUE(encoder.encode_symbols(draw.symbols, draw.table_indexes, tables()).ok());
  EXPECT_EQ(encoder.finish(), first);
}

#ifdef NDEBUG
TEST(RangeCoder, ReportsItsCallersMistakesAsInternal) {
  const std::vector<int16_t> symbols = {0, 0};
  std::vector<int16_t> decoded(2);
  const std::vector<uint16_t> one = {0}, beyond = {0, 64}, last = {0, 63};
  RangeEncoder encoder;
  RangeDecoder decoder((ByteSpan()));
  EXPECT_EQ(encoder.encode_symbols(symbols, one, tables()).code(), StatusCode::kInternal);
  EXPECT_EQ(encoder.encode_symbols(symbols, beyond, tables()).code(), StatusCode::kInternal);
  EXPECT_EQ(encoder.encode_symbol(0, 64, tables()).code(), StatusCode::kInternal);
  EXPECT_EQ(encoder.encode_symbol(0, -1, tables()).code(), StatusCode::kInternal);
  EXPECT_EQ(encoder.encode_symbol(32768, 0, tables()).code(), StatusCode::kInternal);
  EXPECT_EQ(encoder.encode_bypass(0, 33).code(), StatusCode::kInternal);
  EXPECT_EQ(encoder.encode_bypass(8, 3).code(), StatusCode::kInternal);
  EXPECT_TRUE(encoder.finish().empty());
  EXPECT_TRUE(encoder.encode_symbols(symbols, last, tables()).ok());
  EXPECT_EQ(decoder.decode_symbols(one, tables(), decoded).code(), StatusCode::kInternal);
  EXPECT_EQ(decoder.decode_symbols(beyond, tables(), decoded).code(), StatusCode::kInternal);
  EXPECT_EQ(decoder.decode_symbol(64, tables()).status().code(), StatusCode::kInternal);
  EXPECT_EQ(decoder.decode_bypass(33).status().code(), StatusCode::kInternal);
}
#endif

// A section of both lanes, escapes and raw bits, all from a fixed integer recipe.
Bytes golden_section(size_t num_symbols) {
  const CdfTables fixed = *CdfTables::create({make_cdf_table(-2, std::vector<uint64_t>{1, 20, 4000, 20, 1, 1}),
                                              make_cdf_table(-1, std::vector<uint64_t>{300, 400, 200, 2})});
  std::vector<int16_t> symbols;
  std::vector<uint16_t> indexes;
  uint32_t state = 12345;
  for (size_t i = 0; i < num_symbols; ++i) {
    state = state * 1664525 + 1013904223;
    indexes.push_back(state >> 28 == 0 ? 1 : 0);
    const uint32_t draw = state >> 16 & 0xFFF;
    symbols.push_back(static_cast<int16_t>(draw < 40 ? -1 : draw < 80 ? 1 : draw < 84 ? -700 : draw < 88 ? 9 : 0));
  }
  RangeEncoder encoder;
  EXPECT_TRUE(encoder.encode_bypass(0xDEADBEEF, 32).ok());
  EXPECT_TRUE(encoder.encode_symbols(symbols, indexes, fixed).ok());
  EXPECT_TRUE(encoder.encode_bypass(5, 3).ok());
  return encoder.finish();
}

TEST(RangeEncoder, WritesTheStoredBytes) {
  // If this fails the bitstream has changed: no older file would decode.
  const Bytes expected = {0xDE, 0xAD, 0xBE, 0xEF, 0x98, 0xC1, 0xA9, 0xCC};
  EXPECT_EQ(golden_section(100), expected);
  const Bytes two_lanes = golden_section(20000);
  EXPECT_EQ(two_lanes.size(), 685u);
  EXPECT_EQ(crc32(two_lanes), 727644496u);
}

}  // namespace
}  // namespace laconic
