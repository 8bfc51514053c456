// The encoder's filter in time: what a frame shows, with less of the noise that only it shows. For frames that many others build on: noise
// is dear to code, and useless to predict from. Nothing here is part of the format.
#pragma once

#include <vector>

#include "models/video/residual.h"

namespace laconic::models {

// A frame of the same film and size.
struct NearbyFrame {
  const FramePlanes* planes;
  int distance;  // in frames shown, 1 or more, to either side
};

// The weighted mean of a frame and, along the motion, of those nearby. step: that of the residual (residual_step()).
FramePlanes filter_in_time(const FramePlanes& now, const std::vector<NearbyFrame>& nearby, double step);

}  // namespace laconic::models
