// Predicted frames: how they are coded, and what encoder and decoder make of what is coded.
//
//   frame before --motion--> reference --residual--> coded --loop filter, where its map says so--> frame
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

// The coders and what they have learnt: a new one from every key frame on, and after an error.
struct PredictionCoders {
  // planes: of the film's frames.
  explicit PredictionCoders(const models::FramePlanes& planes);

  Status encode(const FilterMap& map, RangeEncoder& encoder);
  Result<FilterMap> decode(RangeDecoder& decoder);

  MotionCoder motion;
  ResidualCoder residual;

 private:
  template <typename Coder>
  bool walk(FilterMap& map, Coder& coder);

  FilterMap before_;
  ContextMixer mixer_;
};

// The loop filter's output for the whole frame, on the CPU.
models::FramePlanes filter_frame(models::LoopFilter filter, const torch::Device& device, const models::FramePlanes& coded, const models::FramePlanes& reference, double step,
                                 int num_threads);
// Squares of `filtered` where the map says so, of `coded` elsewhere.
models::FramePlanes merge_filtered(const models::FramePlanes& coded, const models::FramePlanes& filtered, const FilterMap& map);

// Into the hash of a packet's symbols (FORMAT.md 18).
void add_symbols(const models::MotionField& motion, const models::Residual& residual, const FilterMap& map, std::vector<int16_t>& symbols);

}  // namespace laconic
