// Progress of work on sound: part done, speed against the time that it takes to hear it, bit rate so far.
#pragma once

#include <cstdint>
#include <string>

#include "apps/cli/reporter.h"

namespace laconic::cli {

class SoundProgress {
 public:
  // duration_seconds: of the sound; 0 if unknown.
  SoundProgress(Reporter& reporter, double duration_seconds) : reporter_(reporter), duration_seconds_(duration_seconds) {}

  // Where the work stands, in the sound's time. bytes: of the output so far, 0 if they say nothing.
  void done(double sound_seconds, uint64_t bytes);
  double sound_seconds() const { return sound_seconds_; }
  // "3:25.120, 41.3 x real time"
  std::string summary() const;

 private:
  double times_real_time() const;

  Reporter& reporter_;
  const double duration_seconds_;
  const Clock::time_point start_ = Clock::now();
  double sound_seconds_ = 0;
};

}  // namespace laconic::cli
