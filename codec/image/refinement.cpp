#include "codec/image/refinement.h"

#include <array>
#include <cmath>
#include <limits>

#include "models/image/passes.h"

namespace laconic {
namespace {

using models::Rounding;

constexpr double kDescentRate = 0.15, kRoundingRate = 0.5;  // parts of the way to the minimum of a latent's own parabola
constexpr double kMomentum = 0.9;
constexpr double kMaxInverseVariance = 12;  // below sigma 0.29 the bits are no parabola any more
// Latents move together: their errors add up to more than the sum over single latents says (measured on val).
constexpr double kCurvatureMargin = 1.3;

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
    // Squared error per unit of a latent, of the linear part of the synthesis: the network part changes it by a quarter.
    const torch::Tensor energy = network_->g_s->shortcut.square().sum({0, 2, 3}).view({1, -1, 1, 1});
    curvature_ = energy * models::interpolate_gain(network_->log_inverse_gains, steps_).square() * (error_weight_ * kCurvatureMargin);
  }

  torch::Tensor run(const EffortPlan& plan) {
    double best = std::numeric_limits<double>::infinity();
    torch::Tensor best_y;
    bool best_is_plain = false;
    const auto step = [&](bool is_plain) {
      const torch::Tensor y = y_;
      const double cost = rounding_step(is_plain);
      if (cost >= best) return;
      best = cost;
      best_y = y;
      best_is_plain = is_plain;
    };
    if (plan.descent_steps > 0) {
      const torch::Tensor y = y_;
      step(/*is_plain=*/true);
      y_ = y;
      for (int i = 0; i < plan.descent_steps; ++i) descent_step(i, plan.descent_steps);
    }
    for (int i = 0; i < plan.rounding_steps; ++i) step(/*is_plain=*/i == 0 && plan.descent_steps == 0);
    if (!plan.keeps_best) {
      best_y = y_;
      best_is_plain = false;
    }
    // Once more in float32, as the coder computes the means.
    torch::NoGradGuard no_grad;
    const auto rule = [&](const torch::Tensor& v, const torch::Tensor& index, int pass) -> Rounding {
      const torch::Tensor r = best_is_plain ? plain_symbols(v, index, pass) : best_symbols(v, index, pass);
      return {r, r};
    };
    const torch::Tensor y_hat = network_->estimate_latents(model_.scale_networks(), best_y, input_.z_hat, steps_, rule, torch::kFloat).y_hat;
    return y_hat.slice(2, 0, input_.superblock.height).slice(3, 0, input_.superblock.width);
  }

 private:
  torch::Tensor only_coded(const torch::Tensor& v, const torch::Tensor& index, int pass) const {
    torch::Tensor is_coded = index >= model_.skip_below();
    if (!is_real_.empty()) is_coded = is_coded.logical_and(is_real_[pass]);
    return v * is_coded;
  }

  torch::Tensor plain_symbols(const torch::Tensor& v, const torch::Tensor& index, int pass) const {
    return only_coded(torch::round(v), index, pass);
  }

  // The symbols with the least bits + error of their own.
  torch::Tensor best_symbols(const torch::Tensor& v, const torch::Tensor& index, int pass) const {
    const int64_t reach = model_.symbol_bits.size(1) / 2;
    const torch::Tensor row = index.to(torch::kLong) * model_.symbol_bits.size(1) + reach;
    const auto cost = [&](const torch::Tensor& r) {
      return model_.symbol_bits.take(row + r.clamp(-reach, reach).to(torch::kLong)) + curvature_ * (v - r).square();
    };
    torch::Tensor best = torch::round(v);
    const torch::Tensor nearer = best - torch::sign(best);
    torch::Tensor least = cost(best);
    for (const torch::Tensor& other : {nearer, torch::zeros_like(best)}) {
      const torch::Tensor bits = cost(other), wins = bits < least;
      best = torch::where(wins, other, best);
      least = torch::min(least, bits);
    }
    return only_coded(best, index, pass);
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

  void descent_step(int step, int num_steps) {
    const torch::AutoGradMode grad(true);
    const torch::Tensor y = y_.detach().clone().set_requires_grad(true);
    const auto rule = [&](const torch::Tensor& v, const torch::Tensor& index, int pass) -> Rounding {
      const torch::Tensor kept = only_coded(v, index, pass);
      return {kept, kept};
    };
    const models::LatentEstimate e = network_->estimate_latents(model_.scale_networks(), y, input_.z_hat, steps_, rule, type_);
    const torch::Tensor gradient = torch::autograd::grad({cost_of(e.y_hat, e.bits_y)}, {y})[0];
    torch::NoGradGuard no_grad;
    momentum_ = momentum_.defined() ? momentum_ * kMomentum + gradient * (1 - kMomentum) : gradient * (1 - kMomentum);
    const torch::Tensor index = models::merge_passes(e.indexes.chunk(models::kNumPasses, 2));
    const torch::Tensor inverse_variance =
        torch::exp(index * (-2 * models::log_scale_step()) - 2 * std::log(models::kScaleMin)).clamp_max(kMaxInverseVariance);
    const double unbiased = 1 - std::pow(kMomentum, step + 1);
    const double rate = kDescentRate * 0.5 * (1 + std::cos(M_PI * 0.9 * step / std::max(1, num_steps - 1)));
    y_ = y_ - momentum_ * (rate / unbiased) / (2 / kCurvatureMargin * curvature_ + inverse_variance / std::log(2.0));
  }

  // Rounds y, moves y against the gradient, and returns J of the rounded latents.
  double rounding_step(bool is_plain) {
    const torch::AutoGradMode grad(true);
    // y_hat = mean + r + shift: the gradient in `shift` holds what choosing each symbol for itself cannot see.
    const torch::Tensor shift = torch::zeros_like(y_).set_requires_grad(true);
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
    const torch::Tensor gradient = torch::autograd::grad({cost}, {shift})[0];
    torch::NoGradGuard no_grad;
    y_ = y_ + kRoundingRate * (e.y_hat.detach() - gradient / (2 * curvature_) - y_);
    return cost.item<double>();
  }

  const ImageModel::Impl& model_;
  models::ImageNetwork network_;
  const RefinementInput& input_;
  const torch::ScalarType type_;
  const torch::Tensor steps_;
  const double error_weight_;
  int64_t top_ = 0, left_ = 0, odd_rows_ = 0, odd_columns_ = 0;
  torch::Tensor y_, around_, curvature_, momentum_;
  std::vector<torch::Tensor> is_real_;  // by pass; empty if everything is
};

}  // namespace

EffortPlan effort_plan(int effort) {
  constexpr std::array<EffortPlan, 10> kPlans = {{{0, 0, false}, {0, 1, false}, {0, 2, false}, {0, 3, false}, {0, 5, false},
                                                  {0, 8, true}, {8, 6, true}, {12, 8, true}, {16, 12, true}, {24, 20, true}}};
  return kPlans[static_cast<size_t>(effort)];
}

torch::Tensor refine_latents(const ImageModel::Impl& model, const RefinementInput& input, int quality_step, const EffortPlan& plan) {
  return Refinement(model, input, quality_step).run(plan);
}

}  // namespace laconic
