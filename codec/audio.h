// Sound in memory, as readers give it and writers take it. No Torch, no FFmpeg.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/base/span.h"

namespace laconic {

// The codec codes sound of this rate; other rates are resampled before and after (codec/media).
constexpr int kCodingRateHz = 48000;
// Samples a packet stands for, at kCodingRateHz: 42.7 ms.
constexpr int kAudioPacketSamples = 2048;
constexpr int kMaxAudioChannels = 8;

// What does not change within a stream. The source's, which the decoded file gets back.
struct AudioFormat {
  int sample_rate_hz = kCodingRateHz;  // 1000..768000
  int num_channels = 2;                // 1..8
  // WAVE_FORMAT_EXTENSIBLE's channel mask (bit 0 front left, 1 front right, 2 centre, 3 LFE, 4 back left, ...; FFmpeg's native
  // layouts are the same bits), channels in the order of its bits; 0: not known. Else with num_channels bits set.
  uint32_t channel_mask = 0;
  int bits_per_sample = 16;            // 16, 24; 32: float. What the decoded file is written with unless told otherwise
};

// A stretch of sound, planar: channels[c] has num_samples() values, full scale at -1 and 1 (more is allowed, not clipped).
struct AudioFrame {
  std::vector<std::vector<float>> channels;
  int64_t pts_samples = 0;  // at kCodingRateHz, of the first sample; 0 is the start of the source's sound

  size_t num_samples() const { return channels.empty() ? 0 : channels[0].size(); }
};

// What kAudioPacketSamples samples become.
struct AudioPacket {
  Bytes bytes;
  int64_t pts_samples = 0;  // at kCodingRateHz; the first packet of a stream has -kAudioPacketSamples, for it only primes the decoder
  bool is_key_packet = false;
};

}  // namespace laconic
