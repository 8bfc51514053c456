// How far two pictures are apart. Neither Torch nor OpenCV.
#pragma once

#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

// Both pictures: the same size and both grey or both colour, else kInvalidArgument. Where the bit depths differ, the
// 8-bit one is widened (255 becomes 65535). Alpha plays no part except in psnr_alpha.

// dB over all colour samples together, peak 2^depth - 1; infinity for identical pictures.
Result<double> psnr(const Image& a, const Image& b);
// The same over alpha alone; both need one.
Result<double> psnr_alpha(const Image& a, const Image& b);

// 0..1, 1 for identical pictures: Wang, Simoncelli and Bovik 2003, five scales, 11x11 Gaussian window of sigma 1.5,
// mean over the channels of what each gives; in details (window inside the picture only, halving by the mean of 2x2) as
// the usual pytorch_msssim. The shorter side must be at least 161 px.
Result<double> ms_ssim(const Image& a, const Image& b);

}  // namespace laconic
