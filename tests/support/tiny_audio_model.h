// A small sound model with random weights, written to a weights file: quick to make, wrong at nothing but compression.
#pragma once

#include <string>

#include "models/audio/weights.h"

namespace laconic::test {

models::AudioConfig tiny_audio_config();

// The same seed gives the same file. Returns what save_audio_weights returned.
Status write_tiny_audio_model(const std::string& path, uint64_t seed = 1);

}  // namespace laconic::test
