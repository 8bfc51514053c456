// What a decoder or encoder agrees to take on. On by default; a caller who knows better raises a field.
#pragma once

#include <cstdint>

namespace laconic {

struct Limits {
  uint64_t max_pixels = 1ull << 29;           // 536 million: a 23000 x 23000 picture
  uint32_t max_dimension_px = 1u << 18;       // 262144 on a side
  uint64_t max_metadata_bytes = 64ull << 20;  // all metadata blocks together
  uint64_t max_stream_bytes = 2ull << 30;     // one elementary stream
};

}  // namespace laconic
