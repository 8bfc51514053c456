#include "tests/support/test_films.h"

#include <algorithm>
#include <cmath>

namespace laconic::test {

VideoFormat format_of(int width, int height, ChromaFormat chroma, int bit_depth) {
  VideoFormat format;
  format.width_px = width;
  format.height_px = height;
  format.chroma = chroma;
  format.bit_depth = bit_depth;
  return format;
}

VideoFrame draw_frame(const VideoFormat& format, int t) {
  VideoFrame frame;
  frame.format = format;
  frame.pts_ticks = 100 + 7 * t;
  frame.duration_ticks = 7;
  for (int plane = 0; plane < 3; ++plane) {
    const int width = format.plane_width(plane), height = format.plane_height(plane);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const double u = static_cast<double>(x) / width, v = static_cast<double>(y) / height;
        const double distance = std::hypot((u - 0.3 - 0.02 * t) * 2, v - 0.5);
        double value = plane == 0 ? 90 + 40 * std::sin(20 * (u + v)) : 120 + 10 * plane;
        if (distance < 0.25) value = plane == 0 ? 180 : 100 + 40 * plane;
        const int sample = static_cast<int>(value * (format.bit_depth == 10 ? 4 : 1));
        frame.samples.push_back(static_cast<uint8_t>(sample));
        if (format.bit_depth == 10) frame.samples.push_back(static_cast<uint8_t>(sample >> 8));
      }
    }
  }
  return frame;
}

double psnr(const VideoFrame& a, const VideoFrame& b) {
  double sum = 0;
  size_t count = 0;
  const int bytes = a.format.bytes_per_sample();
  for (size_t i = 0; i + bytes <= a.samples.size(); i += bytes, ++count) {
    const auto sample = [&](const VideoFrame& f) { return bytes == 1 ? f.samples[i] : f.samples[i] | f.samples[i + 1] << 8; };
    sum += std::pow(sample(a) - sample(b), 2);
  }
  return 20 * std::log10((1 << a.format.bit_depth) - 1) - 10 * std::log10(std::max(sum / static_cast<double>(count), 1e-9));
}

}  // namespace laconic::test
