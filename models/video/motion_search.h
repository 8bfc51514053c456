// The encoder's search for block motion. Nothing here is part of the format: any field decodes.
#pragma once

#include <cstdint>
#include <vector>

#include "models/video/biprediction.h"

namespace laconic::models {

// 8-bit brightness of a padded frame, for the search alone.
struct LumaPlane {
  int width = 0, height = 0;  // multiples of 16
  std::vector<uint8_t> samples;
};

// luma: float32 [1, 1, H, W], 0..255.
LumaPlane luma_of(const torch::Tensor& luma);

// Finds vectors that make the blocks of `now` resemble `before`, as far as that saves bits. step: that of the residual (residual_step()).
// before_motion: the field of the frame before, may be empty. distance: how many frames lie between the two, and one more.
MotionField search_motion(const LumaPlane& now, const LumaPlane& before, double step, const MotionField& before_motion, int distance);

// The same for a frame between two. direct: the vectors of direct prediction.
BiMotion search_bi_motion(const LumaPlane& now, const torch::Tensor& past_luma, const torch::Tensor& future_luma, double step, const BiMotion& direct);

// What a frame's difference from its reference costs once it is coded, about: error + lambda * bits.
double difference_price(const LumaPlane& now, const LumaPlane& reference, double step);

// Mean absolute difference, 0..255, of a frame from another, fetched along the motion (by whole pixels).
double difference_along(const MotionField& motion, const LumaPlane& now, const LumaPlane& before);
// Mean absolute difference of a frame from the means of its 16x16 blocks: what coding it anew would face.
double activity_of(const LumaPlane& now);

}  // namespace laconic::models
