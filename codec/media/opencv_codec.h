// OpenCV's decoders and encoders, the only place that names OpenCV. Its exceptions end here.
#pragma once

#include <vector>

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

// image: allocated as the file's header promises. Decoded straight into it where OpenCV agrees; where it finds other
// channels or another depth, image is changed to those. Colour comes as RGB, as the file stores it (no orientation).
// OpenCV's own limits hold as well: 2^30 pixels, 2^20 a side (it reads OPENCV_IO_MAX_IMAGE_PIXELS when it is loaded).
Status decode_with_opencv(ByteSpan bytes, const char* format_name, Image& image);

enum class OpencvFormat { kJpeg, kWebp };

// quality: 1..100; for WebP above 100 means lossless. image: what the format can hold.
Result<Bytes> encode_with_opencv(const Image& image, OpencvFormat format, int quality);

}  // namespace laconic
