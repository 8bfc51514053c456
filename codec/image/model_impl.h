// What an ImageModel is made of, for the pipelines. Immutable after loading; shared by any number of threads.
#pragma once

#include <memory>

#include "codec/image/coding_model.h"
#include "codec/image_codec.h"
#include "models/image/weights.h"

namespace laconic {

struct ImageModel::Impl {
  std::unique_ptr<models::ImageWeights> weights;
  torch::Device device{torch::kCPU};
  CodingTables tables;

  // Modules have no const forward(); nothing in them changes when it runs.
  models::ImageNetwork network() const { return weights->network; }
  const models::ImageConfig& config() const { return weights->network->config(); }
  const models::ScaleNetworks& scale_networks() const { return weights->scale_networks; }
  CodingModel coding() const { return {weights->network.get(), &weights->scale_networks, &tables, device}; }
};

}  // namespace laconic
