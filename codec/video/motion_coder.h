// The motion of a predicted frame (FORMAT.md 17).
#pragma once

#include "codec/base/status.h"
#include "codec/video/mixed_coder.h"
#include "models/video/motion.h"

namespace laconic {

// Codes the fields of one frame after another, and learns from each: a new one from every key frame on, and after an error.
class MotionCoder {
 public:
  // rows, columns: of 8x8 blocks, even.
  MotionCoder(int rows, int columns);

  Status encode(const models::MotionField& motion, RangeEncoder& encoder);
  Result<models::MotionField> decode(RangeDecoder& decoder);

 private:
  models::MotionField before_;  // zero at first
  ContextMixer mixer_;
};

}  // namespace laconic
