// A plot of curves over one axis, drawn with OpenCV.
#pragma once

#include <string>
#include <vector>

#include "codec/image.h"

namespace laconic {

struct LinePlot {
  std::string title, x_label;
  struct Curve {
    std::string name;
    std::vector<double> values;  // at 0, 1, 2, ...; what is not finite leaves a gap
  };
  std::vector<Curve> curves;  // up to five have colours of their own
};

// RGB, 960 x 480.
Image draw_plot(const LinePlot& plot);

}  // namespace laconic
