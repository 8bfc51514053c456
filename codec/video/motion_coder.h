// The motion section of a predicted frame (FORMAT.md 17).
#pragma once

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "entropy/context_mixer.h"
#include "models/video/motion.h"

namespace laconic {

// Codes the fields of one frame after another, and learns from each: a new one from every key frame on, and after an error.
class MotionCoder {
 public:
  // rows, columns: of 8x8 blocks, even.
  MotionCoder(int rows, int columns);

  // The bytes are a coder payload without check: see entropy/section.h.
  Result<Bytes> encode(const models::MotionField& motion);
  Result<models::MotionField> decode(ByteSpan payload);

 private:
  models::MotionField before_;  // zero at first
  ContextMixer mixer_;
};

}  // namespace laconic
