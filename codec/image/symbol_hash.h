// One number for all symbols of a stream, to compare machines by.
#pragma once

#include <cstdint>
#include <vector>

namespace laconic {

// FORMAT.md 11: FNV-1a, 64 bits, over symbols as little-endian int16.
class SymbolHash {
 public:
  void add(const std::vector<int16_t>& symbols) {
    for (const int16_t symbol : symbols) {
      add_byte(static_cast<uint16_t>(symbol) & 0xFF);
      add_byte(static_cast<uint16_t>(symbol) >> 8);
    }
  }
  uint64_t value() const { return hash_; }

 private:
  void add_byte(uint32_t byte) { hash_ = (hash_ ^ byte) * 0x100000001B3ull; }
  uint64_t hash_ = 0xCBF29CE484222325ull;
};

}  // namespace laconic
