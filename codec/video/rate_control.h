// Moves the quality step from frame to frame so that a film comes out at a given bit rate.
#pragma once

#include <algorithm>
#include <cmath>

#include "codec/format/image_header.h"

namespace laconic {

// Note [Rate model]
// Bits of a frame at quality step s are taken as bits_at_0 * 2^(s / kStepsPerDoubling), with one estimate of bits_at_0 for key
// frames and one for predicted frames, each a moving average. What was spent too much or too little so far is made up for
// over the next kMakeUpSeconds.
class RateControl {
 public:
  RateControl(double bits_per_second, double frames_per_second, int key_interval, double num_pixels)
      : bits_per_frame_(bits_per_second / frames_per_second), make_up_frames_(kMakeUpSeconds * frames_per_second),
        key_interval_(std::max(1, key_interval)) {
    // At first: a key frame at step 0 takes 0.1 bits a pixel, a predicted one a tenth of it.
    key_bits_at_0_ = 0.1 * num_pixels;
    bits_at_0_ = 0.01 * num_pixels;
  }

  // The step of the next predicted frame; key frames come key_gain above it.
  int next_step(int key_gain) {
    const double wanted = std::max(0.1 * bits_per_frame_, bits_per_frame_ - debt_ / make_up_frames_);
    const double key_share = 1.0 / key_interval_;
    const double mean_at_0 = key_share * key_bits_at_0_ * scale(key_gain) + (1 - key_share) * bits_at_0_;
    const double ideal = kStepsPerDoubling * std::log2(wanted / mean_at_0);
    // Slowly, lest quality flickers; at once in the beginning.
    const double target = num_frames_ < 2 ? ideal : step_ + std::clamp(ideal - step_, -kMaxChange, kMaxChange);
    step_ = std::clamp(target, 0.0, static_cast<double>(kMaxQualityStep));
    return static_cast<int>(std::lround(step_));
  }

  void spent(double bits, int step, bool is_key_frame) {
    double& estimate = is_key_frame ? key_bits_at_0_ : bits_at_0_;
    int& num_seen = is_key_frame ? num_key_frames_ : num_predicted_;
    const double now = bits / scale(step), weight = std::max(1.0 / ++num_seen, 0.1);
    // The first key frame tells about the predicted frames too, which nobody has seen yet.
    if (is_key_frame && num_frames_ == 0) bits_at_0_ *= now / key_bits_at_0_;
    estimate = std::exp((1 - weight) * std::log(estimate) + weight * std::log(std::max(now, 1.0)));
    debt_ += bits - bits_per_frame_;
    ++num_frames_;
  }

 private:
  static constexpr double kStepsPerDoubling = 490;  // measured on pictures: 0.105 to 1.88 bits a pixel over all 2048 steps
  static constexpr double kMakeUpSeconds = 1.5;
  static constexpr double kMaxChange = 48;
  static double scale(double step) { return std::exp2(step / kStepsPerDoubling); }

  const double bits_per_frame_, make_up_frames_;
  const int key_interval_;
  double key_bits_at_0_, bits_at_0_, step_ = 0, debt_ = 0;
  int num_frames_ = 0, num_key_frames_ = 0, num_predicted_ = 0;
};

}  // namespace laconic
