// Picture files: PNG, JPEG, WebP, TIFF, BMP, PNM in and out, GIF in.
//
//   std::vector<std::string> warnings;
//   Result<Image> image = read_image("photo.jpg", {Limits(), &warnings});
//   Status status = write_image(*image, "photo.png", {});
//
// The format of an input is found from its content. Exif orientation is applied: samples come upright and the tag
// inside the kept Exif block says 1. ICC, Exif and XMP travel byte for byte otherwise. All functions are thread-safe;
// no exception leaves.
#pragma once

#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

struct ImageReadOptions {
  Limits limits;  // sizes are compared before samples are allocated
  // One sentence for each thing left behind ("animated: only the first frame is read"); may be null.
  std::vector<std::string>* warnings = nullptr;
};

struct ImageWriteOptions {
  // png jpg jpeg webp tif tiff ppm pgm pnm bmp; empty = from the extension. Always needed for "-".
  std::string format;
  int jpeg_quality = 95;       // 1..100
  int webp_quality = 95;       // 1..100
  bool webp_lossless = false;  // colours under fully transparent pixels may still change
  int png_level = 2;           // 0..9 as in zlib; 6 takes three times as long and is not smaller on photographs
  // One sentence for each thing the format cannot hold: alpha, 16 bits, a metadata block; may be null.
  std::vector<std::string>* warnings = nullptr;
};

// path: "-" is standard input. Truncated files give kNeedMoreData, damaged ones kCorrupt, formats not read
// kUnsupported.
Result<Image> read_image(const std::string& path, const ImageReadOptions& options);
Result<Image> read_image_bytes(ByteSpan bytes, const ImageReadOptions& options);

// path: "-" is standard output. The target is complete or untouched (atomic_file.h).
Status write_image(const Image& image, const std::string& path, const ImageWriteOptions& options);
// format: as ImageWriteOptions::format, which is not looked at here.
Result<Bytes> encode_image_bytes(const Image& image, const std::string& format, const ImageWriteOptions& options);

}  // namespace laconic
