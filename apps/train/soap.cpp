#include "apps/train/soap.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace laconic::train {
namespace {

// Note [First moment]
// The paper keeps the first moment in the original space and rotates it at every step. Rotation is linear, so keeping it
// rotated and turning it when the basis changes (every tenth step) is the same up to rounding, and saves two of eight
// matrix products per step.

torch::Tensor eigenvectors(const torch::Tensor& symmetric) {
  torch::Tensor vectors;
  try {
    vectors = std::get<1>(torch::linalg_eigh(symmetric, "L"));
  } catch (const c10::Error&) {  // no convergence in float32: rare, seen on nearly singular matrices
    const auto wide = symmetric.to(torch::kFloat64);
    const auto jitter = torch::eye(wide.size(0), wide.options()) * (1e-12 + 1e-9 * wide.diagonal().mean().item<double>());
    vectors = std::get<1>(torch::linalg_eigh(wide + jitter, "L")).to(torch::kFloat32);
  }
  return vectors.flip({1}).contiguous();  // largest eigenvalue first, as refresh_basis keeps them
}

// One step of orthogonal iteration from the old basis. Columns are put in the order of their estimated eigenvalues
// first; `order` receives that permutation.
torch::Tensor iterate_basis(const torch::Tensor& symmetric, const torch::Tensor& basis, torch::Tensor* order) {
  const auto product = torch::mm(symmetric, basis);  // columns: S q_i
  const auto estimates = (basis * product).sum(0);   // q_i' S q_i
  *order = estimates.argsort(0, /*descending=*/true);
  return std::get<0>(torch::linalg_qr(product.index_select(1, *order), "reduced")).contiguous();
}

}  // namespace

Soap::Soap(std::vector<SoapParameter> parameters, const SoapOptions& options) : options_(options) {
  torch::NoGradGuard no_grad;
  std::vector<double> cost;
  for (auto& parameter : parameters) {
    State state;
    const auto& tensor = parameter.tensor;
    state.rows = tensor.dim() > 0 ? tensor.size(0) : 1;
    state.cols = tensor.numel() / std::max<int64_t>(state.rows, 1);
    const bool is_matrix = tensor.dim() >= 2 && std::min(state.rows, state.cols) > kSmallestRotatedSide;
    state.rotates_left = is_matrix && state.rows <= options.max_side;
    state.rotates_right = is_matrix && state.cols <= options.max_side;
    const auto zeros = [&](int64_t r, int64_t c) { return torch::zeros({r, c}, tensor.options().requires_grad(false)); };
    state.first = zeros(state.rows, state.cols);
    state.second = zeros(state.rows, state.cols);
    if (state.rotates_left) state.left = zeros(state.rows, state.rows);
    if (state.rotates_right) state.right = zeros(state.cols, state.cols);
    if (state.rotates_left) state.left_basis = zeros(state.rows, state.rows);
    if (state.rotates_right) state.right_basis = zeros(state.cols, state.cols);
    state.is_initialised = !state.rotates();
    const double sides = (state.rotates_left ? state.rows : 0) + (state.rotates_right ? state.cols : 0) + 10;
    cost.push_back(static_cast<double>(state.rows) * static_cast<double>(state.cols) * sides);
    state.parameter = std::move(parameter);
    states_.push_back(std::move(state));
  }
  order_.resize(states_.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&](size_t a, size_t b) { return cost[a] > cost[b]; });
}

void Soap::zero_grad() {
  // Dropping the gradient lets autograd hand over its own tensor instead of adding to ours.
  for (auto& state : states_) state.parameter.tensor.mutable_grad() = torch::Tensor();
}

void Soap::step(double lr) {
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const auto& state : states_) {
    if (state.parameter.tensor.grad().defined()) gradients.push_back(state.parameter.tensor.grad());
  }
  if (gradients.empty()) return;

  // One number, one wait for the device: the norm is finite only if every element is.
  last_grad_norm_ = torch::stack(at::_foreach_norm(gradients, 2)).to(torch::kFloat64).norm().item<double>();
  if (!std::isfinite(last_grad_norm_)) {
    ++num_skipped_;
    return;
  }
  if (options_.clip_norm > 0 && last_grad_norm_ > options_.clip_norm) {
    at::_foreach_mul_(gradients, options_.clip_norm / last_grad_norm_);
  }

  states_[0].parameter.tensor.is_cpu() ? update_on_cpu(lr) : update_on_gpu(lr);
  ++num_steps_;
}

