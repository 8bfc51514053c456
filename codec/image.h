// A picture in memory, as readers give it and writers take it. No Torch, no FFmpeg.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/base/span.h"

namespace laconic {

// Blocks that travel with a picture byte for byte; empty means absent.
struct ImageMetadata {
  Bytes icc;   // ICC profile
  Bytes exif;  // TIFF structure, without JPEG's "Exif\0\0" prefix
  Bytes xmp;   // XML packet
};

// Channels: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; alpha is not premultiplied.
struct Image {
  int width_px = 0;
  int height_px = 0;
  int num_channels = 3;
  int bit_depth = 8;  // 8 or 16
  // Row-major, channels interleaved, no padding; 16-bit samples are native-endian uint16_t, two bytes each.
  Bytes samples;
  ImageMetadata metadata;

  bool is_grey() const { return num_channels <= 2; }
  bool has_alpha() const { return num_channels == 2 || num_channels == 4; }
  int bytes_per_sample() const { return bit_depth == 16 ? 2 : 1; }
  size_t row_bytes() const { return static_cast<size_t>(width_px) * num_channels * bytes_per_sample(); }
  size_t size_bytes() const { return row_bytes() * static_cast<size_t>(height_px); }
};

// A rectangle in pixels; inside the picture it is applied to.
struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

}  // namespace laconic
