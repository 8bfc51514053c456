// Progress of work on a film: part done, frames a second, bit rate so far.
#pragma once

#include <cstdint>
#include <string>

#include "apps/cli/reporter.h"

namespace laconic::cli {

class FilmProgress {
 public:
  // duration_seconds: of the film; 0 if unknown.
  FilmProgress(Reporter& reporter, double duration_seconds) : reporter_(reporter), duration_seconds_(duration_seconds) {}

  // After each frame. bytes: of the output so far, 0 if they say nothing.
  void frame_done(double film_seconds, uint64_t bytes);
  int64_t num_frames() const { return num_frames_; }
  double film_seconds() const { return film_seconds_; }
  double frames_per_second() const;
  // "250 frames, 10.000 s, 12.3 fps"
  std::string summary() const;

 private:
  Reporter& reporter_;
  const double duration_seconds_;
  const Clock::time_point start_ = Clock::now();
  double film_seconds_ = 0;  // to the end of the last frame
  int64_t num_frames_ = 0;
};

double bits_per_second(uint64_t bytes, double seconds);  // 0 where there are no seconds
std::string format_bit_rate(double bits_per_second);     // "812 kbit/s"
std::string format_time_left(double seconds);            // "1:05 left"

}  // namespace laconic::cli
