// Better latents for the same decoder: what the encoder's effort buys (design.md section 7).
//
// Over the latents of one superblock, J = bits + lambda 255^2 (squared error / 3) falls in two stages; z_hat stays.
//   descent:   y follows the gradient of J as if nothing were rounded (through g_s and the mean networks)
//   rounding:  y_hat = mean + r, where r is chosen among round(v), its neighbour nearer 0 and 0 by the real tables' bits and
//              the squared error; then y moves from y_hat against the gradient of what the choice left out: the error of
//              all latents together, and the bits that later passes spend
// Rounding starts from plain rounding; long searches keep the best J they have seen, short ones trust their last step.
#pragma once

#include <torch/torch.h>

#include "codec/format/geometry.h"
#include "codec/image/model_impl.h"

namespace laconic {

// How many steps of each stage a level 0..9 takes; a step costs about a decode and a half of the superblock.
struct EffortPlan {
  int descent_steps = 0;
  int rounding_steps = 0;
  bool keeps_best = false;
  bool is_one_pass() const { return rounding_steps == 0; }
};
EffortPlan effort_plan(int effort);

// One superblock and what surrounds it.
struct RefinementInput {
  LatentRect superblock, region;  // region: the superblock with the latents that the synthesis sees around it
  torch::Tensor pixels;           // float32 [1, 3, H, W] of the region's pixels inside the picture
  torch::Tensor y;                // float32 [1, M, h, w] of the region, quantised units
  torch::Tensor z_hat;            // [1, Z, hz, wz] of the superblock
};

// y_hat of the superblock, float32 [1, M, h, w]: the means and whole residuals, so that rounding y_hat - mean gives the
// chosen symbols again.
torch::Tensor refine_latents(const ImageModel::Impl& model, const RefinementInput& input, int quality_step, const EffortPlan& plan);

}  // namespace laconic
