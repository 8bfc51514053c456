// The inner parts of the range coder, inline for speed; range_coder.h explains them. Not for use elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/base/span.h"

namespace laconic {

// See Note [Lanes] and Note [Final state] in range_coder.h.
constexpr uint64_t kSingleLaneSymbols = 1024;
constexpr int kEndMarkBits = 6;
constexpr uint32_t kEndMark = 0x2B;
constexpr uint64_t kInitialRange = ~uint64_t{0};

// Where a lane is cut: `v` is the window of V, of which num_bytes (1..5) are written.
struct FinalState {
  int num_bytes = 0;
  uint64_t v = 0;  // modulo 2^64; its lower 64 - 8 * num_bytes bits are 0
};

inline FinalState final_state_of(uint64_t low, uint64_t range) {
  for (int num_bytes = 1;; ++num_bytes) {
    const uint64_t step = uint64_t{1} << (64 - 8 * num_bytes);
    const uint64_t distance = -low & (step - 1);
    // Holds for 5 bytes at the latest, as range >= 2^32.
    if (range >= step && distance <= range - step) return {num_bytes, low + distance};
  }
}

struct EncoderWindow {
  uint64_t low = 0;
  uint64_t range = kInitialRange;
  uint8_t* next = nullptr;  // where the next word goes, there is room for it

  void narrow(uint32_t start, uint32_t count, int bits) {
    const uint64_t unit = range >> bits;
    const uint64_t offset = start * unit;
    low += offset;
    if (__builtin_expect(low < offset, 0)) carry();
    range = count * unit;
    if (range >> 32 == 0) {
      write_bytes(low, 4);
      low <<= 32;
      range <<= 32;
    }
  }

  // V < 1, so some byte written before is below 0xFF.
  void carry() {
    for (uint8_t* byte = next - 1; ++*byte == 0; --byte) {
    }
  }

  void write_bytes(uint64_t window, int num_bytes) {
    for (int i = 0; i < num_bytes; ++i) next[i] = static_cast<uint8_t>(window >> (56 - 8 * i));
    next += num_bytes;
  }
};

// A window and the bytes behind it, in the lane's own order.
struct EncoderLane {
  EncoderWindow window;
  Bytes bytes;  // the first num_bytes() are written, the rest is room

  bool is_used() const { return window.range != kInitialRange || num_bytes() != 0; }
  size_t num_bytes() const { return bytes.empty() ? 0 : static_cast<size_t>(window.next - bytes.data()); }

  void reserve_words(size_t num_words) {
    if (bytes.size() - num_bytes() < 4 * num_words) grow(4 * num_words);
  }
  void grow(size_t size_bytes);
  void encode_bits(uint32_t value, int num_bits);  // 0..32
  void encode_escape(int symbol, int min_symbol, int max_symbol);
  void cut();  // see Note [Final state]
};

template <bool kBackward>
struct DecoderLane {
  uint64_t code = 0;
  uint64_t range = kInitialRange;
  uint64_t position = 8;  // of the first byte behind the window, may lie behind the end: there zeros are read
  ByteSpan section;
  bool has_ended = false;  // set when the window lies behind the end as a whole

  explicit DecoderLane(ByteSpan bytes) : section(bytes) { code = bytes_at(0, 8); }

  bool is_used() const { return range != kInitialRange || position != 8; }

  void narrow(uint32_t start, uint32_t count, int bits) {
    const uint64_t unit = range >> bits;
    code -= start * unit;
    range = count * unit;
    if (range >> 32 == 0) read_word();
  }

  void read_word() {
    const size_t size = section.size();
    uint64_t word = 0;
    if (__builtin_expect(size >= 4 && position <= size - 4, 1)) {
      const uint8_t* const bytes = section.data() + (kBackward ? size - 4 - position : position);
      for (int i = 0; i < 4; ++i) word |= uint64_t{bytes[i]} << (kBackward ? 8 * i : 24 - 8 * i);
    } else {
      word = bytes_at(position, 4);
      has_ended = position - 4 > size;
    }
    position += 4;
    code = code << 32 | word;
    range <<= 32;
  }

  uint64_t bytes_at(uint64_t offset, int num_bytes) const {
    uint64_t value = 0;
    for (int i = 0; i < num_bytes; ++i, ++offset) {
      const bool is_inside = offset < section.size();
      value = value << 8 | (is_inside ? section[kBackward ? section.size() - 1 - offset : offset] : 0);
    }
    return value;
  }
};

}  // namespace laconic
