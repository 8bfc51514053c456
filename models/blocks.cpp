#include "models/blocks.h"

#include "models/exact.h"

namespace laconic::models {
namespace {

// sum + x; in place when nothing is recorded for gradients, for fresh memory costs more time than the addition.
torch::Tensor add_to(torch::Tensor sum, const torch::Tensor& x) { return torch::GradMode::is_enabled() ? sum + x : sum.add_(x); }

}  // namespace

PointwiseImpl::PointwiseImpl(int in_channels, int out_channels, double init_gain) {
  weight = register_parameter("weight", random_start({out_channels, in_channels, 1, 1}, init_gain / std::sqrt(in_channels)));
  bias = register_parameter("bias", torch::zeros({out_channels}));
}

torch::Tensor PointwiseImpl::forward(const torch::Tensor& x) {
  return torch::conv2d(x, weight.to(x.scalar_type()), bias.to(x.scalar_type()));
}

RowConvImpl::RowConvImpl(int in_channels, int out_channels, int kernel, double init_gain) {
  const double std = init_gain / std::sqrt(static_cast<double>(in_channels) * kernel);
  weight = register_parameter("weight", random_start({out_channels, in_channels, 1, kernel}, std));
  bias = register_parameter("bias", torch::zeros({out_channels}));
}

torch::Tensor RowConvImpl::forward(const torch::Tensor& x) {
  return torch::conv2d(x, weight.to(x.scalar_type()), bias.to(x.scalar_type()), 1, torch::IntArrayRef({0, weight.size(3) / 2}));
}

DepthwiseImpl::DepthwiseImpl(int channels, int kernel, bool hides_centre) {
  weight = register_parameter("weight", random_start({channels, 1, kernel, kernel}, 1.0 / kernel));
  bias = register_parameter("bias", torch::zeros({channels}));
  if (hides_centre) {
    tap_mask_ = register_buffer("tap_mask", torch::ones({1, 1, kernel, kernel}));
    torch::NoGradGuard no_grad;
    tap_mask_.index_put_({0, 0, kernel / 2, kernel / 2}, 0);
  }
}

torch::Tensor DepthwiseImpl::forward(const torch::Tensor& x) {
  const torch::Tensor w = tap_mask_.defined() ? weight * tap_mask_ : weight;
  const int64_t pad = weight.size(2) / 2, groups = weight.size(0);
  // oneDNN's bfloat16 gradient of depthwise kernels above 3x3 is several times slower than the float32 one.
  const bool in_float = weight.size(2) > 3 && x.is_cpu();
  const auto type = in_float ? torch::kFloat : x.scalar_type();
  return torch::conv2d(x.to(type), w.to(type), bias.to(type), 1, pad, 1, groups).to(x.scalar_type());
}

TokenMixerImpl::TokenMixerImpl(int channels) {
  mix_ = register_module("mix", Depthwise(channels, 3));
  project_ = register_module("project", Pointwise(channels, channels, 0.5));
  expand_ = register_module("expand", Pointwise(channels, 2 * channels, 1.4));
  contract_ = register_module("contract", Pointwise(2 * channels, channels, 0.5));
}

torch::Tensor TokenMixerImpl::forward(const torch::Tensor& x) {
  const torch::Tensor mixed = add_to(project_(activate(mix_(x))), x);
  return add_to(contract_(activate(expand_(mixed))), mixed);
}

torch::Tensor activate(torch::Tensor x) {
  return torch::GradMode::is_enabled() ? torch::leaky_relu(x, 0.125) : torch::leaky_relu_(x, 0.125);
}

torch::Tensor interpolate(const torch::Tensor& anchors, const torch::Tensor& steps) {
  const torch::Tensor low = torch::floor(steps / 256).clamp(0, anchors.size(0) - 2);
  const torch::Tensor fraction = (steps / 256 - low).view({-1, 1});
  const torch::Tensor index = low.to(torch::kLong);
  const torch::Tensor value =
      anchors.index_select(0, index) * (1 - fraction) + anchors.index_select(0, index + 1) * fraction;
  return value.unsqueeze(-1).unsqueeze(-1);
}

torch::Tensor interpolate_gain(const torch::Tensor& log_gains, const torch::Tensor& steps) {
  return torch::exp(interpolate(log_gains, steps));
}

torch::Tensor fold(const torch::Tensor& x, int factor) {
  return torch::pixel_unshuffle(x, factor).contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor unfold(const torch::Tensor& x, int factor) {
  return torch::pixel_shuffle(x, factor).contiguous(torch::MemoryFormat::ChannelsLast);
}

}  // namespace laconic::models
