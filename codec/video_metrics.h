// How far two films are apart. Neither Torch nor OpenCV.
#pragma once

#include <array>

#include "codec/base/status.h"
#include "codec/video.h"

namespace laconic {

// Mean squared errors of the planes Y, Cb, Cr, on a scale where the largest sample value is 1.
using PlaneErrors = std::array<double, 3>;

// Both frames must have the same size, chroma format and bit depth, else kInvalidArgument.
Result<PlaneErrors> plane_errors(const VideoFrame& a, const VideoFrame& b);

// dB; infinite for 0. Of a clip: of the mean of its frames' errors.
double psnr_of_error(double mean_squared_error);
// (6 Y + Cb + Cr) / 8 of the planes' PSNR; infinite if one of them is.
double yuv_psnr(const PlaneErrors& errors);

}  // namespace laconic
