// Frames predicted from one before and one after (B-frames): from either, from the mean of both, or along the motion between the two
// (FORMAT.md 17.1).
#pragma once

#include <cstdint>
#include <vector>

#include "models/video/motion.h"
#include "models/video/residual.h"

namespace laconic::models {

// Of a 16x16 block. kDirect: the mean of both, with the vectors of direct_motion(), which cost nothing.
enum class Prediction : uint8_t { kPast = 0, kFuture = 1, kBoth = 2, kDirect = 3 };
constexpr int kNumPredictions = 4;
constexpr bool takes_past(Prediction p) { return p != Prediction::kFuture; }
constexpr bool takes_future(Prediction p) { return p != Prediction::kPast; }

struct BiMotion {
  MotionField past, future;             // a field that a block does not take has there the vectors of direct_motion()
  std::vector<Prediction> predictions;  // by 16x16 block, raster order
};

// Vectors times numerator / denominator (positive), to the nearest.
MotionField scaled(const MotionField& field, int numerator, int denominator);

// between: motion of the later reference from the earlier one, taken as steady. from_past, to_future: frames between the frame and either.
BiMotion direct_motion(const MotionField& between, int from_past, int to_future);

// What the frame shows as far as it is known.
FramePlanes bipredict(const FramePlanes& past, const FramePlanes& future, const BiMotion& motion);

}  // namespace laconic::models
