#include "codec/video_metrics.h"

#include <cmath>
#include <cstring>
#include <string>

namespace laconic {
namespace {

std::string describe(const VideoFormat& format) {
  static constexpr const char* kChroma[] = {"4:2:0", "4:2:2", "4:4:4"};
  return std::to_string(format.width_px) + "x" + std::to_string(format.height_px) + " " +
         kChroma[static_cast<int>(format.chroma)] + " of " + std::to_string(format.bit_depth) + " bits";
}

template <typename Sample>
uint64_t squared_error(const uint8_t* a, const uint8_t* b, size_t num_samples) {
  uint64_t sum = 0;
  for (size_t i = 0; i < num_samples; ++i) {
    Sample x = 0, y = 0;
    std::memcpy(&x, a + i * sizeof(Sample), sizeof(Sample));
    std::memcpy(&y, b + i * sizeof(Sample), sizeof(Sample));
    const int64_t difference = static_cast<int64_t>(x) - y;
    sum += static_cast<uint64_t>(difference * difference);
  }
  return sum;
}

}  // namespace

Result<PlaneErrors> plane_errors(const VideoFrame& a, const VideoFrame& b) {
  const VideoFormat& format = a.format;
  if (format.width_px != b.format.width_px || format.height_px != b.format.height_px ||
      format.chroma != b.format.chroma || format.bit_depth != b.format.bit_depth) {
    return invalid_argument("the films differ in form: " + describe(a.format) + " and " + describe(b.format));
  }
  LACONIC_CHECK(a.samples.size() == format.frame_bytes() && b.samples.size() == format.frame_bytes());
  const double peak = (1 << format.bit_depth) - 1;
  PlaneErrors errors{};
  size_t offset = 0;
  for (int p = 0; p < 3; ++p) {
    const size_t num_samples = format.plane_bytes(p) / static_cast<size_t>(format.bytes_per_sample());
    const uint8_t* x = a.samples.data() + offset;
    const uint8_t* y = b.samples.data() + offset;
    const uint64_t sum = format.bytes_per_sample() == 2 ? squared_error<uint16_t>(x, y, num_samples)
                                                        : squared_error<uint8_t>(x, y, num_samples);
    errors[static_cast<size_t>(p)] = static_cast<double>(sum) / static_cast<double>(num_samples) / (peak * peak);
    offset += format.plane_bytes(p);
  }
  return errors;
}

double psnr_of_error(double mean_squared_error) { return mean_squared_error > 0 ? -10 * std::log10(mean_squared_error) : INFINITY; }

double yuv_psnr(const PlaneErrors& errors) {
  return (6 * psnr_of_error(errors[0]) + psnr_of_error(errors[1]) + psnr_of_error(errors[2])) / 8;
}

}  // namespace laconic
