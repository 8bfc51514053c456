#include "entropy/cdf_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/entropy/test_seed.h"

namespace laconic {
namespace {

bool is_valid(const CdfTable& table) { return CdfTables::create({table}).ok(); }

StatusCode code_of(const CdfTable& table) { return CdfTables::create({table}).status().code(); }

TEST(MakeCdfTable, IsProportionalWhereCountsDivideEvenly) {
  const CdfTable table = make_cdf_table(-1, std::vector<uint64_t>{1, 2, 1, 4});
  EXPECT_EQ(table.min_symbol, -1);
  EXPECT_EQ(table.cdf, (std::vector<uint32_t>{0, 8192, 24576, 32768, 65536}));
}

TEST(MakeCdfTable, GivesStoredTablesForStoredCounts) {
  EXPECT_EQ(make_cdf_table(0, std::vector<uint64_t>{1, 1, 1}).cdf, (std::vector<uint32_t>{0, 21846, 43691, 65536}));
  EXPECT_EQ(make_cdf_table(0, std::vector<uint64_t>{1000000, 3, 0, 7, 1}).cdf,
            (std::vector<uint32_t>{0, 65532, 65533, 65534, 65535, 65536}));
}

TEST(MakeCdfTable, GivesEverySymbolOneCountAtLeast) {
  const CdfTable table = make_cdf_table(0, std::vector<uint64_t>{0, UINT64_MAX, 0, 1, 0});
  ASSERT_TRUE(is_valid(table));
  EXPECT_EQ(table.cdf[2] - table.cdf[1], 65532u);
}

TEST(MakeCdfTable, TakesAllZeroAsAllEqual) {
  EXPECT_EQ(make_cdf_table(0, std::vector<uint64_t>(4, 0)).cdf, (std::vector<uint32_t>{0, 16384, 32768, 49152, 65536}));
}

TEST(MakeCdfTable, FillsTheLargestTable) {
  std::vector<uint64_t> counts(65536, 0);
  counts[5] = UINT64_MAX;
  const CdfTable table = make_cdf_table(-32768, counts);
  ASSERT_TRUE(is_valid(table));
  for (uint32_t i = 0; i <= 65536; ++i) ASSERT_EQ(table.cdf[i], i);
}

TEST(MakeCdfTable, GivesARefusedTableForOtherNumbersOfCounts) {
  EXPECT_FALSE(is_valid(make_cdf_table(0, std::vector<uint64_t>{})));
  EXPECT_FALSE(is_valid(make_cdf_table(0, std::vector<uint64_t>{1})));
  EXPECT_FALSE(is_valid(make_cdf_table(0, std::vector<uint64_t>(65537, 1))));
}

TEST(MakeCdfTable, StaysCloseToProportionalOnRandomCounts) {
  std::mt19937_64 random(testing::test_seed());
  for (int round = 0; round < 200; ++round) {
    std::vector<uint64_t> counts(2 + random() % 600);
    const int max_bits = 1 + static_cast<int>(random() % 63);
    for (uint64_t& count : counts) count = random() >> (64 - max_bits) >> random() % static_cast<uint64_t>(max_bits);
    counts[0] |= 1;
    const CdfTable table = make_cdf_table(0, counts);
    ASSERT_TRUE(is_valid(table));
    double total = 0, ideal_bits = 0, bits = 0;
    for (const uint64_t count : counts) total += static_cast<double>(count);
    for (size_t i = 0; i < counts.size(); ++i) {
      const double share = static_cast<double>(counts[i]) / total;
      if (counts[i] != 0) ideal_bits -= share * std::log2(share);
      bits -= share * std::log2((table.cdf[i + 1] - table.cdf[i]) / 65536.0);
    }
    // Each symbol whose share rounds to nothing takes one count from the others; rounding itself costs next to nothing.
    EXPECT_LT(bits - ideal_bits, 2.0 * static_cast<double>(counts.size()) / 65536 + 1e-4) << counts.size();
  }
}

TEST(CdfTables, KeepWhatTheyWereMadeFrom) {
  const auto tables = CdfTables::create({{-3, {0, 1, 2, 65536}}, {7, {0, 65535, 65536}}});
  ASSERT_TRUE(tables.ok());
  EXPECT_EQ(tables->size(), 2u);
  EXPECT_EQ(tables->min_symbol(0), -3);
  EXPECT_EQ(tables->num_symbols(0), 2);
  EXPECT_EQ(tables->min_symbol(1), 7);
  EXPECT_EQ(tables->num_symbols(1), 1);
}

TEST(CdfTables, RefuseTablesThatAreNotCdfs) {
  EXPECT_EQ(code_of({0, {}}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({0, {0, 65536}}), StatusCode::kCorrupt);         // the escape alone
  EXPECT_EQ(code_of({0, {1, 2, 65536}}), StatusCode::kCorrupt);      // starts late
  EXPECT_EQ(code_of({0, {0, 2, 65535}}), StatusCode::kCorrupt);      // ends early
  EXPECT_EQ(code_of({0, {0, 2, 65537}}), StatusCode::kCorrupt);      // ends late
  EXPECT_EQ(code_of({0, {0, 2, 2, 65536}}), StatusCode::kCorrupt);   // a count of 0
  EXPECT_EQ(code_of({0, {0, 9, 2, 65536}}), StatusCode::kCorrupt);   // a negative count
  EXPECT_EQ(code_of({0, {0, 65536, 65536}}), StatusCode::kCorrupt);  // no count for the escape
  EXPECT_EQ(code_of({0, {0, 0, 65536}}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({0, {0, 4294967295u, 65536}}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({0, std::vector<uint32_t>(65538, 0)}), StatusCode::kCorrupt);
}

TEST(CdfTables, RefuseSymbolsOutside16Bits) {
  const std::vector<uint32_t> two = {0, 1, 2, 65536};
  EXPECT_EQ(code_of({-32768, two}), StatusCode::kOk);
  EXPECT_EQ(code_of({-32769, two}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({32766, two}), StatusCode::kOk);
  EXPECT_EQ(code_of({32767, two}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({INT32_MIN, two}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({INT32_MAX, two}), StatusCode::kCorrupt);
}

TEST(CdfTables, RefuseEmptySetsAndMoreThan65536) {
  EXPECT_EQ(CdfTables::create({}).status().code(), StatusCode::kCorrupt);
  const CdfTable table = {0, {0, 1, 65536}};
  EXPECT_TRUE(CdfTables::create(std::vector<CdfTable>(65536, table)).ok());
  EXPECT_EQ(CdfTables::create(std::vector<CdfTable>(65537, table)).status().code(), StatusCode::kLimitExceeded);
}

}  // namespace
}  // namespace laconic
