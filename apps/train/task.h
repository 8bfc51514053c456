// What is trained: the part of training that differs between media. The loop around it is trainer.h.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "codec/base/status.h"

namespace laconic::train {

struct PartResult {
  std::vector<torch::Tensor> gradients;  // in the order of the network's named_parameters(); undefined ones count as zero
  torch::Tensor sums;                    // over the samples: loss, then what columns() names
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::shared_ptr<torch::nn::Module> network() = 0;
  // Multiplies the learning rate of a parameter.
  virtual double lr_scale(const std::string& parameter) const { return 1; }
  // Names of what the log shows of the samples beside the loss.
  virtual std::vector<std::string> columns() const = 0;
  // The first call is for `first_step`, later ones for the steps after it, in order. torch's random numbers are seeded.
  virtual void start(int64_t first_step) {}
  virtual void draw_batch(int64_t step) = 0;
  // Forward and backward of the samples [begin, begin + count) of the batch; called on several threads at once.
  virtual PartResult run_part(int64_t begin, int64_t count) = 0;
};

}  // namespace laconic::train
