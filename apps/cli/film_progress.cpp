#include "apps/cli/film_progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace laconic::cli {

double bits_per_second(uint64_t bytes, double seconds) { return seconds > 0 ? 8.0 * static_cast<double>(bytes) / seconds : 0; }

std::string format_bit_rate(double bits_per_second) {
  return bits_per_second < 9.9995e6 ? fmt::format("{:.1f} kbit/s", bits_per_second / 1e3)
                                    : fmt::format("{:.2f} Mbit/s", bits_per_second / 1e6);
}

std::string format_time_left(double seconds) {
  const int left = static_cast<int>(seconds);
  return fmt::format("{}:{:02} left", left / 60, left % 60);
}

double FilmProgress::frames_per_second() const {
  return static_cast<double>(num_frames_) / std::max(seconds_since(start_), 1e-3);
}

void FilmProgress::frame_done(double film_seconds, uint64_t bytes) {
  ++num_frames_;
  film_seconds_ = std::max(film_seconds_, film_seconds);
  const double done = duration_seconds_ > 0 ? std::clamp(film_seconds_ / duration_seconds_, 0.0, 1.0) : 0;
  std::string activity = fmt::format("{:.1f} fps", frames_per_second());
  if (bytes > 0) activity += ", " + format_bit_rate(bits_per_second(bytes, film_seconds_));
  if (done > 0.001) activity += ", " + format_time_left(seconds_since(start_) / done * (1 - done));
  reporter_.set_activity(activity);
  (void)reporter_.progress()(done);  // interruption is looked at where frames are read
}

std::string FilmProgress::summary() const {
  return fmt::format("{} frames, {:.3f} s, {:.1f} fps", num_frames_, film_seconds_, frames_per_second());
}

}  // namespace laconic::cli
