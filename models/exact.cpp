#include "models/exact.h"

#include <cmath>
#include <utility>

namespace laconic::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct FloorSte : torch::autograd::Function<FloorSte> {
  static torch::Tensor forward(AutogradContext*, const torch::Tensor& x) { return torch::floor(x); }
  static variable_list backward(AutogradContext*, variable_list grad) { return {grad[0]}; }
};

struct RoundSte : torch::autograd::Function<RoundSte> {
  static torch::Tensor forward(AutogradContext*, const torch::Tensor& x) { return torch::round(x); }
  static variable_list backward(AutogradContext*, variable_list grad) { return {grad[0]}; }
};

// Outside the range only gradients that lead back inside pass, so that no unit is stuck at its clamp.
struct ClampSte : torch::autograd::Function<ClampSte> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, double lo, double hi) {
    context->save_for_backward({x});
    context->saved_data["lo"] = lo;
    context->saved_data["hi"] = hi;
    return torch::clamp(x, lo, hi);
  }
  static variable_list backward(AutogradContext* context, variable_list grad) {
    const torch::Tensor x = context->get_saved_variables()[0];
    const double lo = context->saved_data["lo"].toDouble(), hi = context->saved_data["hi"].toDouble();
    const torch::Tensor blocked = ((x < lo) & (grad[0] > 0)) | ((x > hi) & (grad[0] < 0));
    return {grad[0].masked_fill(blocked, 0), torch::Tensor(), torch::Tensor()};
  }
};

torch::Tensor per_channel(const torch::Tensor& v) { return v.view({1, -1, 1, 1}); }

// cuDNN may choose Winograd or FFT, whose sums are not exact: good enough for training, not for coding.
bool may_use_conv2d(const torch::Tensor& x) { return !x.is_cuda() || torch::GradMode::is_enabled(); }

thread_local int num_no_random_start = 0;

}  // namespace

NoRandomStart::NoRandomStart() { ++num_no_random_start; }
NoRandomStart::~NoRandomStart() { --num_no_random_start; }

torch::Tensor random_start(c10::IntArrayRef sizes, double std) {
  return num_no_random_start > 0 ? torch::zeros(sizes) : torch::randn(sizes) * std;
}

torch::Tensor floor_ste(const torch::Tensor& x) { return FloorSte::apply(x); }
torch::Tensor round_ste(const torch::Tensor& x) { return RoundSte::apply(x); }
torch::Tensor clamp_ste(const torch::Tensor& x, double lo, double hi) { return ClampSte::apply(x, lo, hi); }

ExactConv2dImpl::ExactConv2dImpl(const ExactConv2dOptions& options) : options_(options) {
  const int fan_in_channels = options.depthwise ? 1 : options.in_channels;
  const int k = options.kernel, rows = options.is_row ? 1 : k;
  const double std = 1.0 / std::sqrt(static_cast<double>(fan_in_channels) * rows * k);
  weight = register_parameter("weight", random_start({options.out_channels, fan_in_channels, rows, k}, std));
  bias = register_parameter("bias", torch::zeros({options.out_channels}));
  if (options.hides_centre) {
    tap_mask_ = register_buffer("tap_mask", torch::ones({1, 1, k, k}));
    torch::NoGradGuard no_grad;
    tap_mask_.index_put_({0, 0, k / 2, k / 2}, 0);
  }
}

ExactConv ExactConv2dImpl::prepare() const {
  const torch::Tensor w = options_.hides_centre ? weight * tap_mask_ : weight;
  if (float_twin_) return {options_, w, bias * kUnit, torch::zeros_like(bias), true};
  torch::Tensor shift;
  {
    torch::NoGradGuard no_grad;
    // The largest shift that keeps every weight of the channel within +-127.
    const torch::Tensor largest = w.detach().abs().flatten(1).amax(1).clamp_min(1e-6);
    shift = torch::floor(torch::log2(kWeightMax / largest)).clamp(0, kShiftMax);
  }
  const torch::Tensor scale = torch::exp2(shift);
  // Rounding to nearest is floor(x + 1/2): half of the final divisor goes into the bias.
  const torch::Tensor half = torch::floor(torch::exp2(shift + (options_.extra_shift - 1)));
  return {options_, torch::clamp(round_ste(w * scale.view({-1, 1, 1, 1})), -kWeightMax, kWeightMax),
          round_ste(bias * kUnit * scale) + half, shift, false};
}

void ExactConv2dImpl::set_integers(const torch::Tensor& weight_q, const torch::Tensor& bias_q, const torch::Tensor& shift) {
  torch::NoGradGuard no_grad;
  const torch::Tensor scale = torch::exp2(shift.to(torch::kFloat));
  const torch::Tensor half = torch::floor(torch::exp2(shift.to(torch::kFloat) + (options_.extra_shift - 1)));
  weight.copy_(weight_q.to(torch::kFloat) / scale.view({-1, 1, 1, 1}));
  bias.copy_((bias_q.to(torch::kFloat) - half) / (scale * kUnit));
}

