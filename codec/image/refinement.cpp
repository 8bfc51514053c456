#include "codec/image/refinement.h"

#include <algorithm>
#include <array>

#include "models/image/passes.h"

namespace laconic {
namespace {

using models::Rounding;

constexpr double kRunsAway = 1.01;  // J may rise a little on its way, but not to so many times the best

// Part of the way to the minimum of each latent's own parabola that a step goes: less and less, for latents move together.
double step_rate(int step) { return std::max(0.15, 0.5 / (1 + 0.25 * step)); }

// oneDNN has fast bfloat16 only where the processor has it; what is lost in precision here is only J's third digit.
torch::ScalarType fast_type(const torch::Device& device) {
#if defined(__x86_64__) && defined(__GNUC__)
  return !device.is_cpu() || __builtin_cpu_supports("avx512bf16") ? torch::kBFloat16 : torch::kFloat;
#else
  return device.is_cpu() ? torch::kFloat : torch::kBFloat16;
#endif
}

class Refinement {
 public:
  Refinement(const ImageModel::Impl& model, const RefinementInput& input, int quality_step)
      : model_(model), network_(model.network()), input_(input), type_(fast_type(model.device)),
        steps_(torch::full({1}, quality_step, torch::TensorOptions().dtype(torch::kFloat).device(model.device))),
        error_weight_(models::lambda_at(model.config(), quality_step) * 255 * 255 / 3) {
    const LatentRect& own = input.superblock;
    top_ = own.row - input.region.row;
    left_ = own.column - input.region.column;
    // The superblock extended to even size, as the passes want it; `is_real_` tells what of a pass exists.
    odd_rows_ = own.height % 2;
    odd_columns_ = own.width % 2;
    y_ = input.y.slice(2, top_, top_ + own.height).slice(3, left_, left_ + own.width);
    if (odd_rows_ || odd_columns_) {
      torch::Tensor real = torch::ones_like(y_);
      real = torch::constant_pad_nd(real, {0, odd_columns_, 0, odd_rows_});
      for (const torch::Tensor& pass : models::split_passes(real)) is_real_.push_back(pass > 0);
      y_ = torch::replication_pad2d(y_.contiguous(), {0, odd_columns_, 0, odd_rows_});
    }
    y_ = y_.contiguous(torch::MemoryFormat::ChannelsLast);
    around_ = input.y.clone();
    around_.slice(2, top_, top_ + own.height).slice(3, left_, left_ + own.width).zero_();
    curvature_ = models::latent_curvature(network_, steps_);
  }

  torch::Tensor run(const EffortPlan& plan) {
    double best = 0;
    torch::Tensor best_y, best_curvature;
    Evaluation best_seen;
    bool best_is_plain = false;
    for (int i = 0; i <= plan.num_steps; ++i) {
      const Evaluation now = evaluate(/*is_plain=*/i == 0, /*wants_gradient=*/i < plan.num_steps);
      const bool runs_away = i > 0 && !(now.cost <= kRunsAway * best);  // a cost that is not a number as well
      if (i == 0 || now.cost < best) {
        best = now.cost;
        best_y = y_;
        best_curvature = curvature_;
        best_seen = now;
        best_is_plain = i == 0;
      }
      if (i == plan.num_steps) break;
      if (runs_away) curvature_ = curvature_ * 2;
      const Evaluation& from = runs_away ? best_seen : now;
      if (runs_away) y_ = best_y;
      y_ = y_ + step_rate(i) * (from.y_hat - from.gradient / (2 * curvature_) - y_);
    }
    // Once more in float32, as the coder computes the means.
    torch::NoGradGuard no_grad;
    curvature_ = best_curvature;
    const auto rule = [&](const torch::Tensor& v, const torch::Tensor& index, int pass) -> Rounding {
      const torch::Tensor r = best_is_plain ? plain_symbols(v, index, pass) : best_symbols(v, index, pass);
      return {r, r};
    };
    const torch::Tensor y_hat = network_->estimate_latents(model_.scale_networks(), best_y, input_.z_hat, steps_, rule, torch::kFloat).y_hat;
    return y_hat.slice(2, 0, input_.superblock.height).slice(3, 0, input_.superblock.width);
  }

