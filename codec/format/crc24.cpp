#include "codec/format/crc24.h"

#include <array>

namespace laconic {
namespace {

constexpr uint32_t kPolynomial = 0x864CFB;
constexpr uint32_t kStart = 0xB704CE;

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i << 16;
    for (int bit = 0; bit < 8; ++bit) c = (c << 1) ^ ((c & 0x800000) ? kPolynomial : 0);
    table[i] = c & 0xFFFFFF;
  }
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

uint32_t crc24(ByteSpan bytes) {
  uint32_t c = kStart;
  for (const uint8_t byte : bytes) c = ((c << 8) & 0xFFFFFF) ^ kTable[(c >> 16) ^ byte];
  return c;
}

}  // namespace laconic
