#include "codec/base/span.h"

#include <gtest/gtest.h>

#include <numeric>

namespace laconic {
namespace {

int sum(Span<const int> values) { return std::accumulate(values.begin(), values.end(), 0); }

TEST(Span, IsEmptyByDefault) {
  EXPECT_TRUE(Span<int>().empty());
  EXPECT_EQ(Span<int>().begin(), Span<int>().end());
}

TEST(Span, BorrowsVectorsConstAndNot) {
  std::vector<int> values = {1, 2, 3};
  const std::vector<int> constant = values;
  EXPECT_EQ(sum(values), 6);
  EXPECT_EQ(sum(constant), 6);
  const Span<int> span = values;
  span[1] = 7;
  EXPECT_EQ(values[1], 7);
  EXPECT_EQ(sum(span), 11);  // Span<int> becomes Span<const int>
  EXPECT_EQ(span.data(), values.data());
}

TEST(Span, DoesNotDropConst) {
  EXPECT_FALSE((std::is_convertible_v<Span<const int>, Span<int>>));
  EXPECT_TRUE((std::is_convertible_v<Span<int>, Span<const int>>));
}

TEST(Span, PartsShareTheElements) {
  std::vector<int> values = {1, 2, 3, 4, 5};
  const Span<const int> span = values;
  EXPECT_EQ(sum(span.first(2)), 3);
  EXPECT_EQ(sum(span.subspan(1, 3)), 9);
  EXPECT_TRUE(span.subspan(5, 0).empty());
}

}  // namespace
}  // namespace laconic
