// The motion of a predicted frame (FORMAT.md 17, 17.1).
#pragma once

#include "codec/base/status.h"
#include "codec/video/mixed_coder.h"
#include "models/video/biprediction.h"

namespace laconic {

// Codes the fields of one frame after another, and learns from each: a new one from every key frame on, and after an error.
class MotionCoder {
 public:
  // rows, columns: of 8x8 blocks, even.
  MotionCoder(int rows, int columns);

  Status encode(const models::MotionField& motion, RangeEncoder& encoder);
  Result<models::MotionField> decode(RangeDecoder& decoder);

  // One of the fields of a frame between two. direct: what it is expected to be, and is where `is_coded`, by 16x16 block, says no.
  Status encode(const models::MotionField& motion, const models::MotionField& direct, const std::vector<bool>& is_coded, RangeEncoder& encoder);
  Result<models::MotionField> decode(const models::MotionField& direct, const std::vector<bool>& is_coded, RangeDecoder& decoder);

 private:
  models::MotionField before_;  // zero at first
  ContextMixer mixer_;
};

// Codes the predictions and both fields of one B-frame after another.
class BiMotionCoder {
 public:
  // rows, columns: of 8x8 blocks, even.
  BiMotionCoder(int rows, int columns);

  Status encode(const models::BiMotion& motion, const models::BiMotion& direct, RangeEncoder& encoder);
  Result<models::BiMotion> decode(const models::BiMotion& direct, RangeDecoder& decoder);

 private:
  template <typename Coder>
  bool walk(std::vector<models::Prediction>& predictions, Coder& coder);

  size_t columns_;                          // of 16x16 blocks
  std::vector<models::Prediction> before_;  // direct at first
  ContextMixer mixer_;
  MotionCoder past_, future_;
};

}  // namespace laconic
