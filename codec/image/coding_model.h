// A latent model with its probability tables in the range coder's form: all that coding latents takes.
#pragma once

#include "codec/base/status.h"
#include "entropy/cdf_table.h"
#include "models/stored_weights.h"

namespace laconic {

struct CodingTables {
  CdfTables scales;           // by scale index
  CdfTables hyper;            // by anchor * Z + channel
  torch::Tensor symbol_bits;  // float32 [64, 2 k + 1]: bits of the symbols -k..k at each scale index, for the encoder's choices
  int skip_below = 0;         // symbols of lower scale indexes are not coded and are 0

  // kModelMismatch for tables that are none.
  static Result<CodingTables> create(const models::LatentTables& stored, const torch::Device& device);
};

// Borrows from a loaded model. A value: copies are cheap.
struct CodingModel {
  models::LatentModelImpl* network;  // runs without changing
  const models::ScaleNetworks* scale_networks;
  const CodingTables* tables;
  torch::Device device;

  const models::ImageConfig& config() const { return network->config(); }
};

// TF32 products are rounded to 10 bits: not exact (models/exact.h). kUnsupported without such a device.
Status prepare_device(const std::string& device);

}  // namespace laconic
