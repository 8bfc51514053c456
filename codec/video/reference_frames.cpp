#include "codec/video/reference_frames.h"

#include "codec/base/status.h"

namespace laconic {

ReferenceFrames::Neighbours ReferenceFrames::neighbours_of(uint32_t number) const {
  const auto after = frames_.upper_bound(number);
  Neighbours neighbours;
  neighbours.has_future = after != frames_.end();
  if (neighbours.has_future) neighbours.future = after->first;
  neighbours.past = std::prev(after)->first;
  return neighbours;
}

models::BiMotion ReferenceFrames::direct_motion_of(uint32_t number, const Neighbours& neighbours) const {
  const ReferenceFrame& past = at(neighbours.past);
  const ReferenceFrame& future = at(neighbours.future);
  models::MotionField between(static_cast<int>(past.planes.luma.size(2)) / models::kMotionBlockPx, static_cast<int>(past.planes.luma.size(3)) / models::kMotionBlockPx);
  if (!future.past.vectors.empty() && future.past_number == neighbours.past) {
    between = future.past;
  } else if (!past.future.vectors.empty() && past.future_number == neighbours.future) {
    between = past.future;
    for (models::MotionVector& v : between.vectors) v = {static_cast<int16_t>(-v.x), static_cast<int16_t>(-v.y)};
  }
  return models::direct_motion(between, static_cast<int>(number - neighbours.past), static_cast<int>(neighbours.future - number));
}

}  // namespace laconic
