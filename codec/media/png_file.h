// PNG through libpng, row by row between the file and Image::samples: peak memory is one copy of the samples.
// Metadata chunks (iCCP, eXIf, iTXt with XMP) go past libpng, which would judge and change them.
#pragma once

#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/byte_sink.h"
#include "codec/media/image_file.h"
#include "codec/media/input_file.h"

namespace laconic {

Result<Image> read_png(const InputFile& input, const ImageReadOptions& options);

// The image has been checked; metadata: what is to be kept of it. level: 0..9.
Status write_png(const Image& image, const ImageMetadata& metadata, int level, ByteSink& sink);

}  // namespace laconic
