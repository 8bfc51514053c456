// Weights files of the sound model (.safetensors, FORMAT.md 10): written by the trainer, read by pipelines and trainer.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "codec/base/status.h"
#include "models/audio/network.h"
#include "models/stored_weights.h"

namespace laconic::models {

struct AudioWeights {
  AudioNetwork network{nullptr};      // in eval use: no gradients
  AudioScaleNetworks scale_networks;  // bounds proven
  LatentTables tables;
  std::array<uint8_t, 8> model_id{};
  std::string record_json;
};

Status save_audio_weights(const std::string& path, AudioNetwork network, const LatentTables& tables, const std::string& record_json);

// kModelMismatch for everything that is wrong with the file; kIo when it cannot be read.
Result<std::unique_ptr<AudioWeights>> load_audio_weights(const std::string& path, const std::string& device);

// Puts the weights of a file into a network made with the same config, to go on training; gives the file's tables.
Result<LatentTables> load_trainable_audio(const std::string& path, AudioNetwork network);

}  // namespace laconic::models
