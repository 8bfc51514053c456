// Which picture format bytes or a file name mean, and what each format can hold.
#pragma once

#include <cstdint>
#include <string>

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

enum class ImageFormat { kPng, kJpeg, kWebp, kTiff, kGif, kBmp, kPnm };

// From the first bytes. What is not read gives kUnsupported, by its name where it is known.
Result<ImageFormat> detect_image_format(ByteSpan bytes);

// What a written file can hold. Where it cannot, see adapt_image().
struct ImageTarget {
  const char* extension;  // without the dot, lower case
  const char* name;       // for messages
  ImageFormat format;
  bool grey;
  bool colour;
  bool alpha;
  bool grey_with_alpha;
  bool sixteen_bits;
  uint32_t max_side_px;
  bool icc, exif, xmp;
};

// format as in ImageWriteOptions: "" = from the extension of path.
Result<const ImageTarget*> find_image_target(const std::string& format, const std::string& path);

}  // namespace laconic
