// CRC-8, polynomial 0x2F, start value 0xFF, highest bit first: the check of sound packets, where every byte counts (FORMAT.md 21).
// It finds every change within 8 neighbouring bits, so every changed byte.
#pragma once

#include <cstdint>

#include "codec/base/span.h"

namespace laconic {

uint8_t crc8(ByteSpan bytes);

}  // namespace laconic