 private:
  torch::Tensor only_coded(const torch::Tensor& v, const torch::Tensor& index, int pass) const {
    torch::Tensor is_coded = index >= model_.tables.skip_below;
    if (!is_real_.empty()) is_coded = is_coded.logical_and(is_real_[pass]);
    return v * is_coded;
  }

  torch::Tensor plain_symbols(const torch::Tensor& v, const torch::Tensor& index, int pass) const {
    return only_coded(torch::round(v), index, pass);
  }

  // The symbols with the least bits + error of their own.
  torch::Tensor best_symbols(const torch::Tensor& v, const torch::Tensor& index, int pass) const {
    return only_coded(models::cheapest_symbols(v, index, model_.tables.symbol_bits, curvature_), index, pass);
  }

  // J, where y_hat is that of the superblock extended to even size.
  torch::Tensor cost_of(const torch::Tensor& y_hat, const torch::Tensor& bits) {
    const int64_t height = y_.size(2) - odd_rows_, width = y_.size(3) - odd_columns_;
    const torch::Tensor own = y_hat.slice(2, 0, height).slice(3, 0, width);
    const torch::Tensor all = around_ + torch::constant_pad_nd(own, {left_, around_.size(3) - left_ - width, top_, around_.size(2) - top_ - height});
    const torch::Tensor x_hat = network_->synthesise(all.contiguous(torch::MemoryFormat::ChannelsLast), steps_, type_);
    const torch::Tensor error = x_hat.slice(2, 0, input_.pixels.size(2)).slice(3, 0, input_.pixels.size(3)) - input_.pixels;
    return bits.sum() + error.square().sum() * error_weight_;
  }

  struct Evaluation {
    double cost = 0;  // J of the rounded latents
    torch::Tensor y_hat, gradient;  // of J, at y_hat
  };

  Evaluation evaluate(bool is_plain, bool wants_gradient) {
    const torch::AutoGradMode grad(wants_gradient);
    // y_hat = mean + r + shift: the gradient in `shift` holds what choosing each symbol for itself cannot see.
    const torch::Tensor shift = torch::zeros_like(y_).set_requires_grad(wants_gradient);
    const std::vector<torch::Tensor> shifts = models::split_passes(shift);
    const auto rule = [&](const torch::Tensor& v, const torch::Tensor& index, int pass) -> Rounding {
      torch::Tensor r;
      {
        torch::NoGradGuard no_grad;
        r = is_plain ? plain_symbols(v, index, pass) : best_symbols(v, index, pass);
      }
      const torch::Tensor symbols = r + (v - v.detach());
      return {symbols, symbols + shifts[pass]};
    };
    const models::LatentEstimate e = network_->estimate_latents(model_.scale_networks(), y_, input_.z_hat, steps_, rule, type_);
    const torch::Tensor cost = cost_of(e.y_hat, e.bits_y);
    if (!wants_gradient) return {cost.item<double>(), {}, {}};
    return {cost.item<double>(), e.y_hat.detach(), torch::autograd::grad({cost}, {shift})[0]};
  }

  const ImageModel::Impl& model_;
  models::ImageNetwork network_;
  const RefinementInput& input_;
  const torch::ScalarType type_;
  const torch::Tensor steps_;
  const double error_weight_;
  int64_t top_ = 0, left_ = 0, odd_rows_ = 0, odd_columns_ = 0;
  torch::Tensor y_, around_, curvature_;
  std::vector<torch::Tensor> is_real_;  // by pass; empty if everything is
};

}  // namespace

EffortPlan effort_plan(int effort) {
  constexpr std::array<EffortPlan, 10> kPlans = {{{0}, {1}, {2}, {3}, {5}, {8}, {12}, {16}, {24}, {40}}};
  return kPlans[static_cast<size_t>(effort)];
}

torch::Tensor refine_latents(const ImageModel::Impl& model, const RefinementInput& input, int quality_step, const EffortPlan& plan) {
  return Refinement(model, input, quality_step).run(plan);
}

}  // namespace laconic
