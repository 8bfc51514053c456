#include "codec/media/line_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/imgproc.hpp>

namespace laconic {
namespace {

constexpr int kWidth_px = 960, kHeight_px = 480;
constexpr int kLeft_px = 70, kRight_px = 20, kTop_px = 50, kBottom_px = 50;
const cv::Scalar kColours[] = {{31, 119, 180}, {255, 127, 14}, {44, 160, 44}, {214, 39, 40}, {148, 103, 189}};

struct Range {
  double low = 0, high = 1;
};

Range range_of(const LinePlot& plot) {
  Range range{INFINITY, -INFINITY};
  for (const auto& curve : plot.curves) {
    for (const double value : curve.values) {
      if (!std::isfinite(value)) continue;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  if (range.low > range.high) return {};
  return {std::floor(range.low - 0.5), std::ceil(range.high + 0.5)};
}

// 1, 2 or 5 times a power of ten, for at most about eight lines.
double grid_step(double span) {
  const double power = std::pow(10, std::floor(std::log10(span / 8)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (span / (factor * power) <= 8) return factor * power;
  }
  return 10 * power;
}

class Canvas {
 public:
  Canvas(Image& image, Range x, Range y) : pixels_(image.height_px, image.width_px, CV_8UC3, image.samples.data()), x_(x), y_(y) {}

  cv::Point at(double x, double y) const {
    const double across = (x - x_.low) / (x_.high - x_.low), up = (y - y_.low) / (y_.high - y_.low);
    return {kLeft_px + static_cast<int>(std::lround(across * (kWidth_px - kLeft_px - kRight_px))),
            kHeight_px - kBottom_px - static_cast<int>(std::lround(up * (kHeight_px - kTop_px - kBottom_px)))};
  }
  void line(cv::Point a, cv::Point b, const cv::Scalar& colour) { cv::line(pixels_, a, b, colour, 1, cv::LINE_AA); }
  void text(const std::string& text, cv::Point at, const cv::Scalar& colour = {40, 40, 40}) {
    cv::putText(pixels_, text, at, cv::FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv::LINE_AA);
  }
  void grid() {
    for (double y = std::ceil(y_.low / grid_step(y_.high - y_.low)) * grid_step(y_.high - y_.low); y <= y_.high;
         y += grid_step(y_.high - y_.low)) {
      line(at(x_.low, y), at(x_.high, y), {225, 225, 225});
      text(label(y), at(x_.low, y) + cv::Point(-50, 5));
    }
    for (double x = 0; x <= x_.high; x += std::max(1.0, grid_step(x_.high - x_.low))) {
      line(at(x, y_.low), at(x, y_.high), {225, 225, 225});
      text(label(x), at(x, y_.low) + cv::Point(-8, 20));
    }
  }

 private:
  static std::string label(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%g", value);
    return text;
  }
  cv::Mat pixels_;
  const Range x_, y_;
};

}  // namespace

Image draw_plot(const LinePlot& plot) {
  Image image;
  image.width_px = kWidth_px;
  image.height_px = kHeight_px;
  image.samples.assign(image.size_bytes(), 255);
  size_t num_values = 2;
  for (const auto& curve : plot.curves) num_values = std::max(num_values, curve.values.size());
  Canvas canvas(image, {0, static_cast<double>(num_values - 1)}, range_of(plot));
  canvas.grid();
  canvas.text(plot.title, {kLeft_px, 20});
  canvas.text(plot.x_label, {kWidth_px / 2, kHeight_px - 10});
  for (size_t c = 0; c < plot.curves.size(); ++c) {
    const auto& values = plot.curves[c].values;
    const cv::Scalar& colour = kColours[c % std::size(kColours)];
    canvas.text(plot.curves[c].name, {kLeft_px + static_cast<int>(c) * 130, 40}, colour);
    for (size_t i = 1; i < values.size(); ++i) {
      if (!std::isfinite(values[i - 1]) || !std::isfinite(values[i])) continue;
      canvas.line(canvas.at(static_cast<double>(i - 1), values[i - 1]), canvas.at(static_cast<double>(i), values[i]), colour);
    }
  }
  return image;
}

}  // namespace laconic
