#include "apps/train/ema.h"

#include <algorithm>

namespace laconic::train {

Ema::Ema(NamedParameters parameters, double decay) : parameters_(std::move(parameters)), decay_(decay) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : parameters_) averages_.push_back(tensor.detach().clone());
}

void Ema::update() {
  TORCH_CHECK(!is_applied(), "Ema::update() between apply() and restore()");
  torch::NoGradGuard no_grad;
  ++num_updates_;
  const double t = static_cast<double>(num_updates_);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  std::vector<torch::Tensor> current;
  for (const auto& [name, tensor] : parameters_) current.push_back(tensor.detach());
  at::_foreach_mul_(averages_, decay);
  at::_foreach_add_(averages_, current, 1 - decay);
}

void Ema::apply() {
  TORCH_CHECK(!is_applied(), "Ema::apply() twice without restore()");
  torch::NoGradGuard no_grad;
  for (size_t i = 0; i < averages_.size(); ++i) {
    auto& parameter = parameters_[i].second;
    trained_.push_back(parameter.detach().clone());
    parameter.copy_(averages_[i]);
  }
}

void Ema::restore() {
  torch::NoGradGuard no_grad;
  for (size_t i = 0; i < trained_.size(); ++i) parameters_[i].second.copy_(trained_[i]);
  trained_.clear();
}

// Archive keys must not hold dots: "p12" and "p12_name".
void Ema::save(torch::serialize::OutputArchive& archive) const {
  archive.write("num_updates", c10::IValue(num_updates_));
  archive.write("num_parameters", c10::IValue(static_cast<int64_t>(averages_.size())));
  for (size_t i = 0; i < averages_.size(); ++i) {
    archive.write("p" + std::to_string(i) + "_name", c10::IValue(parameters_[i].first));
    archive.write("p" + std::to_string(i), averages_[i]);
  }
}

Status Ema::load(torch::serialize::InputArchive& archive) {
  torch::NoGradGuard no_grad;
  try {
    c10::IValue value;
    archive.read("num_parameters", value);
    if (value.toInt() != static_cast<int64_t>(averages_.size())) {
      return invalid_argument("the averages are of " + std::to_string(value.toInt()) + " parameters, the model has " +
                              std::to_string(averages_.size()));
    }
    std::vector<torch::Tensor> loaded;
    for (size_t i = 0; i < averages_.size(); ++i) {
      archive.read("p" + std::to_string(i) + "_name", value);
      torch::Tensor stored;
      archive.read("p" + std::to_string(i), stored);
      if (value.toStringRef() != parameters_[i].first || stored.sizes() != averages_[i].sizes()) {
        return invalid_argument("average " + std::to_string(i) + " is of " + value.toStringRef() + ", not of " +
                                parameters_[i].first + " or of another shape");
      }
      loaded.push_back(stored.to(averages_[i].options()));
    }
    archive.read("num_updates", value);
    num_updates_ = value.toInt();
    averages_ = std::move(loaded);
  } catch (const c10::Error& error) {
    return corrupt(std::string("the averages cannot be read: ") + error.what_without_backtrace());
  }
  return ok_status();
}

}  // namespace laconic::train
