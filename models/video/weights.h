// Weights files of films (.safetensors, FORMAT.md 10): the loop filter, and the id of the image model it was trained with.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "codec/base/status.h"
#include "models/stored_weights.h"
#include "models/video/loop_filter.h"

namespace laconic::models {

struct VideoWeights {
  LoopFilter filter{nullptr};  // in eval use: no gradients
  std::array<uint8_t, 8> model_id{};
  std::string image_model_id;  // 16 hex digits
  std::string record_json;
};

Status save_video_weights(const std::string& path, LoopFilter filter, const std::string& image_model_id, const std::string& record_json);

// kModelMismatch for everything that is wrong with the file; kIo when it cannot be read.
Result<std::unique_ptr<VideoWeights>> load_video_weights(const std::string& path, const std::string& device);

// Puts the weights of a file into a network made with the same config, to go on training.
Status load_trainable_video(const std::string& path, LoopFilter filter);

}  // namespace laconic::models
