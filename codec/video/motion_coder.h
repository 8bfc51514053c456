// The motion section of a predicted frame (FORMAT.md 17).
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "models/video/motion.h"

namespace laconic {

// The bytes are a coder payload without check: see entropy/section.h.
Result<Bytes> encode_motion(const models::MotionField& motion);

// rows, columns: of 8x8 blocks, even.
Result<models::MotionField> decode_motion(ByteSpan payload, int rows, int columns);

}  // namespace laconic
