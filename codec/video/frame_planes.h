// Between a film's frames (Y, Cb, Cr) and the tensors of the transforms (red, green, blue); FORMAT.md 19.
#pragma once

#include <torch/torch.h>

#include "codec/base/status.h"
#include "codec/video.h"

namespace laconic {

// float32 [1, 3, H, W], nominally 0..1 (not clamped), channels-last; H and W rounded up to multiples of 16 by repeating the
// edge. Chroma samples stand for the 2x2 or 2x1 pixels they belong to.
torch::Tensor read_frame(const VideoFrame& frame);

// x_hat: as read_frame gives it. Rounded, clamped, chroma averaged.
Bytes write_frame(const torch::Tensor& x_hat, const VideoFormat& format);

}  // namespace laconic
