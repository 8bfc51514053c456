// A small image model with random weights, written to a weights file: quick to make, wrong at nothing but compression.
#pragma once

#include <string>

#include "models/image/weights.h"
#include "models/video/weights.h"

namespace laconic::test {

models::ImageConfig tiny_config();

// Gaussian tables for the scale indexes, and wide ones for the hyper-latents; symbols below scale index 3 are skipped.
models::LatentTables tiny_tables(int num_hyper_tables);

// The same seed gives the same file. Returns what save_weights returned.
Status write_tiny_model(const std::string& path, uint64_t seed = 1);

// Video weights that go with the tiny image model of this file; a loop filter with random weights.
Status write_tiny_video_model(const std::string& path, const std::string& image_path, uint64_t seed = 1);

}  // namespace laconic::test
