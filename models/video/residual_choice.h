// The encoder's choice of a residual: transforms and symbols of the least error + lambda * bits. Nothing here is part of the format.
#pragma once

#include <array>

#include "models/video/residual.h"

namespace laconic::models {

// Note [Price of a symbol]
// Bits are those of a simple model of its own that learns from frame to frame: by kind of transform, frequency and what lies around, how
// often a symbol was 0, 1, 2 or larger. What the coder really pays depends on what was coded just before; for choices this is near enough.
class ResidualChooser {
 public:
  ResidualChooser();

  // now: what the frame shows; reference: what of it is known. Frames of one film, in order.
  Residual choose(const FramePlanes& now, const FramePlanes& reference, const MotionField& motion, double step);

 private:
  static constexpr int kKinds = 4;       // the three transforms of luma, and chroma
  static constexpr int kFrequencies = 16;
  static constexpr int kActivities = 5;
  static constexpr int kSizes = 4;       // 0, 1, 2, more

  // What is counted, or paid, by what is known where a symbol stands.
  template <typename T>
  struct Table {
    std::array<std::array<std::array<std::array<T, kSizes>, kActivities>, kFrequencies>, kKinds> symbols{};
    std::array<std::array<std::array<T, 2>, kActivities>, kKinds> units{};  // is a DCT block of a coded block zero?
    std::array<std::array<T, 2>, kActivities> blocks{};                     // is a block's luma zero?
    std::array<T, kNumTransforms> transforms{};
  };

  struct Unit;
  struct Row;
  class Frame;
  Table<float> prices() const;
  void forget();

  Table<float> counts_;  // of frames so far, older ones less
  NonzeroMap luma_before_;
  std::array<NonzeroMap, 2> chroma_before_;
};

}  // namespace laconic::models
