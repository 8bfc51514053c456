// Between a film's frames (Y, Cb, Cr), the tensors that predicted frames are coded in, and those of the image transforms (red, green,
// blue); FORMAT.md 19.
#pragma once

#include <torch/torch.h>

#include "codec/base/status.h"
#include "codec/video.h"
#include "models/video/residual.h"

namespace laconic {

// Sizes rounded up to multiples of 16 pixels by repeating the edge. Chroma of 4:2:2 gets two samples for each.
models::FramePlanes read_frame(const VideoFrame& frame);
// Rounded and clamped.
Bytes write_frame(const models::FramePlanes& planes, const VideoFormat& format);

// float32 [1, 3, H, W], nominally 0..1, channels-last. A chroma sample stands for all its pixels; on the way back it is their mean.
torch::Tensor to_rgb(const models::FramePlanes& planes, const VideoColour& colour);
models::FramePlanes from_rgb(const torch::Tensor& x, const VideoFormat& format);

}  // namespace laconic
