// Lossless coding of two-valued planes (an alpha channel that is 0 or 255 only) with learning context models.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

// bitmap: width * height values 0 or 1, row-major. Other lengths or values give kInvalidArgument.
// The bytes are a coder payload without check: see section.h. A bitmap of one value takes a few bytes, whatever its
// size.
Result<Bytes> encode_bitmap(Span<const uint8_t> bitmap, int width, int height);

// width, height: at least 1; the caller has compared them with its Limits. Takes width * height bytes.
Result<std::vector<uint8_t>> decode_bitmap(ByteSpan section, int width, int height);

}  // namespace laconic
