// What the encoder learns from frames, much reduced, before it codes them: where scenes are cut, how much stays, and whether
// frames are worth coding between others. Nothing here is part of the format.
#pragma once

#include <vector>

#include "models/video/motion_search.h"

namespace laconic {

// A quarter of the height and width, rounded up to what the motion search takes. luma: as in models::FramePlanes.
models::LumaPlane reduced_luma(const torch::Tensor& luma);

// How a frame differs from the one before it, along the motion.
struct FrameChange {
  double difference = 255;  // mean, absolute, 0..255
  double share = 1;         // of what coding the frame anew would face

  bool is_scene_cut() const;
};
FrameChange change_between(const models::LumaPlane& now, const models::LumaPlane& before);

// Should the frames be coded last first and the others between (B-frames), or one after another? before: what the first is predicted from as
// decoders have it. step: that of the residual.
bool gains_between(const models::LumaPlane& before, const std::vector<const models::LumaPlane*>& frames, double step);

}  // namespace laconic
