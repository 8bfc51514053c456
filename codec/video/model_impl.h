// What a VideoModel is made of, for the pipelines. Immutable after loading; shared by any number of threads.
#pragma once

#include <memory>

#include "codec/image/model_impl.h"
#include "codec/video_codec.h"
#include "models/video/weights.h"

namespace laconic {

struct VideoModel::Impl {
  std::shared_ptr<const ImageModel> image;
  std::unique_ptr<models::VideoWeights> weights;
  CodingTables tables;

  const torch::Device& device() const { return image->impl().device; }
  models::ImageNetwork image_network() const { return image->impl().network(); }
  models::VideoNetwork network() const { return weights->network; }
  const models::ImageConfig& config() const { return weights->network->config(); }
  // Of key frames, and of the frames between them.
  CodingModel key_coding() const { return image->impl().coding(); }
  CodingModel coding() const { return {weights->network.get(), &weights->scale_networks, &tables, device()}; }
};

}  // namespace laconic
