// The chunk structure of a PNG file (PNG specification, third edition, section 5), without its pixels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

struct PngOutline {
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  int bit_depth = 0;    // 1, 2, 4, 8, 16
  int colour_type = 0;  // 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA
  bool has_transparency = false;  // tRNS
  bool is_animated = false;       // acTL
  uint64_t idat_bytes = 0;
  ImageMetadata metadata;

  // After expansion to whole samples and tRNS to alpha.
  int num_channels() const;
};

// Refuses what is cut off, too large for limits, or too short to hold the pixels it declares. Checksums are left to
// libpng, which sees all chunks.
Result<PngOutline> outline_png(ByteSpan bytes, const Limits& limits, std::vector<std::string>* warnings);

// Payloads of metadata chunks; empty metadata gives none.
struct PngChunk {
  char type[5];
  Bytes payload;
};
Result<std::vector<PngChunk>> metadata_chunks(const ImageMetadata& metadata);

}  // namespace laconic