ExactConv::ExactConv(const ExactConv2dOptions& options, torch::Tensor weight, torch::Tensor bias, torch::Tensor shift,
                     bool float_twin)
    : options_(options), weight_(std::move(weight)), bias_(std::move(bias)), shift_(std::move(shift)), float_twin_(float_twin) {
  bias_row_ = per_channel(bias_);
  scale_ = per_channel(torch::exp2(-shift_ - options.extra_shift));
}

void ExactConv::to(const torch::Device& device) {
  *this = ExactConv(options_, weight_.to(device), bias_.to(device), shift_.to(device), float_twin_);
}

std::string ExactConv::prove_bound() const {
  torch::NoGradGuard no_grad;
  const torch::Tensor w = weight_.to(torch::kDouble), b = bias_.to(torch::kDouble);
  if (!((w == torch::floor(w)).all() & (b == torch::floor(b)).all()).item<bool>()) return "a weight or bias is not an integer";
  if (shift_.min().item<double>() < 0 || shift_.max().item<double>() > kShiftMax) return "a shift is out of range";
  const double worst = (b.abs() + w.abs().flatten(1).sum(1) * options_.max_input).max().item<double>();
  if (worst <= kExactBound) return {};
  return "a sum can reach " + std::to_string(static_cast<int64_t>(worst)) + ", more than 2^24";
}

torch::Tensor ExactConv::accumulate(const torch::Tensor& x, int64_t first) const {
  if (options_.kernel == 1) {
    const torch::Tensor w = x.size(1) == weight_.size(1) ? weight_ : weight_.narrow(1, first, x.size(1));
    if (may_use_conv2d(x)) return torch::conv2d(x, w);
    // A matrix product with TF32 off (see the CUDA notes of the pipelines) only adds products.
    return torch::matmul(w.flatten(1), x.flatten(2)).view({x.size(0), w.size(0), x.size(2), x.size(3)});
  }
  const int64_t rows = weight_.size(2), columns = weight_.size(3), pad_y = rows / 2, pad_x = columns / 2;
  if (may_use_conv2d(x)) return torch::conv2d(x, weight_, {}, 1, torch::IntArrayRef({pad_y, pad_x}), 1, options_.depthwise ? options_.in_channels : 1);
  // cuDNN may choose Winograd or FFT: a sum of shifted planes only adds products.
  const torch::Tensor padded = torch::constant_pad_nd(x, {pad_x, pad_x, pad_y, pad_y});
  torch::Tensor sum;
  for (int64_t dy = 0; dy < rows; ++dy) {
    for (int64_t dx = 0; dx < columns; ++dx) {
      const torch::Tensor shifted = padded.slice(2, dy, dy + x.size(2)).slice(3, dx, dx + x.size(3));
      const torch::Tensor tap = weight_.select(3, dx).select(2, dy);
      const torch::Tensor part = options_.depthwise
          ? shifted * per_channel(tap.flatten())
          : torch::matmul(tap, shifted.flatten(2)).view({x.size(0), tap.size(0), x.size(2), x.size(3)});
      sum = sum.defined() ? sum + part : part;
    }
  }
  return sum;
}

torch::Tensor ExactConv::finish(const torch::Tensor& sum) const {
  const torch::Tensor scaled = (sum + bias_row_) * scale_;
  if (float_twin_) return torch::clamp(scaled, options_.lo, options_.hi);
  if (!torch::GradMode::is_enabled()) return scaled.floor_().clamp_(options_.lo, options_.hi);
  return clamp_ste(floor_ste(scaled), options_.lo, options_.hi);
}

torch::Tensor ExactConv::rows(const torch::Tensor& x, int64_t first, int64_t count) const {
  ExactConv part(options_, weight_.narrow(0, first, count), bias_.narrow(0, first, count), shift_.narrow(0, first, count),
                 float_twin_);
  return part(x);
}

torch::Tensor exact_mean(const torch::Tensor& x, int64_t count) {
  // Sums stay below 2^23, so float32 adds them exactly in any order. The half keeps the quotient away from integers, also
  // where a device divides by multiplying with the reciprocal.
  return floor_ste((x.sum({2, 3}, /*keepdim=*/true) + 0.5) / static_cast<double>(count));
}

torch::Tensor exact_gate(const torch::Tensor& x, const torch::Tensor& gate) { return floor_ste(x * gate * (1.0 / 128)); }

torch::Tensor exact_interpolate(const torch::Tensor& embedding, const torch::Tensor& steps) {
  const int64_t num_anchors = embedding.size(0);
  const torch::Tensor low = torch::floor(steps / 256).clamp(0, num_anchors - 2);
  const torch::Tensor fraction = (steps - low * 256).view({-1, 1});  // 0..256
  const torch::Tensor index = low.to(torch::kLong);
  const torch::Tensor below = embedding.index_select(0, index), above = embedding.index_select(0, index + 1);
  return floor_ste((below * (256 - fraction) + above * fraction) * (1.0 / 256)).unsqueeze(-1).unsqueeze(-1);
}

}  // namespace laconic::models
