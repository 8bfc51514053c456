// Films drawn by the tests.
#pragma once

#include "codec/video.h"

namespace laconic::test {

VideoFormat format_of(int width_px, int height_px, ChromaFormat chroma = ChromaFormat::k420, int bit_depth = 8);

// Frame t of a disc that wanders over slanting stripes; pts 100 + 7 t, duration 7.
VideoFrame draw_frame(const VideoFormat& format, int t);

// Over all samples of all planes, dB.
double psnr(const VideoFrame& a, const VideoFrame& b);

}  // namespace laconic::test
