// Finds the quality that meets a target, by encoding again and again: a bracket over the quality steps, narrowed by
// interpolation, which needs about half the encodes of plain bisection.
#pragma once

#include <functional>

#include "codec/base/status.h"

namespace laconic::cli {

constexpr int kNumQualitySteps = 2048;  // FORMAT.md §4.1: quality_step, 0..2048

constexpr float quality_of_step(int step) { return static_cast<float>(step) * (100.0f / kNumQualitySteps); }

// value(step) rises with the step: bytes, or decibels. Where it does not quite (a step that happens to cost less), the
// step found still meets the target; another one might meet it a little better.
struct QualitySearch {
  std::function<Result<double>(int step)> value;
  double target = 0;
  bool is_upper_bound = true;  // true: the largest step whose value is <= target; false: the smallest with >= target
  double close_enough = 0;     // stop as soon as a value meets the target and differs from it by no more than this
  bool is_logarithmic = true;  // interpolate log(value): bytes grow about exponentially with quality
};

struct QualityFound {
  int step = 0;
  double value = 0;
  bool meets_target = false;  // false: even the last step on the target's side does not; step and value are that one
  int num_tries = 0;
};

Result<QualityFound> find_quality(const QualitySearch& search);

}  // namespace laconic::cli
