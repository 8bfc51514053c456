// PBM, PGM and PPM, plain and raw (P1..P6), as the netpbm manual pages define them.
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/byte_sink.h"
#include "codec/media/image_file.h"

namespace laconic {

// Samples are scaled from the file's maximum to 255, or to 65535 where that is above 255. Bitmaps become 0 and 255.
Result<Image> read_pnm(ByteSpan bytes, const ImageReadOptions& options);

// P5 for 1 channel, P6 for 3.
Status write_pnm(const Image& image, ByteSink& sink);

}  // namespace laconic
