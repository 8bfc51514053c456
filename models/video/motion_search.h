// The encoder's search for block motion. Nothing here is part of the format: any field decodes.
#pragma once

#include <cstdint>
#include <vector>

#include "models/image/config.h"
#include "models/video/motion.h"

namespace laconic::models {

// 8-bit brightness of a padded frame, for the search alone.
struct LumaPlane {
  int width = 0, height = 0;  // multiples of 16
  std::vector<uint8_t> samples;
};

// x: float32 [1, 3, H, W] RGB 0..1 -> rounded BT.601 luma.
LumaPlane luma_of(const torch::Tensor& x);

// Squared difference that a bit of vector must save at a quality step: 0.3 squared quantisation steps in 0..255 (lambda of the
// reference encoders of H.264 is 0.136; measured, models/TRAINING.md). Squares: where a frame is predicted well, a bit less is worth little.
inline double motion_bit_price(const ImageConfig& c, double quality_step) {
  const double step = 255 * quantisation_step_at(c, quality_step);
  return 0.3 * step * step;
}

struct MotionSearchResult {
  MotionField motion;
  double mean_error = 0;     // mean absolute difference after compensation, 0..255
  double mean_activity = 0;  // mean absolute difference of the frame from its blocks' means: what coding it anew would face
};

// Finds vectors that make the blocks of `now` resemble `before`; bit_price: squared difference that one bit of vector must
// save. before_motion: the field of the frame before, may be empty.
MotionSearchResult search_motion(const LumaPlane& now, const LumaPlane& before, double bit_price, const MotionField& before_motion);

}  // namespace laconic::models
