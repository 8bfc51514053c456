#include "apps/cli/quality_search.h"

#include <gtest/gtest.h>

#include <cmath>

namespace laconic::cli {
namespace {

// Bytes of a typical picture: about exponential in quality, in whole bytes.
double typical_bytes(int step) { return std::floor(2000 * std::exp(step * 0.0024)); }

QualitySearch size_search(double target, double close_enough = 0) {
  QualitySearch search;
  search.value = [](int step) -> Result<double> { return typical_bytes(step); };
  search.target = target;
  search.close_enough = close_enough;
  return search;
}

TEST(QualitySearch, FindsTheLargestStepBelowEveryTarget) {
  for (int step = 0; step < kNumQualitySteps; step += 7) {
    const auto found = find_quality(size_search(typical_bytes(step)));
    ASSERT_TRUE(found.ok());
    EXPECT_TRUE(found->meets_target);
    EXPECT_EQ(typical_bytes(found->step), typical_bytes(step));
    EXPECT_LT(typical_bytes(step), typical_bytes(found->step + 1));
    EXPECT_LE(found->num_tries, 16);
  }
}

TEST(QualitySearch, StopsEarlyWhenCloseEnough) {
  int num_tries = 0, num_searches = 0;
  for (double target = 2100; target < typical_bytes(kNumQualitySteps); target *= 1.1, ++num_searches) {
    const auto found = find_quality(size_search(target, 0.005 * target));
    ASSERT_TRUE(found.ok());
    EXPECT_LE(found->value, target);
    EXPECT_GE(found->value, 0.995 * target);
    num_tries += found->num_tries;
  }
  EXPECT_LE(num_tries, 6 * num_searches);
}

TEST(QualitySearch, TellsWhenQualityZeroIsTooLarge) {
  const auto found = find_quality(size_search(1999));
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->meets_target);
  EXPECT_EQ(found->step, 0);
  EXPECT_EQ(found->value, 2000);
}

TEST(QualitySearch, TakesTheLastStepWhenTheTargetIsAboveIt) {
  const auto found = find_quality(size_search(1e9));
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->meets_target);
  EXPECT_EQ(found->step, kNumQualitySteps);
}

TEST(QualitySearch, FindsTheSmallestStepWithAtLeastSoManyDecibels) {
  QualitySearch search;
  search.is_upper_bound = false;
  search.is_logarithmic = false;
  search.value = [](int step) -> Result<double> { return 25 + step * 0.01 - 1e-6 * step * step; };
  for (const double target : {25.5, 30.0, 33.3, 40.0}) {
    search.target = target;
    const auto found = find_quality(search);
    ASSERT_TRUE(found.ok());
    EXPECT_TRUE(found->meets_target);
    EXPECT_GE(*search.value(found->step), target);
    EXPECT_LT(*search.value(found->step - 1), target);
  }
  search.target = 60;
  EXPECT_FALSE(find_quality(search)->meets_target);
}

TEST(QualitySearch, MeetsTheTargetAlsoWhereBytesFallNowAndThen) {
  QualitySearch search = size_search(0);
  search.value = [](int step) -> Result<double> { return typical_bytes(step) * (1 + 0.004 * std::sin(step * 1.7)); };
  for (double target = 2200; target < 100000; target *= 1.3) {
    search.target = target;
    const auto found = find_quality(search);
    ASSERT_TRUE(found.ok());
    EXPECT_LE(found->value, target);
    EXPECT_GE(found->value, 0.98 * target);
  }
}

TEST(QualitySearch, PassesAnErrorOn) {
  QualitySearch search = size_search(1000);
  search.value = [](int) -> Result<double> { return invalid_argument("cancelled"); };
  EXPECT_EQ(find_quality(search).status().message(), "cancelled");
}

}  // namespace
}  // namespace laconic::cli
