// How many short blocks each frame is cut into: an encoder's choice, which decoders only read.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "models/audio/lapped_transform.h"

namespace laconic::models {

// samples: float32 [C, (T + 1) * kHop], frame t seeing [t, t + 2) * kHop of them. step: of the quantiser. Result: T numbers, those
// whose coefficients would take the fewest bits, sum of log2(1 + |coefficient| / step).
std::vector<int> choose_blocks(const LappedTransform& transform, const torch::Tensor& samples, double step);

// Coefficients float32 [C, T, kHop] of these frames; blocks: T + 2 numbers, with those of the frames before and after.
torch::Tensor analyse_frames(const LappedTransform& transform, const torch::Tensor& samples, const std::vector<int>& blocks);

}  // namespace laconic::models
