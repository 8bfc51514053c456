// A film's frames in memory, as readers give them and writers take them. No Torch, no FFmpeg.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/base/span.h"

namespace laconic {

enum class ChromaFormat : uint8_t { k420 = 0, k422 = 1, k444 = 2 };

// Code points of ITU-T H.273; 2 means unspecified.
struct VideoColour {
  uint8_t primaries = 2;
  uint8_t transfer = 2;
  uint8_t matrix = 2;
  bool is_full_range = false;
};

// What does not change within a stream.
struct VideoFormat {
  int width_px = 0;
  int height_px = 0;
  ChromaFormat chroma = ChromaFormat::k420;
  int bit_depth = 8;  // 8 or 10
  VideoColour colour;

  int bytes_per_sample() const { return bit_depth > 8 ? 2 : 1; }
  // Of plane 0 (luma), 1 (Cb), 2 (Cr); odd sizes round up.
  int plane_width(int plane) const { return plane && chroma != ChromaFormat::k444 ? (width_px + 1) / 2 : width_px; }
  int plane_height(int plane) const { return plane && chroma == ChromaFormat::k420 ? (height_px + 1) / 2 : height_px; }
  size_t plane_bytes(int plane) const {
    return static_cast<size_t>(plane_width(plane)) * plane_height(plane) * bytes_per_sample();
  }
  size_t frame_bytes() const { return plane_bytes(0) + plane_bytes(1) + plane_bytes(2); }
};

// Planes Y, Cb, Cr one after the other, row-major, no padding; samples above 8 bits are native-endian uint16_t.
struct VideoFrame {
  VideoFormat format;
  Bytes samples;
  int64_t pts_ticks = 0;       // in the time base of its stream
  int64_t duration_ticks = 0;  // 0 if unknown
};

// What one frame becomes.
struct VideoPacket {
  Bytes bytes;
  int64_t pts_ticks = 0;
  int64_t duration_ticks = 0;
  bool is_key_frame = false;
};

}  // namespace laconic
