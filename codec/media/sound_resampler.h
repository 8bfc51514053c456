// Private to codec/media: sound from one sample rate to another by libswresample, aligned and counted to the sample.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/base/status.h"

namespace laconic {

using SoundPlanes = std::vector<std::vector<float>>;  // as AudioFrame::channels

// Sample i of either side lies at i / rate seconds. One thread at a time.
//
// libswresample lets the first and last samples fade in a way that is far from what goes on behind them, and gives nothing at
// all for a few samples. So the sound is given to it with more on both sides, mirrored at the end points, and what comes out
// for that is dropped: see Note [Edges] in the source.
class SoundResampler {
 public:
  static Result<std::unique_ptr<SoundResampler>> create(int from_hz, int to_hz, int num_channels);
  ~SoundResampler();

  // Appends to `out` what can be given by now. All planes have the same length.
  Status convert(const SoundPlanes& samples, SoundPlanes& out);
  // Appends the rest: samples_at_rate() of all that was given.
  Status finish(SoundPlanes& out);

 private:
  struct Impl;
  explicit SoundResampler(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What appears in all the planes at once.
inline size_t num_samples_in(const SoundPlanes& planes) { return planes.empty() ? 0 : planes[0].size(); }
void append_samples(const SoundPlanes& from, SoundPlanes& to);
void drop_first_samples(size_t num_samples, SoundPlanes& planes);

}  // namespace laconic
