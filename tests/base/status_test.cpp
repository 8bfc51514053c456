#include "codec/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace laconic {
namespace {

Result<int> half_of(int value) {
  if (value % 2 != 0) return invalid_argument("value is " + std::to_string(value) + ", must be even");
  return value / 2;
}

Result<int> quarter_of(int value) {
  LACONIC_ASSIGN_OR_RETURN(const int half, half_of(value));
  LACONIC_ASSIGN_OR_RETURN(const int quarter, half_of(half));
  return quarter;
}

Status check_even(int value) {
  LACONIC_RETURN_IF_ERROR(half_of(value).status());
  return ok_status();
}

TEST(Status, IsOkWithoutMessageByDefault) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().code(), StatusCode::kOk);
  EXPECT_EQ(Status().message(), "");
}

TEST(Status, MakersGiveTheirCodeAndTheMessage) {
  EXPECT_EQ(need_more_data("m").code(), StatusCode::kNeedMoreData);
  EXPECT_EQ(corrupt("m").code(), StatusCode::kCorrupt);
  EXPECT_EQ(unsupported("m").code(), StatusCode::kUnsupported);
  EXPECT_EQ(limit_exceeded("m").code(), StatusCode::kLimitExceeded);
  EXPECT_EQ(model_mismatch("m").code(), StatusCode::kModelMismatch);
  EXPECT_EQ(invalid_argument("m").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(io_error("m").code(), StatusCode::kIo);
  EXPECT_EQ(internal_error("m").code(), StatusCode::kInternal);
  EXPECT_EQ(corrupt("what").message(), "what");
  EXPECT_FALSE(corrupt("what").ok());
}

TEST(Status, EveryCodeHasItsOwnName) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    names.insert(status_code_name(static_cast<StatusCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(StatusCode::kInternal) + 1);
}

TEST(Result, HoldsAValueOrAStatus) {
  EXPECT_EQ(*half_of(6), 3);
  EXPECT_TRUE(half_of(6).status().ok());
  EXPECT_FALSE(half_of(5).ok());
  EXPECT_EQ(half_of(5).status().message(), "value is 5, must be even");
}

TEST(Result, TakesMoveOnlyValues) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*std::move(result.value()), 7);
}

TEST(Macros, PassOnTheFirstError) {
  EXPECT_EQ(*quarter_of(12), 3);
  EXPECT_EQ(quarter_of(3).status().message(), "value is 3, must be even");
  EXPECT_EQ(quarter_of(6).status().message(), "value is 3, must be even");
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_EQ(check_even(1).code(), StatusCode::kInvalidArgument);
}

Status check_positive(int value) {
  LACONIC_CHECK(value > 0);
  return ok_status();
}

TEST(Macros, AFailedCheckIsInternalInReleaseAndAbortsInDebug) {
  EXPECT_TRUE(check_positive(1).ok());
#ifdef NDEBUG
  EXPECT_EQ(check_positive(0).code(), StatusCode::kInternal);
  EXPECT_NE(check_positive(0).message().find("value > 0"), std::string::npos);
#else
  EXPECT_DEATH((void)check_positive(0), "value > 0");
#endif
}

}  // namespace
}  // namespace laconic