void Soap::update_on_cpu(double lr) {
  // One parameter a thread. at::parallel_for needs -fopenmp here: without it all runs on one thread.
  std::atomic<size_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    torch::NoGradGuard no_grad_here;  // the guard belongs to a thread
    for (size_t i = next++; i < order_.size(); i = next++) update({order_[i]}, lr);
  });
}

void Soap::update_on_gpu(double lr) {
  // Launching a kernel takes longer than most of these run: one launch for all parameters that are treated alike.
  std::map<std::tuple<bool, int64_t, double>, std::vector<size_t>> groups;
  for (size_t i = 0; i < states_.size(); ++i) {
    const State& state = states_[i];
    groups[{state.rotates(), state.is_initialised ? state.num_updates : -1, state.parameter.lr_scale}].push_back(i);
  }
  for (const auto& [key, group] : groups) update(group, lr);
}

void Soap::update(const std::vector<size_t>& group, double lr) {
  std::vector<size_t> updated;
  std::vector<torch::Tensor> gradients, rotated, first, second;
  for (const size_t i : group) {
    State& state = states_[i];
    if (!state.parameter.tensor.grad().defined()) continue;
    torch::Tensor gradient = state.parameter.tensor.grad().reshape({state.rows, state.cols});
    if (!state.is_initialised) {
      initialise(state, gradient);
      continue;
    }
    updated.push_back(i);
    gradients.push_back(gradient);
    if (state.rotates_left) gradient = torch::mm(state.left_basis.t(), gradient);
    if (state.rotates_right) gradient = torch::mm(gradient, state.right_basis);
    rotated.push_back(gradient);
    first.push_back(state.first);
    second.push_back(state.second);
    ++state.num_updates;
  }
  if (updated.empty()) return;
  const State& any = states_[updated[0]];
  const double beta1 = any.rotates() ? options_.beta1 : options_.adam_beta1;
  const double beta2 = any.rotates() ? options_.beta2 : options_.adam_beta2;
  lr *= any.parameter.lr_scale;

  // lerp_ would be one launch less, and is four times slower on the CPU: LibTorch 1.13 does not vectorise it.
  at::_foreach_mul_(first, beta1);
  at::_foreach_add_(first, rotated, 1 - beta1);
  at::_foreach_mul_(second, beta2);
  at::_foreach_addcmul_(second, rotated, rotated, 1 - beta2);

  const double correction1 = 1 - std::pow(beta1, static_cast<double>(any.num_updates));
  const double correction2 = 1 - std::pow(beta2, static_cast<double>(any.num_updates));
  // first / correction1 / (sqrt(second / correction2) + eps), with the corrections taken out of the tensors
  std::vector<torch::Tensor> directions = at::_foreach_sqrt(second);
  at::_foreach_add_(directions, options_.eps * std::sqrt(correction2));
  directions = at::_foreach_div(first, directions);
  std::vector<torch::Tensor> parameters;
  for (size_t k = 0; k < updated.size(); ++k) {
    const State& state = states_[updated[k]];
    if (state.rotates_left) directions[k] = torch::mm(state.left_basis, directions[k]);
    if (state.rotates_right) directions[k] = torch::mm(directions[k], state.right_basis.t());
    parameters.push_back(state.parameter.tensor);
    directions[k] = directions[k].view(parameters[k].sizes());
    if (options_.weight_decay > 0 && parameters[k].dim() >= 2) parameters[k].mul_(1 - lr * options_.weight_decay);
  }
  at::_foreach_add_(parameters, directions, -lr * std::sqrt(correction2) / correction1);

  for (size_t k = 0; k < updated.size(); ++k) {
    State& state = states_[updated[k]];
    if (!state.rotates()) continue;
    // Staggered by index, so that every step costs about the same.
    const int64_t turn = num_steps_ + static_cast<int64_t>(updated[k]);
    if (turn % options_.statistics_every == 0) update_statistics(state, gradients[k]);
    if (turn % options_.precondition_every == 0) refresh_basis(state);
  }
}

void Soap::update_statistics(State& state, const torch::Tensor& gradient) const {
  const double beta = std::pow(options_.shampoo_beta, options_.statistics_every);
  if (state.rotates_left) state.left.addmm_(gradient, gradient.t(), beta, 1 - beta);
  if (state.rotates_right) state.right.addmm_(gradient.t(), gradient, beta, 1 - beta);
}

