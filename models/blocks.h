// Float building blocks shared by all media: pointwise and depthwise convolutions that compute in the type of their input
// (float32 or bfloat16; parameters are kept in float32), and the token-mixing block.
#pragma once

#include <torch/torch.h>

namespace laconic::models {

// 1x1 convolution: [N, in, H, W] -> [N, out, H, W].
class PointwiseImpl : public torch::nn::Module {
 public:
  PointwiseImpl(int in_channels, int out_channels, double init_gain = 1.0);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight, bias;
};
TORCH_MODULE(Pointwise);

// 1 x k convolution along the last axis with zero padding: [N, in, H, W] -> [N, out, H, W].
class RowConvImpl : public torch::nn::Module {
 public:
  RowConvImpl(int in_channels, int out_channels, int kernel, double init_gain = 1.0);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight, bias;
};
TORCH_MODULE(RowConv);

// Depthwise k x k convolution with zero padding; hides_centre removes the middle tap.
class DepthwiseImpl : public torch::nn::Module {
 public:
  DepthwiseImpl(int channels, int kernel, bool hides_centre = false);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor weight, bias;

 private:
  torch::Tensor tap_mask_;
};
TORCH_MODULE(Depthwise);

// Token mixing (depthwise 3x3, pointwise), then a pointwise feed-forward of twice the width; both residual.
// The kind of MLICv2 and DCVC-RT, without normalisation. Receptive field: one position to each side.
class TokenMixerImpl : public torch::nn::Module {
 public:
  explicit TokenMixerImpl(int channels);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  Depthwise mix_{nullptr};
  Pointwise project_{nullptr}, expand_{nullptr}, contract_{nullptr};
};
TORCH_MODULE(TokenMixer);

// Leaky ReLU, slope 1/8; in place when no gradients are recorded, so hand it only what is not needed afterwards.
torch::Tensor activate(torch::Tensor x);

// Vectors at the quality anchors (every 256 steps), interpolated. anchors: [A, C]; steps: [N] quality steps 0..2048.
// Result [N, C, 1, 1]: linear, or for gains, kept as logarithms, log-linear.
torch::Tensor interpolate(const torch::Tensor& anchors, const torch::Tensor& steps);
torch::Tensor interpolate_gain(const torch::Tensor& log_gains, const torch::Tensor& steps);

// [N, C, H, W] -> [N, C f f, H/f, W/f] and back, kept in channels-last memory.
torch::Tensor fold(const torch::Tensor& x, int factor);
torch::Tensor unfold(const torch::Tensor& x, int factor);

}  // namespace laconic::models
