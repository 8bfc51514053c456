// The segment structure of a JPEG file (ITU-T T.81, annex B), without its pixels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

struct JpegOutline {
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  int bit_depth = 0;  // of the frame header: 8 in what is read
  int num_components = 0;
  bool has_adobe_marker = false;  // with 4 components: CMYK is stored inverted
  uint64_t entropy_bytes = 0;     // of all scans
  ImageMetadata metadata;
};

// Refuses what has no end-of-image marker, is too large for limits, or is of a kind that is not read.
Result<JpegOutline> outline_jpeg(ByteSpan bytes, const Limits& limits, std::vector<std::string>* warnings);

// A copy of a JPEG file with application segments inserted. What does not fit into segments is left out with a warning.
Result<Bytes> with_jpeg_metadata(ByteSpan jpeg, const ImageMetadata& metadata, std::vector<std::string>* warnings);

}  // namespace laconic
