// What the sound network looks like: the time-frequency plane, widths. Kept in the weights file's metadata.
//
// Note [Plane]
// One packet of one or two channels is a frame of the plane: kBins MDCT coefficients of each signal (0 the mid or only one, 1 the
// side), laid out as kNumBands bands of kBandBins neighbouring bins: tensors are [N, 2 * kBandBins, T, kNumBands], channel
// signal * kBandBins + bin in the band, T frames in time. N counts the channel elements (pairs or single channels).
// A frame of several short blocks interleaves them: bin k * blocks + j is coefficient k of block j.
//
// Note [Hop]
// Measured on 40 training clips with one adaptive context model for all transforms, rate at equal SNR against an MDCT of hop
// 1024: 1024 switched to 8 short blocks -6.1 %, 2048 switched to 2 or 16 -13.0 %, to 2, 4, 8 or 16 -13.6 %; sine windows best
// (KBD 4: +1.9 %, Vorbis' +1.1 %); WaLLoC's wavelet packets (bior4.4) +50.7 %, orthonormal ones (sym8) +32.1 %. So packets are of
// 42.7 ms and not of design.md's 20: for archives, the rate counts more than the delay.
#pragma once

#include <string>


namespace laconic::models {

constexpr int kHop = 2048;                          // samples a packet stands for, at 48 kHz: Note [Hop]
constexpr int kBandBins = 16;
constexpr int kNumBands = 112;
constexpr int kBins = kBandBins * kNumBands;       // of the kHop: up to 21 kHz; what lies above is not coded
constexpr int kSignals = 2;                        // mid and side
constexpr int kPlaneChannels = kSignals * kBandBins;
constexpr int kAudioPasses = 4;                    // mid: even bins, odd bins; side: even bins, odd bins
constexpr int kPassBins = kBandBins / 2;
constexpr int kHyperBands = 16;                    // bands under one hyper-latent
constexpr int kHyperPositions = kNumBands / kHyperBands;
constexpr int kMaxBlocks = 16;                     // short blocks of a frame: 1, 2, 4, 8 or 16

// Quantisation steps: step index i stands for 2^(i / 8 - 20), for sound of full scale 1 and an orthonormal transform.
constexpr int kMaxStepIndex = 191;
constexpr int kStepsPerOctave = 8;
constexpr int kStepOctavesBelowOne = 20;

// Bits that a squared error of 1 (in quantised units) is worth when symbols are chosen.
constexpr double kAudioCurvature = 10.0;

inline int log2_of_blocks(int blocks) {
  int log2 = 0;
  while (blocks >> (log2 + 1) > 0) ++log2;
  return log2;
}

struct AudioConfig {
  int scale_width = 128;      // channels of the exact scale network
  int hyper_width = 64;       // channels of the hyper-analysis
  int synthesis_width = 96;   // channels of the synthesis network
  int hyper_latents = 8;      // Z: of each of the kHyperPositions
  // References, each of which can be switched off to measure its worth.
  bool time_reference = true;    // packets before
  bool local_reference = true;   // what is decoded of this packet
  bool hyper_reference = true;   // z_hat
  bool stereo_reference = true;  // the side predicted from the mid
};

std::string audio_config_to_json(const AudioConfig& config);
// Empty, or one sentence of what is wrong.
std::string audio_config_from_json(const std::string& json, AudioConfig& config);

}  // namespace laconic::models
