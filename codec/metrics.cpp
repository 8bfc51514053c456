#include "codec/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace laconic {
namespace {

constexpr int kNumScales = 5;
constexpr int kWindow = 11;
constexpr double kSigma = 1.5;
constexpr int kMinSide = (kWindow - 1) * (1 << (kNumScales - 1)) + 1;  // the smallest scale still holds a window
// Wang 2003, section 3.2: exponents of the scales, from the finest.
constexpr std::array<double, kNumScales> kWeights = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
constexpr float kPeak = 255.0f;  // planes are scaled to it whatever the depth
constexpr float kC1 = (0.01f * kPeak) * (0.01f * kPeak);
constexpr float kC2 = (0.03f * kPeak) * (0.03f * kPeak);

int num_colours(const Image& image) { return image.is_grey() ? 1 : 3; }

uint32_t sample_at(const Image& image, size_t index) {
  if (image.bit_depth == 8) return image.samples[index];
  uint16_t value;
  std::memcpy(&value, image.samples.data() + 2 * index, 2);
  return value;
}

std::string describe(const Image& image) {
  return std::to_string(image.width_px) + " x " + std::to_string(image.height_px) + " " +
         (image.is_grey() ? "grey" : "colour");
}

Status check_pair(const Image& a, const Image& b) {
  if (a.width_px != b.width_px || a.height_px != b.height_px || a.is_grey() != b.is_grey()) {
    return invalid_argument("the pictures differ in kind: " + describe(a) + " and " + describe(b));
  }
  for (const Image* image : {&a, &b}) {
    const bool is_sound = image->width_px > 0 && image->height_px > 0 && image->samples.size() == image->size_bytes();
    if (!is_sound) return invalid_argument("a picture of " + describe(*image) + " has no or too few samples");
  }
  return ok_status();
}

// first, count: of the channels compared. Exact: at most 2^32 a sample, far fewer than 2^32 samples.
double psnr_of_channels(const Image& a, const Image& b, int first_a, int first_b, int count) {
  const int depth = std::max(a.bit_depth, b.bit_depth);
  const uint32_t scale_a = a.bit_depth == depth ? 1 : 257;
  const uint32_t scale_b = b.bit_depth == depth ? 1 : 257;
  const size_t num_pixels = static_cast<size_t>(a.width_px) * static_cast<size_t>(a.height_px);
  uint64_t sum = 0;
  for (size_t i = 0; i < num_pixels; ++i) {
    for (int c = 0; c < count; ++c) {
      const int64_t in_a = sample_at(a, i * a.num_channels + first_a + c) * scale_a;
      const int64_t in_b = sample_at(b, i * b.num_channels + first_b + c) * scale_b;
      sum += static_cast<uint64_t>((in_a - in_b) * (in_a - in_b));
    }
  }
  if (sum == 0) return std::numeric_limits<double>::infinity();
  const double peak = depth == 16 ? 65535.0 : 255.0;
  const double mean = static_cast<double>(sum) / (static_cast<double>(num_pixels) * count);
  return 10.0 * std::log10(peak * peak / mean);
}

// One channel at one scale, 0..kPeak.
struct Plane {
  int width = 0;
  int height = 0;
  std::vector<float> values;

