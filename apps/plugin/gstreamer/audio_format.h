// Between GStreamer's description of sound and the codec's.
#pragma once

#include <gst/audio/audio.h>

#include <array>

#include "codec/laconic.h"

namespace laconic::gstreamer {

constexpr int kRateHz = 48000;           // at which sound is coded
constexpr int kPacketSamples = 2048;     // that a packet stands for
constexpr int kMaxChannels = 8;

// Raw sound on our side of either pad; audioresample and audioconvert do the rest, better than each codec for itself.
constexpr const char* kRawAudioCaps = "audio/x-raw, format=(string)" GST_AUDIO_NE(F32)
    ", layout=(string)interleaved, rate=(int)48000, channels=(int)[ 1, 8 ]";

// Places of channels in the order of the codec's mask (that of WAVE_FORMAT_EXTENSIBLE) and of its samples.
using Positions = std::array<GstAudioChannelPosition, kMaxChannels>;

// Of a mask with num_channels bits, or 0 for unknown: then mono, stereo, or places that nobody knows.
Positions positions_of(uint32_t channel_mask, int num_channels);
// The other way: a mask, and the places in its order. False if one of them has no bit, or they are not known: then the samples
// stay as they are, with mask 0.
bool mask_of(const GstAudioInfo& info, uint32_t& channel_mask, Positions& positions);

}  // namespace laconic::gstreamer
