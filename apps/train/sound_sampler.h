// Sound to train on: random stretches of recordings, a pure function of (seed, step, sample), so that a resumed run hears the
// same in the same order, with any number of threads.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "apps/train/random.h"
#include "apps/train/sound_shards.h"

namespace laconic::train {

// Thread-safe: nothing changes after construction.
class SoundSampler {
 public:
  // At least one recording. Reads all samples once, for their peaks.
  SoundSampler(std::vector<Recording> recordings, uint64_t seed);

  // float32 [2, num_samples] on the CPU at 48 kHz, within -1..1, left and right. A stretch of a recording:
  // - the recording with a probability proportional to its length, those above 10 s as if they had 10 s; a random place of it;
  //   where it is shorter than the stretch, others drawn likewise follow it at once;
  // - one channel in both, or in a third of the cases on one side less loud, down to nothing; of two, half are swapped;
  // - a gain that brings the peak of the whole recording to between -25 and -1 dB of full scale, uniform in dB; half are negated.
  // In one of eight samples two such stretches are added; in one of sixteen a part, up to half of it, is digital silence.
  torch::Tensor sample(int64_t step, int64_t sample, int64_t num_samples) const;

  size_t num_recordings() const { return recordings_.size(); }

 private:
  // Adds one stretch to left[0..num_samples) and right.
  void add_stretch(Random* random, int64_t num_samples, float* left, float* right) const;
  size_t draw_recording(Random* random) const;

  std::vector<Recording> recordings_;
  std::vector<int> peaks_;             // largest absolute sample of each recording, 0..32768
  std::vector<int64_t> weights_up_to_;  // of the recordings up to and with each, in hundredths of a second
  uint64_t seed_;
};

}  // namespace laconic::train
