// Numbers inside file headers. Callers compare with has_bytes() first; past the end these read 0 instead of memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "codec/base/span.h"

namespace laconic {

enum class Endian { kLittle, kBig };

inline bool has_bytes(ByteSpan bytes, uint64_t offset, uint64_t count) {
  return offset <= bytes.size() && count <= bytes.size() - offset;
}

inline uint32_t load_bytes(ByteSpan bytes, uint64_t offset, int count, Endian endian) {
  if (!has_bytes(bytes, offset, static_cast<uint64_t>(count))) return 0;
  uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    const int at = endian == Endian::kBig ? i : count - 1 - i;
    value = (value << 8) | bytes[offset + static_cast<uint64_t>(at)];
  }
  return value;
}
inline uint16_t load16(ByteSpan bytes, uint64_t offset, Endian endian) {
  return static_cast<uint16_t>(load_bytes(bytes, offset, 2, endian));
}
inline uint32_t load24(ByteSpan bytes, uint64_t offset, Endian endian) { return load_bytes(bytes, offset, 3, endian); }
inline uint32_t load32(ByteSpan bytes, uint64_t offset, Endian endian) { return load_bytes(bytes, offset, 4, endian); }

// count: 1..4
inline void append_number(Bytes& bytes, uint32_t value, int count, Endian endian) {
  for (int i = 0; i < count; ++i) {
    const int shift = 8 * (endian == Endian::kBig ? count - 1 - i : i);
    bytes.push_back(static_cast<uint8_t>(value >> shift));
  }
}

inline void append_bytes(Bytes& bytes, ByteSpan more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
inline void append_text(Bytes& bytes, std::string_view text) {
  append_bytes(bytes, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// text may hold zero bytes: give it as a string_view literal ("Exif\0\0"sv).
inline bool starts_with(ByteSpan bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

}  // namespace laconic
