// A small image model with random weights, written to a weights file: quick to make, wrong at nothing but compression.
#pragma once

#include <string>

#include "models/image/weights.h"

namespace laconic::test {

models::ImageConfig tiny_config();

// The same seed gives the same file. Returns what save_weights returned.
Status write_tiny_model(const std::string& path, uint64_t seed = 1);

}  // namespace laconic::test
