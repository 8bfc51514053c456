// Better latents for the same decoder: what the encoder's effort buys (design.md section 7).
//
// Lowers J = bits + lambda 255^2 (squared error / 3) over the latents of one superblock; z_hat stays. A step
//   - makes y_hat = mean + r, where r is chosen among round(v), its neighbour nearer 0 and 0 by the real tables' bits and the
//     squared error of the latent alone (the first step: round(v)),
//   - then moves y from y_hat against the gradient of what the choice left out: the error of all latents together, through
//     g_s, and the bits that later passes spend, through the means.
// The best J seen is kept. Where J rises, latents hang together more than the error of each alone tells: their parabolas are made twice
// as steep and the search goes on from the best. Without that, a picture of fine texture can run away from what it was. A descent on y without rounding beforehand,
// annealed rounding (SGA) and steps with other curvatures were tried: models/TRAINING.md.
#pragma once

#include <torch/torch.h>

#include "codec/format/geometry.h"
#include "codec/image/model_impl.h"

namespace laconic {

// What a level 0..9 does; a step costs about a decode and a half of the superblock.
struct EffortPlan {
  int num_steps = 0;  // 0: plain rounding
  bool is_one_pass() const { return num_steps == 0; }
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