void Soap::initialise(State& state, const torch::Tensor& gradient) const {
  // Behind a layer that starts at zero the first gradients are zero: their eigenvectors would say nothing.
  if (gradient.count_nonzero().item<int64_t>() == 0) return;
  update_statistics(state, gradient);
  if (state.rotates_left) state.left_basis = eigenvectors(state.left);
  if (state.rotates_right) state.right_basis = eigenvectors(state.right);
  state.is_initialised = true;
}

void Soap::refresh_basis(State& state) const {
  torch::Tensor order;
  if (state.rotates_left) {
    const auto basis = iterate_basis(state.left, state.left_basis, &order);
    state.second = state.second.index_select(0, order);
    state.first = torch::mm(torch::mm(basis.t(), state.left_basis), state.first);
    state.left_basis = basis;
  }
  if (state.rotates_right) {
    const auto basis = iterate_basis(state.right, state.right_basis, &order);
    state.second = state.second.index_select(1, order);
    state.first = torch::mm(state.first, torch::mm(state.right_basis.t(), basis));
    state.right_basis = basis;
  }
}

// Archive keys are attribute names, which must not hold dots: "p12_first". The parameter's name is stored beside.
void Soap::save(torch::serialize::OutputArchive& archive) const {
  archive.write("num_steps", c10::IValue(num_steps_));
  archive.write("num_skipped", c10::IValue(num_skipped_));
  archive.write("num_parameters", c10::IValue(static_cast<int64_t>(states_.size())));
  for (size_t i = 0; i < states_.size(); ++i) {
    const State& state = states_[i];
    const std::string key = "p" + std::to_string(i) + "_";
    archive.write(key + "name", c10::IValue(state.parameter.name));
    archive.write(key + "num_updates", c10::IValue(state.num_updates));
    archive.write(key + "is_initialised", c10::IValue(state.is_initialised));
    archive.write(key + "first", state.first);
    archive.write(key + "second", state.second);
    if (state.rotates_left) archive.write(key + "left", state.left);
    if (state.rotates_left) archive.write(key + "left_basis", state.left_basis);
    if (state.rotates_right) archive.write(key + "right", state.right);
    if (state.rotates_right) archive.write(key + "right_basis", state.right_basis);
  }
}

Status Soap::load(torch::serialize::InputArchive& archive) {
  torch::NoGradGuard no_grad;
  try {
    c10::IValue value;
    archive.read("num_parameters", value);
    if (value.toInt() != static_cast<int64_t>(states_.size())) {
      return invalid_argument("the optimiser state is of " + std::to_string(value.toInt()) + " parameters, the model has " +
                              std::to_string(states_.size()));
    }
    std::vector<State> loaded = states_;  // shares the tensors; those read below are new ones
    for (size_t i = 0; i < loaded.size(); ++i) {
      State& state = loaded[i];
      const std::string key = "p" + std::to_string(i) + "_";
      archive.read(key + "name", value);
      if (value.toStringRef() != state.parameter.name) {
        return invalid_argument("parameter " + std::to_string(i) + " is " + value.toStringRef() +
                                " in the optimiser state and " + state.parameter.name + " in the model");
      }
      archive.read(key + "num_updates", value);
      state.num_updates = value.toInt();
      archive.read(key + "is_initialised", value);
      state.is_initialised = value.toBool();
      for (auto [field, tensor] : {std::pair<const char*, torch::Tensor*>{"first", &state.first},
                                   {"second", &state.second},
                                   {"left", &state.left},
                                   {"left_basis", &state.left_basis},
                                   {"right", &state.right},
                                   {"right_basis", &state.right_basis}}) {
        if (!tensor->defined()) continue;
        torch::Tensor stored;
        archive.read(key + field, stored);
        if (stored.sizes() != tensor->sizes()) {
          return invalid_argument("the optimiser state of " + state.parameter.name + " has another shape");
        }
        *tensor = stored.to(tensor->options()).contiguous();
      }
    }
    archive.read("num_steps", value);
    const int64_t num_steps = value.toInt();
    archive.read("num_skipped", value);
    num_skipped_ = value.toInt();
    num_steps_ = num_steps;
    states_ = std::move(loaded);
  } catch (const c10::Error& error) {
    return corrupt(std::string("the optimiser state cannot be read: ") + error.what_without_backtrace());
  }
  return ok_status();
}

}  // namespace laconic::train
