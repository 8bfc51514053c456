// What the loop filter's network reads and what becomes of what it says: between planes of samples and tensors of a quarter of their
// height and width. Both functions exist twice: in LibTorch's operations, for gradients and GPUs, and as plain loops that pass once over
// the samples, which take a tenth of the time on a CPU.
#pragma once

#include <torch/torch.h>

#include "models/video/residual.h"

namespace laconic::models {

constexpr int kFilterFold = 4;                                                                              // samples of luma on a side of a position
constexpr int kCorrections = kFilterFold * kFilterFold + 2 * (kFilterFold / 2) * (kFilterFold / 2);         // per position: luma, Cb, Cr
constexpr int kFilterFeatures = 3 * kCorrections + 1;

// coded, reference: of one frame or of several ([N, ...]); steps: float32 [N]. Returns float32 [N, kFilterFeatures, H / 4, W / 4],
// channels last: by sample of the position its level, its difference from the mean of the 9x9 samples around, its difference from the
// reference, the latter two in steps; and once how coarse the step is. Chroma as large as luma is halved.
torch::Tensor filter_features(const FramePlanes& coded, const FramePlanes& reference, const torch::Tensor& steps);

// correction: float32 [N, kCorrections, H / 4, W / 4], in steps, added to the samples of each position.
FramePlanes add_correction(const FramePlanes& coded, const torch::Tensor& correction, const torch::Tensor& steps);

}  // namespace laconic::models
