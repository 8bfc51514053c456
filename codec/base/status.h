// Status and Result<T>: how everything that bytes, files or users can cause is reported (no exceptions cross a module).
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace laconic {

enum class StatusCode {
  kOk,
  kNeedMoreData,      // the input ended early; never mixed with kCorrupt
  kCorrupt,           // the bytes contradict the format
  kUnsupported,       // valid, but not for this build
  kLimitExceeded,     // larger than Limits allow
  kModelMismatch,     // the stream names other weights, or the weights are missing or damaged
  kInvalidArgument,   // the caller's option or value is out of range
  kIo,                // the operating system refused
  kInternal,          // our own mistake
};

const char* status_code_name(StatusCode code);  // "corrupt", "io", ...

// A code and one sentence with the value found and the value allowed.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status ok_status() { return {}; }
inline Status need_more_data(std::string m) { return {StatusCode::kNeedMoreData, std::move(m)}; }
inline Status corrupt(std::string m) { return {StatusCode::kCorrupt, std::move(m)}; }
inline Status unsupported(std::string m) { return {StatusCode::kUnsupported, std::move(m)}; }
inline Status limit_exceeded(std::string m) { return {StatusCode::kLimitExceeded, std::move(m)}; }
inline Status model_mismatch(std::string m) { return {StatusCode::kModelMismatch, std::move(m)}; }
inline Status invalid_argument(std::string m) { return {StatusCode::kInvalidArgument, std::move(m)}; }
inline Status io_error(std::string m) { return {StatusCode::kIo, std::move(m)}; }
inline Status internal_error(std::string m) { return {StatusCode::kInternal, std::move(m)}; }

// Either a value or a Status that is not ok.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}         // NOLINT: implicit on purpose
  Result(Status status) : state_(std::in_place_index<0>, std::move(status)) {}  // NOLINT: implicit on purpose

  bool ok() const { return state_.index() == 1; }
  Status status() const { return ok() ? Status() : std::get<0>(state_); }
  T& value() { return std::get<1>(state_); }
  const T& value() const { return std::get<1>(state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> state_;
};

// Aborts in debug builds, returns kInternal from the surrounding function in release builds.
[[nodiscard]] Status check_failed(const char* condition, const char* file, int line);

}  // namespace laconic

#define LACONIC_CONCAT_INNER(a, b) a##b
#define LACONIC_CONCAT(a, b) LACONIC_CONCAT_INNER(a, b)

#define LACONIC_RETURN_IF_ERROR(expression)                                \
  do {                                                                     \
    if (::laconic::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

// LACONIC_ASSIGN_OR_RETURN(const Header header, read_header(bytes));
#define LACONIC_ASSIGN_OR_RETURN(declaration, expression) \
  LACONIC_ASSIGN_OR_RETURN_IMPL(LACONIC_CONCAT(result_, __LINE__), declaration, expression)
#define LACONIC_ASSIGN_OR_RETURN_IMPL(result, declaration, expression) \
  auto result = (expression);                                          \
  if (!result.ok()) return result.status();                            \
  declaration = std::move(*result)

// For what only our own mistake can cause.
#define LACONIC_CHECK(condition)                                                          \
  do {                                                                                    \
    if (!(condition)) return ::laconic::check_failed(#condition, __FILE__, __LINE__);      \
  } while (false)
