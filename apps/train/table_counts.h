// The probability tables that ship with the weights: counted on training data, so that they have the symbols' true shape.
#pragma once

#include <vector>

#include "apps/train/patch_sampler.h"
#include "models/image/network.h"
#include "models/stored_weights.h"

namespace laconic::train {

constexpr int64_t kFirstCountStep = -1000;  // steps whose data training never uses go down from here

struct CountOptions {
  int samples_per_anchor = 24;
  int crop_px = 512;
  // Symbols with scale indexes so low that fewer than this share is not 0 are left out of the stream (selective coding).
  double skip_share = 0.01;
};

// Histograms of what a latent model codes.
class TableCounts {
 public:
  explicit TableCounts(int hyper_latents);
  // residuals and indexes: of one shape, any; z_hat: [N, Z, h, w], at a quality anchor.
  void add(int anchor, const torch::Tensor& residuals, const torch::Tensor& indexes, const torch::Tensor& z_hat);
  models::LatentTables tables(const models::LatentModelImpl& model, double skip_share) const;

 private:
  const int64_t channels_;                   // of z
  std::vector<std::vector<double>> scales_;  // [index][symbol + range], last: outside
  std::vector<std::vector<double>> hyper_;   // [anchor * Z + channel]
};

// Runs the network (with the weights it has now) over patches at every quality anchor.
models::LatentTables count_tables(models::ImageNetwork network, const PatchSampler& sampler, const CountOptions& options);

}  // namespace laconic::train
