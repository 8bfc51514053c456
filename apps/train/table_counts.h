// The probability tables that ship with the weights: counted on training data, so that they have the symbols' true shape.
#pragma once

#include <vector>

#include "apps/train/patch_sampler.h"
#include "models/image/network.h"
#include "models/stored_weights.h"

namespace laconic::train {

constexpr int64_t kFirstCountStep = -1000;  // steps whose data training never uses go down from here

// Symbols with scale indexes so low that fewer than this share is not 0 are left out of the stream (selective coding).
constexpr double kSkipShare = 0.01;

struct CountOptions {
  int samples_per_anchor = 24;
  int crop_px = 512;
};

// Histograms of what a latent model codes.
class TableCounts {
 public:
  explicit TableCounts(int num_hyper_tables);
  // Of one shape, any.
  void add_residuals(const torch::Tensor& residuals, const torch::Tensor& indexes);
  // z_hat: [N, C, h, w]; channel c counts for table first_table + c.
  void add_hyper(int first_table, const torch::Tensor& z_hat);
  // z_log_scales, z_means: of the logistic prior of training, one each for each hyper table.
  models::LatentTables tables(const torch::Tensor& z_log_scales, const torch::Tensor& z_means, double skip_share) const;

 private:
  std::vector<std::vector<double>> scales_;  // [index][symbol + range], last: outside
  std::vector<std::vector<double>> hyper_;   // [table]
};

// Runs the network (with the weights it has now) over patches at every quality anchor.
models::LatentTables count_tables(models::ImageNetwork network, const PatchSampler& sampler, const CountOptions& options);

}  // namespace laconic::train
