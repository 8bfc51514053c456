// The training loop: optimiser, EMA, checkpoints, log. What is trained on what is a Task.
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "apps/train/ema.h"
#include "apps/train/soap.h"
#include "apps/train/task.h"
#include "apps/train/train_config.h"
#include "codec/base/status.h"

namespace laconic::train {

struct TrainerOptions {
  std::string data_dir;      // shards or clips to train on
  std::string out_dir;       // checkpoint.pt, log.csv
  std::string device = "cpu";
  bool resume = false;       // go on from out_dir/checkpoint.pt if it is there
  std::string from_weights;  // start from a weights file
  std::string image_weights; // of the image model that films are trained on
  double max_minutes = 0;    // stop (with a checkpoint) after so long; 0 = no limit
  bool fits_minutes = false; // the schedule spreads over max_minutes instead of over config.steps
};

class Trainer {
 public:
  static Result<std::unique_ptr<Trainer>> create(const TrainConfig& config, const TrainerOptions& options, std::unique_ptr<Task> task);

  // Trains to config.steps, to the time limit or to SIGINT/SIGTERM, and leaves a checkpoint. `validate` is called every
  // config.validate_every steps and at the end, with EMA weights in place.
  Status run(const std::function<Status(int64_t step)>& validate);

  Ema& ema() { return *ema_; }
  const TrainConfig& config() const { return config_; }
  int64_t step() const { return step_; }

 private:
  Trainer(const TrainConfig& config, const TrainerOptions& options, std::unique_ptr<Task> task);
  void train_step();
  double done() const;  // see TrainConfig::learning_rate_at
  Status open_log();
  void write_log(double samples_per_second);
  Status save_checkpoint() const;
  Status load_checkpoint();
  std::string checkpoint_path() const { return options_.out_dir + "/checkpoint.pt"; }

  const TrainConfig config_;
  const TrainerOptions options_;
  const bool is_on_cpu_;
  std::unique_ptr<Task> task_;
  std::shared_ptr<torch::nn::Module> network_;
  std::unique_ptr<Soap> optimiser_;
  std::unique_ptr<Ema> ema_;
  std::ofstream log_;
  int64_t step_ = 0;
  std::chrono::steady_clock::time_point start_;  // of run()
  torch::Tensor sums_;  // of PartResult since the last line of the log
  int64_t num_summed_ = 0;
};

}  // namespace laconic::train
