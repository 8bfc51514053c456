// CRC-24 of the header check (FORMAT.md 4.5), the one of RFC 9580.
#pragma once

#include <cstdint>

#include "codec/base/span.h"

namespace laconic {

// 0..2^24-1.
uint32_t crc24(ByteSpan bytes);

}  // namespace laconic
