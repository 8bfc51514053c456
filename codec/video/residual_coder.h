// The quantised coefficients of a predicted frame (FORMAT.md 18.1).
#pragma once

#include <array>
#include <vector>

#include "codec/base/status.h"
#include "codec/video/mixed_coder.h"
#include "models/video/residual.h"

namespace laconic {

// Codes the residuals of one frame after another, and learns from each: a new one from every key frame on, and after an error.
class ResidualCoder {
 public:
  static constexpr int kMaxSymbol = 32000;  // of either sign

  // rows, columns: of 16x16 blocks. chroma_px: 8 or 16.
  ResidualCoder(int rows, int columns, int chroma_px);

  Status encode(const models::Residual& residual, const models::MotionField& motion, int quality_step, RangeEncoder& encoder);
  Result<models::Residual> decode(const models::MotionField& motion, int quality_step, RangeDecoder& decoder);

 private:
  template <typename Coder>
  class Walk;

  models::Residual before_;  // zero at first
  models::NonzeroMap luma_before_;
  std::array<models::NonzeroMap, 2> chroma_before_;
  ContextMixer blocks_, counts_, symbols_;
};

}  // namespace laconic
