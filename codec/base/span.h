// Span<T>: a borrowed run of elements (std::span is C++20). It borrows for the duration of the call it is passed to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace laconic {

template <typename T>
class Span {
 public:
  constexpr Span() = default;
  constexpr Span(T* begin, size_t size) : begin_(begin), size_(size) {}
  template <typename U, typename = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  constexpr Span(Span<U> other) : begin_(other.begin()), size_(other.size()) {}  // NOLINT: implicit on purpose
  Span(const std::vector<std::remove_const_t<T>>& v) : begin_(v.data()), size_(v.size()) {}  // NOLINT
  Span(std::vector<std::remove_const_t<T>>& v) : begin_(v.data()), size_(v.size()) {}        // NOLINT

  constexpr T* begin() const { return begin_; }
  constexpr T* end() const { return begin_ + size_; }
  constexpr T* data() const { return begin_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T& operator[](size_t i) const { return begin_[i]; }

  // The caller has compared offset and count with size().
  constexpr Span subspan(size_t offset, size_t count) const { return {begin_ + offset, count}; }
  constexpr Span first(size_t count) const { return {begin_, count}; }

 private:
  T* begin_ = nullptr;
  size_t size_ = 0;
};

using ByteSpan = Span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

}  // namespace laconic
