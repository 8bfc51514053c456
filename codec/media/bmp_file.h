// BMP, read and written here: OpenCV takes OS/2 files for grey, loses its place in run lengths and writes no alpha.
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/byte_sink.h"
#include "codec/media/image_file.h"

namespace laconic {

// 1, 4, 8 (palette, run lengths), 16, 24 and 32 bits a pixel. A palette of greys gives one channel.
Result<Image> read_bmp(ByteSpan bytes, const ImageReadOptions& options);

// 8 bits; 1, 3 or 4 channels.
Status write_bmp(const Image& image, ByteSink& sink);

}  // namespace laconic
