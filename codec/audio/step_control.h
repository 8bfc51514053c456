// Which quantisation step a packet gets, by quality or by bit rate: an encoder's choice, which decoders only read.
//
// Note [Steps and loudness]
// What the ear does not hear grows with what it hears: the step follows the loudness of the last moments, with kFollow of its
// decibels. Following all of them would give soft passages the same signal-to-noise ratio as loud ones, at the same bits;
// following none would let them starve. Loudness rises at once and falls slowly, so that the step is steady within a note.
#pragma once

#include <algorithm>
#include <cmath>

#include "models/audio/config.h"

namespace laconic {

// The loudness of one channel element.
class Loudness {
 public:
  // energy: mean square of the packet's weighted coefficients. Result: log2 of the smoothed root mean square.
  double follow(double energy) {
    smoothed_ = std::max(energy, smoothed_ * kDecay);
    return 0.5 * std::log2(std::max(smoothed_, kFloor));
  }

 private:
  static constexpr double kDecay = 0.93;    // a packet: 7 dB a second
  static constexpr double kFloor = 1e-12;   // -120 dB of full scale
  double smoothed_ = 0;
};

inline int step_index_at(double loudness, double offset) {
  constexpr double kFollow = 0.6;
  const double step = models::kStepsPerOctave * (models::kStepOctavesBelowOne + kFollow * loudness + offset);
  return std::clamp(static_cast<int>(std::lround(step)), 0, models::kMaxStepIndex);
}

// Octaves that the step of a sound of loudness 1 lies above 1, by quality: on the mean of recordings of all kinds
// 0 gives about 9 kbit/s, 50 about 45, 100 about 125, for stereo.
constexpr double kOffsetAtQuality0 = -0.95, kOctavesPerQuality = 0.052;
inline double offset_of_quality(double quality) { return kOffsetAtQuality0 - quality * kOctavesPerQuality; }

// Moves the offset from packet to packet so that the stream comes out at a given bit rate. As RateControl of films: bits are
// taken as bits_at_0 * 2^(-offset * kDoublingsPerOctave), with a moving average of bits_at_0, and what was spent too much or too
// little is made up for over the next packets.
class AudioRateControl {
 public:
  AudioRateControl(double bits_per_second, int num_channels)
      : bits_per_packet_(bits_per_second * models::kHop / 48000), offset_(typical_offset(bits_per_second / std::max(1, num_channels))),
        bits_at_0_(bits_per_packet_ * std::exp2(offset_ * kDoublingsPerOctave)) {}

  double offset() const { return offset_; }

  void spent(double bits) {
    // Near silence takes few bits at any step and tells nothing of what comes after; nor is all that it saves to be spent then.
    if (bits > kQuietShare * bits_per_packet_) bits_at_0_ += kMemory * (bits * std::exp2(offset_ * kDoublingsPerOctave) - bits_at_0_);
    debt_ = std::max(debt_ + bits - bits_per_packet_, -kMaxSavedPackets * bits_per_packet_);
    const double wanted = std::clamp(bits_per_packet_ - debt_ / kMakeUpPackets, 0.4 * bits_per_packet_, 2 * bits_per_packet_);
    const double ideal = std::log2(std::max(bits_at_0_, 1.0) / wanted) / kDoublingsPerOctave;
    offset_ += std::clamp(ideal - offset_, -kMaxChange, kMaxChange);
  }

 private:
  static constexpr double kDoublingsPerOctave = 0.9;  // measured: 12 to 64 kbit/s
  static constexpr double kMemory = 0.04;             // a second
  static constexpr double kQuietShare = 0.1;
  static constexpr double kMaxSavedPackets = 40;
  static constexpr double kMakeUpPackets = 30;
  static constexpr double kMaxChange = 0.25;          // octaves a packet
  static double typical_offset(double bits_per_second_of_channel) {
    return offset_of_quality(std::clamp(50 + 20 * std::log2(bits_per_second_of_channel / 23000), 0.0, 100.0));
  }

  const double bits_per_packet_;
  double offset_, bits_at_0_, debt_ = 0;
};

}  // namespace laconic
