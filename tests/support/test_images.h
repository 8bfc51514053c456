// Pictures drawn by the tests.
#pragma once

#include <cstdint>
#include <string>

#include "codec/image.h"

namespace laconic::test {

// Smooth waves with some noise; alpha, if any, is a soft disc, or with `hard_alpha` a disc of 0 and the largest value.
Image draw_image(int width_px, int height_px, int num_channels, int bit_depth, bool hard_alpha = false);

// Over colour channels, or over alpha alone; dB, 8-bit scale or 16-bit scale as the pictures are. Sizes must agree.
double psnr(const Image& a, const Image& b, bool of_alpha = false);

// Largest difference of two samples, in units of 1/255.
double largest_difference(const Image& a, const Image& b);

// The picture's part; metadata is kept.
Image crop(const Image& image, const Rect& rect);

// A path in a folder of this process's own that is removed at exit.
std::string temporary_path(const std::string& name);

}  // namespace laconic::test
