// Sound drawn by the tests.
#pragma once

#include "codec/audio.h"

namespace laconic::test {

using Channels = std::vector<std::vector<float>>;

// Over and over, in stretches of 250 ms: a rising tone, a struck string, a burst of noise, silence; below 0.6 of full scale. Channel 1 is
// a weaker copy of channel 0 with a tone of its own, later channels have other tones. The same arguments give the same sound.
Channels draw_sound(int num_channels, size_t num_samples);

// Samples [first, first + count) of all channels.
AudioFrame frame_of(const Channels& sound, size_t first, size_t count);

// In dB, over samples [first, last) of all channels.
double snr_db(const Channels& reference, const Channels& other, size_t first, size_t last);

double largest_difference(const Channels& a, const Channels& b);

}  // namespace laconic::test
