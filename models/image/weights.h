// Weights files of the image model (.safetensors, FORMAT.md 10): written by the trainer, read by pipelines and trainer.
//
// Exact networks are stored as integers and never recomputed from floats; float matrices as float16, the rest as float32.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "codec/base/status.h"
#include "models/image/network.h"
#include "models/stored_weights.h"

namespace laconic::models {

struct ImageWeights {
  ImageNetwork network{nullptr};  // in eval use: no gradients
  ScaleNetworks scale_networks;   // bounds proven
  LatentTables tables;
  std::array<uint8_t, 8> model_id{};
  std::string record_json;  // architecture and training record
};

// record: what the file says about its making, a JSON object.
Status save_weights(const std::string& path, ImageNetwork network, const LatentTables& tables, const std::string& record_json);

// kModelMismatch for everything that is wrong with the file; kIo when it cannot be read.
Result<std::unique_ptr<ImageWeights>> load_weights(const std::string& path, const std::string& device);

// Puts the weights of a file into a network made with the same config, to go on training.
Status load_trainable(const std::string& path, ImageNetwork network);

}  // namespace laconic::models
