// The lapped transform: an MDCT (Princen, Johnson, Bradley 1987) of kHop coefficients a frame with sine windows, orthonormal, with
// perfect reconstruction. A frame may be cut into 2, 4, 8 or 16 short blocks (Edler 1989), so that the error of a sharp onset does
// not spread over the 40 ms before it.
//
// Note [Frames]
// Frame t of a signal sees the samples [(t - 1) kHop, (t + 1) kHop): a first half, whose sum with the second half of frame t - 1
// is the signal again, and a second half. Its blocks, of hop h = kHop / blocks, have their borders at (t - 1/2) kHop + j h. Blocks
// on both sides of a border overlap around it by the hop of the shorter one, with a sine slope; between slopes a window is 1, and
// outside 0. So a half depends on the frame and on the number of blocks of the frame on that side, and on nothing else.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "models/audio/config.h"

namespace laconic::models {

// Immutable after construction; safe to share between threads. blocks: 1, 2, 4, 8 or 16.
class LappedTransform {
 public:
  LappedTransform();

  // samples: float32 [C, 2 * kHop], of C frames with the same blocks: before, in, and after the frame.
  // Result: float32 [C, kHop], blocks interleaved: see Note [Plane] in config.h.
  torch::Tensor analyse(const torch::Tensor& samples, int blocks_before, int blocks, int blocks_after) const;

  // coefficients: float32 [C, kHop]. Results: float32 [C, kHop].
  torch::Tensor first_half(const torch::Tensor& coefficients, int blocks_before, int blocks) const;
  torch::Tensor second_half(const torch::Tensor& coefficients, int blocks, int blocks_after) const;

 private:
  torch::Tensor both_halves(const torch::Tensor& coefficients, int blocks_before, int blocks, int blocks_after) const;

  // Complex factors around an FFT, by log2 of blocks: see Note [Cosines by FFT].
  struct Turns {
    torch::Tensor before_analysis, after_analysis;    // [2 h], [h]
    torch::Tensor before_synthesis, after_synthesis;  // [h], [2 h]
  };
  std::vector<Turns> turns_;
  std::vector<torch::Tensor> windows_;  // [blocks, 2 h], by the blocks of the frame before, of this one, and after
};

}  // namespace laconic::models
