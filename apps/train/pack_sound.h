// Sound for laconic-pack: any file that FFmpeg reads, decoded and made what shards of sound hold (sound_shards.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/base/status.h"

namespace laconic::train {

struct DecodedSound {
  std::vector<int16_t> samples;  // at 48 kHz, interleaved
  int num_channels = 1;          // or 2
};

// The whole first stream of sound, held in memory. Of more than two channels each goes to the side where it is heard. What would
// clip is made quieter as a whole.
Result<DecodedSound> read_sound(const std::string& path);

}  // namespace laconic::train
