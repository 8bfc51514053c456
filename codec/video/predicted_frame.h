// Predicted frames: how they are coded, and what encoder and decoder make of what is coded.
//
//   frames before and after --motion--> reference --residual--> coded --loop filter, where its map says so--> frame
//
// The symbols are motion, residual and filter map, one range-coder run (FORMAT.md 17, 18); no probability depends on samples.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/video/motion_coder.h"
#include "codec/video/residual_coder.h"
#include "models/video/loop_filter.h"

namespace laconic {

constexpr int kFilterBlockPx = 64;  // side of the squares that are filtered or not

// By square, raster order: 1 where the loop filter's output is taken.
struct FilterMap {
  int rows = 0, columns = 0;
  std::vector<uint8_t> is_filtered;

  FilterMap() = default;
  FilterMap(int height_px, int width_px);
};

// What is coded of a frame.
struct PredictedFrame {
  models::BiMotion motion;  // of one that is predicted from the past alone: the field `past`, nothing else
  models::Residual residual;
  FilterMap filter;

  bool is_bipredicted() const { return !motion.predictions.empty(); }
};

// Into the hash of a packet's symbols (FORMAT.md 18).
void add_symbols(const PredictedFrame& frame, std::vector<int16_t>& symbols);

// The coders and what they have learnt: new ones from every key frame on, and after an error; some for frames predicted from the past, others
// for those between two.
class PredictionCoders {
 public:
  // planes: of the film's frames.
  explicit PredictionCoders(const models::FramePlanes& planes);

  // direct: the vectors of direct prediction; null: the frame is predicted from the past alone.
  Status encode(const PredictedFrame& frame, const models::BiMotion* direct, int quality_step, RangeEncoder& encoder);
  Result<PredictedFrame> decode(const models::BiMotion* direct, int quality_step, RangeDecoder& decoder);

 private:
  template <typename Coder>
  bool walk(FilterMap& map, Coder& coder);

  MotionCoder motion_;
  BiMotionCoder bi_motion_;
  ResidualCoder residual_;
  FilterMap filter_before_;
  ContextMixer filter_mixer_;
};

// From one reference or between two; `future` counts only for a bipredicted frame.
models::FramePlanes predict(const PredictedFrame& frame, const models::FramePlanes& past, const models::FramePlanes* future);

// The loop filter's output for the whole frame, on the CPU.
models::FramePlanes filter_frame(models::LoopFilter filter, const torch::Device& device, const models::FramePlanes& coded, const models::FramePlanes& reference, double step,
                                 int num_threads);
// Squares of `filtered` where the map says so, of `coded` elsewhere.
models::FramePlanes merge_filtered(const models::FramePlanes& coded, const models::FramePlanes& filtered, const FilterMap& map);

}  // namespace laconic
