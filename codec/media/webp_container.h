// The RIFF container of WebP (RFC 9649, section 2), without its pixels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

// A frame of an animation that does not fill the canvas, or of which only the first is read.
struct WebpFrame {
  uint32_t x_px = 0;
  uint32_t y_px = 0;
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  Bytes file;  // the frame as a still WebP file
};

struct WebpOutline {
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  bool has_alpha = false;
  ImageMetadata metadata;
  std::optional<WebpFrame> first_frame;  // of an animation; else empty
};

// Refuses what is cut off or too large for limits.
Result<WebpOutline> outline_webp(ByteSpan bytes, const Limits& limits);

// A still WebP file, rewritten with metadata chunks.
Result<Bytes> with_webp_metadata(ByteSpan webp, const ImageMetadata& metadata);

}  // namespace laconic
