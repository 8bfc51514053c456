// Readers of JPEG, WebP (pixels by OpenCV) and GIF (by FFmpeg). Each looks at the header first: sizes are within limits
// and the bytes are all there before anything is allocated. Orientation of the Exif block is left to the caller.
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/image_file.h"

namespace laconic {

Result<Image> read_jpeg(ByteSpan bytes, const ImageReadOptions& options);
Result<Image> read_webp(ByteSpan bytes, const ImageReadOptions& options);  // of an animation, the first frame
Result<Image> read_gif(ByteSpan bytes, const ImageReadOptions& options);   // the first frame

}  // namespace laconic
