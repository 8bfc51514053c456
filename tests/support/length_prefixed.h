// Files of several byte strings, each after its length in bytes (u32, little-endian): streams of packets without a container.
#pragma once

#include <cstring>

#include "codec/base/span.h"

namespace laconic::test {

inline void append_with_length(Bytes& file, const Bytes& bytes) {
  for (int shift = 0; shift < 32; shift += 8) file.push_back(static_cast<uint8_t>(bytes.size() >> shift));
  file.insert(file.end(), bytes.begin(), bytes.end());
}

// The string at `at`, which moves behind it. The file is one of ours.
inline Bytes take_with_length(const Bytes& file, size_t& at) {
  uint32_t length = 0;
  std::memcpy(&length, file.data() + at, 4);
  const auto first = file.begin() + static_cast<std::ptrdiff_t>(at) + 4;
  at += 4 + length;
  return Bytes(first, first + length);
}

}  // namespace laconic::test
