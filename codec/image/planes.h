// Between pictures in memory and the tensors of the transforms: one place for bit depths, grey and alpha.
#pragma once

#include <torch/torch.h>

#include "codec/image.h"

namespace laconic {

enum class PlaneSet { kColour, kAlpha };

// float32 [1, 3, height, width] in 0..1, channels-last. The rectangle starts inside the picture and may reach beyond its right
// and lower edge, where the last column and row are repeated. Grey and alpha stand in all three channels.
torch::Tensor read_planes(const Image& image, PlaneSet set, const Rect& rect);

// x_hat: float32 [1, 3, h, w], about 0..1 -> rounded into the picture at (x, y); what reaches beyond the picture is dropped.
// Grey and alpha take the mean of the three channels.
void write_planes(const torch::Tensor& x_hat, PlaneSet set, int x, int y, Image& image);

}  // namespace laconic
