// The frames that others are predicted from, in encoder and decoder alike (FORMAT.md 16).
#pragma once

#include <cstdint>
#include <map>

#include "models/video/biprediction.h"

namespace laconic {

// A decoded frame: planes neither rounded nor clamped, and the motion it was coded with.
struct ReferenceFrame {
  models::FramePlanes planes;
  models::MotionField past, future;              // from the frames below; empty: none
  uint32_t past_number = 0, future_number = 0;
};

class ReferenceFrames {
 public:
  bool empty() const { return frames_.empty(); }
  void clear() { frames_.clear(); }
  bool has(uint32_t number) const { return frames_.count(number) > 0; }
  // number: since the key frame, in the order of showing.
  const ReferenceFrame& at(uint32_t number) const { return frames_.at(number); }
  void add(uint32_t number, ReferenceFrame frame) { frames_[number] = std::move(frame); }
  // Frames shown before `number` are not needed any more.
  void forget_before(uint32_t number) { frames_.erase(frames_.begin(), frames_.lower_bound(number)); }

  // What a frame that is not there yet is predicted from: the nearest frame before it, which has to be there, and the nearest after it, if any.
  struct Neighbours {
    uint32_t past = 0, future = 0;
    bool has_future = false;
  };
  Neighbours neighbours_of(uint32_t number) const;
  // The vectors of direct prediction: from the motion that one of the two neighbours was coded with from the other, or 0.
  models::BiMotion direct_motion_of(uint32_t number, const Neighbours& neighbours) const;

 private:
  std::map<uint32_t, ReferenceFrame> frames_;
};

}  // namespace laconic