  const float* row(int y) const { return values.data() + static_cast<size_t>(y) * width; }
  float* row(int y) { return values.data() + static_cast<size_t>(y) * width; }
};

Plane make_plane(int width, int height) {
  return {width, height, std::vector<float>(static_cast<size_t>(width) * height)};
}

Plane channel_plane(const Image& image, int channel) {
  Plane plane = make_plane(image.width_px, image.height_px);
  const float scale = image.bit_depth == 16 ? kPeak / 65535.0f : kPeak / 255.0f;
  for (size_t i = 0; i < plane.values.size(); ++i) {
    plane.values[i] = scale * static_cast<float>(sample_at(image, i * image.num_channels + channel));
  }
  return plane;
}

// Mean of 2x2. As avg_pool2d does with a padding of side % 2: an odd side gets a zero in front, which counts.
Plane halve(const Plane& plane) {
  const int pad_x = plane.width % 2;
  const int pad_y = plane.height % 2;
  Plane half = make_plane((plane.width + pad_x) / 2, (plane.height + pad_y) / 2);
  const auto at = [&plane](int x, int y) { return x < 0 || y < 0 ? 0.0f : plane.row(y)[x]; };
  for (int y = 0; y < half.height; ++y) {
    for (int x = 0; x < half.width; ++x) {
      const int left = 2 * x - pad_x;
      const int top = 2 * y - pad_y;
      half.row(y)[x] = 0.25f * (at(left, top) + at(left + 1, top) + at(left, top + 1) + at(left + 1, top + 1));
    }
  }
  return half;
}

std::array<float, kWindow> gaussian() {
  std::array<double, kWindow> taps{};
  double sum = 0;
  for (int i = 0; i < kWindow; ++i) {
    const double distance = i - kWindow / 2;
    taps[i] = std::exp(-distance * distance / (2 * kSigma * kSigma));
    sum += taps[i];
  }
  std::array<float, kWindow> normalised{};
  for (int i = 0; i < kWindow; ++i) normalised[i] = static_cast<float>(taps[i] / sum);
  return normalised;
}

// out[i] = sum over taps of taps[t] * sources[t][i]. The compiler turns it into vector code as it stands.
void weigh(const std::array<const float*, kWindow>& sources, int count, const std::array<float, kWindow>& taps,
           float* __restrict out) {
  const std::array<const float*, kWindow> from = sources;
  const std::array<float, kWindow> weight = taps;
  for (int i = 0; i < count; ++i) {
    float sum = 0;
    for (int t = 0; t < kWindow; ++t) sum += weight[t] * from[t][i];
    out[i] = sum;
  }
}

// What the Gaussian window averages.
constexpr int kNumMoments = 5;  // x, y, x^2, y^2, x y
using MomentRows = std::array<std::vector<float>, kNumMoments>;

// One row of each moment, filtered along the row. scratch: as wide as the plane.
void filter_row(const float* x, const float* y, int width, const std::array<float, kWindow>& taps,
                std::vector<float>& scratch, MomentRows& out) {
  const int out_width = width - kWindow + 1;
  for (int moment = 0; moment < kNumMoments; ++moment) {
    const float* first = moment == 1 || moment == 3 ? y : x;
    const float* second = moment == 2 ? x : y;
    const float* source = first;
    if (moment >= 2) {
      for (int i = 0; i < width; ++i) scratch[i] = first[i] * second[i];
      source = scratch.data();
    }
    std::array<const float*, kWindow> shifted;
    for (int tap = 0; tap < kWindow; ++tap) shifted[tap] = source + tap;
    weigh(shifted, out_width, taps, out[moment].data());
  }
}

struct ScaleMeans {
  double ssim = 0;      // luminance, contrast and structure
  double contrast = 0;  // contrast and structure
};

void add_row(const MomentRows& means, int out_width, ScaleMeans& sums) {
  double ssim = 0;
  double contrast = 0;
  for (int i = 0; i < out_width; ++i) {
    const float mu_x = means[0][i];
    const float mu_y = means[1][i];
    const float variance_x = means[2][i] - mu_x * mu_x;
    const float variance_y = means[3][i] - mu_y * mu_y;
    const float covariance = means[4][i] - mu_x * mu_y;
    const float cs = (2 * covariance + kC2) / (variance_x + variance_y + kC2);
    const float luminance = (2 * mu_x * mu_y + kC1) / (mu_x * mu_x + mu_y * mu_y + kC1);
    contrast += cs;
    ssim += luminance * cs;
  }
  sums.ssim += ssim;
  sums.contrast += contrast;
}

// Rows are filtered once and kept in a ring as high as the window, then filtered down the columns.
ScaleMeans compare_planes(const Plane& x, const Plane& y) {
  static const std::array<float, kWindow> taps = gaussian();
  const int out_width = x.width - kWindow + 1;
  const int out_height = x.height - kWindow + 1;
  MomentRows row;
  row.fill(std::vector<float>(static_cast<size_t>(out_width)));
  std::array<MomentRows, kWindow> ring;
  ring.fill(row);
  std::vector<float> scratch(static_cast<size_t>(x.width));
  ScaleMeans sums;
  for (int line = 0; line < x.height; ++line) {
    filter_row(x.row(line), y.row(line), x.width, taps, scratch, ring[line % kWindow]);
    if (line < kWindow - 1) continue;
    for (int moment = 0; moment < kNumMoments; ++moment) {
      std::array<const float*, kWindow> rows;
      for (int tap = 0; tap < kWindow; ++tap) rows[tap] = ring[(line + 1 + tap) % kWindow][moment].data();
      weigh(rows, out_width, taps, row[moment].data());
    }
    add_row(row, out_width, sums);
  }
  const double count = static_cast<double>(out_width) * out_height;
  return {sums.ssim / count, sums.contrast / count};
}

double ms_ssim_of_planes(Plane x, Plane y) {
  double product = 1;
  for (int scale = 0; scale < kNumScales; ++scale) {
    const bool is_last = scale + 1 == kNumScales;
    const ScaleMeans means = compare_planes(x, y);
    product *= std::pow(std::max(is_last ? means.ssim : means.contrast, 0.0), kWeights[scale]);
    if (is_last) break;
    x = halve(x);
    y = halve(y);
  }
  return product;
}

}  // namespace

Result<double> psnr(const Image& a, const Image& b) {
  LACONIC_RETURN_IF_ERROR(check_pair(a, b));
  return psnr_of_channels(a, b, 0, 0, num_colours(a));
}

Result<double> psnr_alpha(const Image& a, const Image& b) {
  LACONIC_RETURN_IF_ERROR(check_pair(a, b));
  if (!a.has_alpha() || !b.has_alpha()) return invalid_argument("one of the pictures has no alpha channel to compare");
  return psnr_of_channels(a, b, a.num_channels - 1, b.num_channels - 1, 1);
}

Result<double> ms_ssim(const Image& a, const Image& b) {
  LACONIC_RETURN_IF_ERROR(check_pair(a, b));
  const int shorter = std::min(a.width_px, a.height_px);
  if (shorter < kMinSide) {
    return invalid_argument("MS-SSIM needs at least " + std::to_string(kMinSide) +
                            " pixels on the shorter side; the pictures have " + std::to_string(shorter));
  }
  double sum = 0;
  for (int channel = 0; channel < num_colours(a); ++channel) {
    sum += ms_ssim_of_planes(channel_plane(a, channel), channel_plane(b, channel));
  }
  return sum / num_colours(a);
}

}  // namespace laconic
