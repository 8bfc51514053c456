// How far two sounds are apart. Neither Torch nor FFmpeg. The twin of apps/eval/audio_metrics.py.
//
// Note [Definitions]
// x is the reference, x_hat the distorted sound, both at kCodingRateHz with full scale at 1; a sum without more words runs over
// all samples of all channels together.
// - SI-SDR (Le Roux et al. 2019): with a = <x, x_hat> / <x, x>, 10 log10(|a x|^2 / |a x - x_hat|^2); means are not removed.
//   Some codecs (Opus, when it changes its mode) are a few samples late or early: x_hat is shifted by up to kMaxDelaySamples,
//   and the best shift counts, unless it is less than kDelayGainDb better than none.
// - Spectra: |STFT| with periodic Hann windows of 512, 1024 and 2048 samples, a quarter of the window apart, the first centred
//   on sample 0, zeros outside the sound, not scaled. They are not shifted.
//   STFT distance: sqrt(sum (|X| - |X_hat|)^2 / sum |X|^2) of each window, mean of the three.
//   Mel distance: 40, 80 and 128 triangles of height 1 over 0..24 kHz, equally wide on the scale 2595 log10(1 + f / 700), over
//   |STFT|; |log10 max(M, 1e-4) - log10 max(M_hat, 1e-4)|, mean over frames, bands and channels, then of the three windows.
//   It hears what nobody does: bands that a codec leaves empty count much, and the noise of rounding to 16 bits, which is above
//   1e-4, fills them and can halve the distance. Compare only what was decoded to equal precision.
// - Segmental SNR: 10 log10(sum x^2 / sum (x - x_hat)^2) of segments of 20 ms, held to -10..35 dB, mean over the segments in
//   which x is louder than -70 dBFS; shifted as for the SI-SDR.
// The curves of other codecs that we compare with (Opus, AAC, MP3, Vorbis; 288 points) were measured apart from this. From the same
// streams these definitions give all their SI-SDR within 0.002 dB, their mel distances within 0.6 % mostly and 2.6 % at worst, and
// their STFT distances within 0.1 % mostly and 2.2 % at worst.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "codec/audio.h"
#include "codec/base/status.h"

namespace laconic {

constexpr int kMaxDelaySamples = 32;
constexpr double kDelayGainDb = 0.1;

struct AudioDistances {
  uint64_t num_samples = 0;  // per channel, that both sounds have; 0: all else is as it is here
  bool is_identical = false;
  double si_sdr_db = 0;                    // infinite for equal sounds, -infinite where only one is silent
  std::vector<double> channel_si_sdr_db;   // of each channel alone, all shifted by delay_samples
  int delay_samples = 0;                   // x_hat comes that much later
  double mel = 0;
  double stft = 0;
  std::optional<double> segmental_snr_db;  // empty if x is silent
};

// Takes two sounds piece by piece. Memory is bounded if neither runs far ahead of the other. One thread at a time.
class AudioComparison {
 public:
  explicit AudioComparison(int num_channels);
  ~AudioComparison();

  // Any number of samples; they follow those added before (pts is not looked at). kInvalidArgument for another number of channels.
  Status add_reference(const AudioFrame& frame);
  Status add_distorted(const AudioFrame& frame);
  // No more frames come. What one sound has more than the other is not measured.
  AudioDistances finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
