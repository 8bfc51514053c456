// What an ImageModel is made of, for the pipelines. Immutable after loading; shared by any number of threads.
#pragma once

#include <memory>

#include "codec/image_codec.h"
#include "entropy/cdf_table.h"
#include "models/image/weights.h"

namespace laconic {

struct ImageModel::Impl {
  std::unique_ptr<models::ImageWeights> weights;
  torch::Device device{torch::kCPU};
  CdfTables scale_tables;  // by scale index
  CdfTables hyper_tables;  // by anchor * Z + channel
  torch::Tensor symbol_bits;  // float32 [64, 2 k + 1]: bits of the symbols -k..k at each scale index, for the encoder's choices

  // Modules have no const forward(); nothing in them changes when it runs.
  models::ImageNetwork network() const { return weights->network; }
  const models::ImageConfig& config() const { return weights->network->config(); }
  const models::ScaleNetworks& scale_networks() const { return weights->scale_networks; }
  int skip_below() const { return weights->tables.skip_below; }
};

}  // namespace laconic
