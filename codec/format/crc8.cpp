#include "codec/format/crc8.h"

namespace laconic {

uint8_t crc8(ByteSpan bytes) {
  constexpr uint8_t kPolynomial = 0x2F;
  uint8_t c = 0xFF;
  for (const uint8_t byte : bytes) {
    c ^= byte;
    for (int bit = 0; bit < 8; ++bit) c = static_cast<uint8_t>((c << 1) ^ ((c & 0x80) ? kPolynomial : 0));
  }
  return c;
}

}  // namespace laconic
