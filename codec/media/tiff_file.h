// TIFF: read by OpenCV's libtiff (grey with alpha by FFmpeg), written here: strips, Deflate with prediction.
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/image_file.h"

namespace laconic {

// Of several pages the first. ICC profile and XMP packet are kept; the Orientation tag is applied.
Result<Image> read_tiff(ByteSpan bytes, const ImageReadOptions& options);

// 1..4 channels, 8 or 16 bits; of the metadata, icc and xmp.
Result<Bytes> write_tiff(const Image& image, const ImageMetadata& metadata);

}  // namespace laconic
