// The training loop of the image network: data, loss, optimiser, EMA, checkpoints, log.
#pragma once

#include <torch/torch.h>

#include <fstream>
#include <memory>
#include <string>

#include "apps/train/ema.h"
#include "apps/train/patch_sampler.h"
#include "apps/train/soap.h"
#include "apps/train/train_config.h"
#include "codec/base/status.h"
#include "models/image/network.h"

namespace laconic::train {

struct TrainerOptions {
  std::string data_dir;      // shards to train on
  std::string out_dir;       // checkpoint.pt, log.csv
  std::string device = "cpu";
  bool resume = false;       // go on from out_dir/checkpoint.pt if it is there
  std::string from_weights;  // start from a weights file instead of from PCA
  double max_minutes = 0;    // stop (with a checkpoint) after so long; 0 = no limit
};

class Trainer {
 public:
  static Result<std::unique_ptr<Trainer>> create(const TrainConfig& config, const TrainerOptions& options);

  // Trains to config.steps, to the time limit or to SIGINT/SIGTERM, and leaves a checkpoint. `validate` is called every
  // config.validate_every steps and at the end, with EMA weights in place.
  Status run(const std::function<Status(int64_t step)>& validate);

  models::ImageNetwork network() { return network_; }
  Ema& ema() { return *ema_; }
  const TrainConfig& config() const { return config_; }
  const PatchSampler& sampler() const { return *sampler_; }
  int64_t step() const { return step_; }

 private:
  Trainer(const TrainConfig& config, const TrainerOptions& options);
  struct Batch {
    torch::Tensor patches, steps;  // uint8 [N, 3, crop, crop], float [N]
    models::QuantisationNoise noise;
  };
  struct PartResult {
    std::vector<torch::Tensor> gradients;
    torch::Tensor sums;  // as sums_
  };
  PartResult run_part(const Batch& batch, int64_t begin, int64_t count);
  void start_from_data();
  void train_step(const torch::Tensor& patches);
  void write_log(double patches_per_second);
  Status save_checkpoint() const;
  Status load_checkpoint();
  std::string checkpoint_path() const { return options_.out_dir + "/checkpoint.pt"; }

  TrainConfig config_;
  TrainerOptions options_;
  torch::Device device_;
  std::unique_ptr<PatchSampler> sampler_;
  models::ImageNetwork network_{nullptr};
  std::unique_ptr<Soap> optimiser_;
  std::unique_ptr<Ema> ema_;
  std::ofstream log_;
  int64_t step_ = 0;
  torch::Tensor sums_ = torch::zeros({4});  // loss, bpp of y, bpp of z, PSNR since the last line of the log
  int64_t num_summed_ = 0;
};

}  // namespace laconic::train
