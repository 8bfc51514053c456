// One frame out of one packet by a decoder of FFmpeg, for the stills that OpenCV does not read or reads wrongly.
#pragma once

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

enum class StillDecoder { kGif, kTiff };

// bytes: the whole file, up to 2 GiB; the caller has compared the size in its header with limits. Samples come as 1..4
// channels of 8 or 16 bits, whatever the decoder gives.
Result<Image> decode_frame_with_ffmpeg(StillDecoder kind, ByteSpan bytes, const Limits& limits);

}  // namespace laconic
