#include "models/video/network.h"

namespace laconic::models {
namespace {

constexpr int kIndexScale = 4;  // scale indexes 0..63 as activations

ExactConv2dOptions layer(int in, int out, int kernel, int lo) {
  ExactConv2dOptions o;
  o.in_channels = in;
  o.out_channels = out;
  o.kernel = kernel;
  o.depthwise = kernel > 1;
  o.lo = lo;
  return o;
}

torch::Tensor step_tensor(int quality_step, const torch::Tensor& like) {
  return torch::full({1}, quality_step, torch::TensorOptions().dtype(torch::kFloat).device(like.device()));
}

}  // namespace

VideoNetworkImpl::VideoNetworkImpl(const ImageConfig& c) : LatentModelImpl(c) {
  const int width = c.context_width;
  means_embed_ = register_module("means_embed", Pointwise(2 * c.latents + 1, width));
  means_block_ = register_module("means_block", TokenMixer(width));
  means_out_ = register_module("means_out", Pointwise(width, width, 0.1));
  scales_embed_ = register_module("scales_embed", ExactConv2d(layer(2 * c.latents + 2, c.scale_width, 1, 0)));
  scales_mix_ = register_module("scales_mix", ExactConv2d(layer(c.scale_width, c.scale_width, 3, 0)));
  scales_out_ = register_module("scales_out", ExactConv2d(layer(c.scale_width, c.scale_width, 1, -kActivationMax)));
  torch::NoGradGuard no_grad;
  scales_mix_->weight.abs_().mul_(0.5);
  scales_out_->weight.mul_(0.3);
}

Reference VideoNetworkImpl::refer(ImageNetwork image, const FrameMemory& before, const MotionField& motion, int quality_step,
                                  torch::ScalarType net_type) {
  const torch::Tensor steps = step_tensor(quality_step, before.x_hat);
  torch::Tensor kept = before.y_hat;
  if (quality_step != before.quality_step)
    kept = kept * interpolate_gain(image->log_gains, steps) / interpolate_gain(image->log_gains, step_tensor(before.quality_step, before.x_hat));
  if (motion.is_zero()) return {before.x_hat, kept};
  const torch::Tensor x_ref = compensate(before.x_hat, motion);
  const torch::Tensor fetched = image->analyse(x_ref, steps, net_type);
  const torch::Tensor still = still_mask(motion).to(kept.device());
  return {x_ref, kept * still + fetched * (1 - still)};
}

torch::Tensor VideoNetworkImpl::synthesise(ImageNetwork image, const Reference& reference, const torch::Tensor& d_hat, int quality_step,
                                           torch::ScalarType net_type) {
  const torch::Tensor both = torch::cat({reference.y_ref + d_hat, reference.y_ref}).contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor x = image->synthesise(both, step_tensor(quality_step, d_hat), net_type);
  return reference.x_ref + x.narrow(0, 0, 1) - x.narrow(0, 1, 1);
}

TemporalFeatures VideoNetworkImpl::temporal_features(const TemporalScaleNetworks& n, const FrameMemory& before, const MotionField& motion,
                                                     const torch::Tensor& y_ref, const torch::Tensor& steps) {
  const auto device = y_ref.device();
  const torch::Tensor scale = 1 / unit(steps);
  const torch::Tensor known = torch::cat({y_ref * scale, before.d_hat * scale, still_mask(motion).to(device)}, 1);
  const torch::Tensor means = means_out_(activate(means_block_(activate(means_embed_(known.contiguous(torch::MemoryFormat::ChannelsLast))))));
  const torch::Tensor moved = motion_activation(motion).to(device);
  const torch::Tensor after_key = torch::full_like(moved, before.is_key_frame ? kActivationMax : 0);
  const torch::Tensor seen = torch::cat({magnitude_activation(before.residuals), before.indexes * kIndexScale, moved, after_key}, 1);
  return {means, n.out(n.mix(n.embed(seen.contiguous(torch::MemoryFormat::ChannelsLast))))};
}

TemporalScaleNetworks VideoNetworkImpl::prepare_temporal() const {
  return {scales_embed_->prepare(), scales_mix_->prepare(), scales_out_->prepare()};
}

std::vector<std::pair<std::string, ExactConv2d>> VideoNetworkImpl::temporal_convolutions() const {
  return {{"scales_embed", scales_embed_}, {"scales_mix", scales_mix_}, {"scales_out", scales_out_}};
}

}  // namespace laconic::models
