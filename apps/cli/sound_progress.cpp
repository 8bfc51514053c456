#include "apps/cli/sound_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/film_kind.h"
#include "apps/cli/film_progress.h"

namespace laconic::cli {

double SoundProgress::times_real_time() const { return sound_seconds_ / std::max(seconds_since(start_), 1e-3); }

void SoundProgress::done(double sound_seconds, uint64_t bytes) {
  sound_seconds_ = std::max(sound_seconds_, sound_seconds);
  const double part = duration_seconds_ > 0 ? std::clamp(sound_seconds_ / duration_seconds_, 0.0, 1.0) : 0;
  std::string activity = fmt::format("{:.1f} x real time", times_real_time());
  if (bytes > 0) activity += ", " + format_bit_rate(bits_per_second(bytes, sound_seconds_));
  if (part > 0.001) activity += ", " + format_time_left(seconds_since(start_) / part * (1 - part));
  reporter_.set_activity(activity);
  (void)reporter_.progress()(part);  // interruption is looked at where sound is read
}

std::string SoundProgress::summary() const {
  return fmt::format("{}, {:.1f} x real time", format_time(sound_seconds_), times_real_time());
}

}  // namespace laconic::cli
