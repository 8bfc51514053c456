// Exponential moving average of parameters; what validation and export use.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "codec/base/status.h"

namespace laconic::train {

using NamedParameters = std::vector<std::pair<std::string, torch::Tensor>>;

// Not thread-safe. Starts at the values the parameters have when it is made.
class Ema {
 public:
  Ema(NamedParameters parameters, double decay);

  // average = d * average + (1 - d) * parameter, d = min(decay, (1 + t) / (10 + t)) at the t-th update.
  void update();

  // Puts the averages into the parameters and keeps the trained values aside, and back. In pairs.
  void apply();
  void restore();
  bool is_applied() const { return !trained_.empty(); }

  const std::vector<torch::Tensor>& averages() const { return averages_; }
  int64_t num_updates() const { return num_updates_; }

  void save(torch::serialize::OutputArchive& archive) const;
  Status load(torch::serialize::InputArchive& archive);

 private:
  NamedParameters parameters_;
  std::vector<torch::Tensor> averages_;  // one for each parameter, detached
  std::vector<torch::Tensor> trained_;   // filled between apply() and restore()
  double decay_;
  int64_t num_updates_ = 0;
};

// apply() for the length of a scope, also when an exception ends it.
class EmaScope {
 public:
  explicit EmaScope(Ema& ema) : ema_(ema) { ema_.apply(); }
  ~EmaScope() { ema_.restore(); }
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  Ema& ema_;
};

}  // namespace laconic::train
