// CRC-32 (ISO 3309, the one of PNG and zlib). Ours, so that the trainer builds where there is no zlib.
#pragma once

#include <cstdint>

#include "codec/base/span.h"

namespace laconic {

// Pass the previous value to go on with more bytes.
uint32_t crc32(ByteSpan bytes, uint32_t previous = 0);

}  // namespace laconic
