#include "tests/support/test_images.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

namespace laconic::test {
namespace {

double sample(const Image& image, size_t index) {
  if (image.bit_depth == 8) return image.samples[index] / 255.0;
  return reinterpret_cast<const uint16_t*>(image.samples.data())[index] / 65535.0;
}

void set_sample(Image& image, size_t index, double value) {
  const double clamped = std::clamp(value, 0.0, 1.0);
  if (image.bit_depth == 8) image.samples[index] = static_cast<uint8_t>(std::lround(clamped * 255));
  else reinterpret_cast<uint16_t*>(image.samples.data())[index] = static_cast<uint16_t>(std::lround(clamped * 65535));
}

struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() : path(std::filesystem::temp_directory_path() / ("laconic_test_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

Image draw_image(int width_px, int height_px, int num_channels, int bit_depth, bool hard_alpha) {
  Image image;
  image.width_px = width_px;
  image.height_px = height_px;
  image.num_channels = num_channels;
  image.bit_depth = bit_depth;
  image.samples.resize(image.size_bytes());
  uint32_t noise = 12345;
  for (int y = 0; y < height_px; ++y) {
    for (int x = 0; x < width_px; ++x) {
      for (int c = 0; c < num_channels; ++c) {
        noise = noise * 1664525u + 1013904223u;
        double value = 0.5 + 0.3 * std::sin(x * 0.021 * (c + 1) + c) + 0.15 * std::cos(y * 0.033 + 2 * c) + 0.02 * ((noise >> 16) / 65536.0 - 0.5);
        if (image.has_alpha() && c == num_channels - 1) {
          const double distance = std::hypot(x - width_px / 2.0, y - height_px / 2.0) - 0.35 * std::min(width_px, height_px);
          value = hard_alpha ? (distance < 0 ? 1 : 0) : 0.5 - distance / 20;
        }
        set_sample(image, (static_cast<size_t>(y) * width_px + x) * num_channels + c, value);
      }
    }
  }
  return image;
}

double psnr(const Image& a, const Image& b, bool of_alpha) {
  double sum = 0;
  size_t count = 0;
  const size_t num_samples = a.samples.size() / a.bytes_per_sample();
  for (size_t i = 0; i < num_samples; ++i) {
    const bool is_alpha = a.has_alpha() && i % a.num_channels == static_cast<size_t>(a.num_channels) - 1;
    if (is_alpha != of_alpha) continue;
    const double difference = sample(a, i) - sample(b, i);
    sum += difference * difference;
    ++count;
  }
  return -10 * std::log10(std::max(sum / std::max<size_t>(1, count), 1e-12));
}

double largest_difference(const Image& a, const Image& b) {
  double largest = 0;
  const size_t num_samples = a.samples.size() / a.bytes_per_sample();
  for (size_t i = 0; i < num_samples; ++i) largest = std::max(largest, std::abs(sample(a, i) - sample(b, i)) * 255);
  return largest;
}

Image crop(const Image& image, const Rect& rect) {
  Image part = image;
  part.width_px = rect.width;
  part.height_px = rect.height;
  part.samples.clear();
  const size_t pixel_bytes = static_cast<size_t>(image.num_channels) * image.bytes_per_sample();
  for (int y = 0; y < rect.height; ++y) {
    const auto start = image.samples.begin() + static_cast<ptrdiff_t>((rect.y + y) * image.row_bytes() + rect.x * pixel_bytes);
    part.samples.insert(part.samples.end(), start, start + static_cast<ptrdiff_t>(rect.width * pixel_bytes));
  }
  return part;
}

std::string temporary_path(const std::string& name) {
  static const TemporaryFolder folder;
  return (folder.path / name).string();
}

}  // namespace laconic::test
