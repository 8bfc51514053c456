// A section on disk: the payload (what a coder wrote), then the low 16 bits of its CRC-32, little-endian.
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

constexpr size_t kSectionCheckBytes = 2;

Bytes seal_section(Bytes payload);

// The payload, inside `section`. kNeedMoreData below 2 bytes, kCorrupt when the check is wrong.
Result<ByteSpan> open_section(ByteSpan section);

}  // namespace laconic
