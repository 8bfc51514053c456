#include "models/image/transforms.h"

namespace laconic::models {
namespace {

constexpr int kBlockValues = 3 * kLatentStride * kLatentStride;  // 768 samples under one latent position
constexpr double kMidGrey = 0.5;

torch::nn::ModuleList make_blocks(int count, int channels) {
  torch::nn::ModuleList blocks;
  for (int i = 0; i < count; ++i) blocks->push_back(TokenMixer(channels));
  return blocks;
}

torch::Tensor run_blocks(const torch::nn::ModuleList& blocks, torch::Tensor x) {
  for (const auto& block : *blocks) x = block->as<TokenMixerImpl>()->forward(x);
  return x;
}

}  // namespace

int analysis_halo_px(const ImageConfig& c) {
  const int reach = 8 * c.analysis_blocks_8 + 16 * c.analysis_blocks_16;
  return (reach + kLatentStride - 1) / kLatentStride * kLatentStride;
}

int synthesis_halo_latents(const ImageConfig& c) { return c.synthesis_blocks_16 + (c.synthesis_blocks_8 + 1) / 2; }

AnalysisImpl::AnalysisImpl(const ImageConfig& c) {
  shortcut = register_parameter("shortcut", torch::zeros({c.latents, kBlockValues, 1, 1}));
  log_gains_8_ = register_parameter("log_gains_8", torch::zeros({kNumAnchors, c.width_8}));
  embed_ = register_module("embed", Pointwise(192, c.width_8, 2.0));
  blocks_8_ = register_module("blocks_8", make_blocks(c.analysis_blocks_8, c.width_8));
  down_ = register_module("down", Pointwise(4 * c.width_8, c.width_16));
  blocks_16_ = register_module("blocks_16", make_blocks(c.analysis_blocks_16, c.width_16));
  out_ = register_module("out", Pointwise(c.width_16, c.latents, 0.0));  // training starts from the shortcut alone
}

torch::Tensor AnalysisImpl::forward(const torch::Tensor& x, const torch::Tensor& steps, torch::ScalarType net_type) {
  const torch::Tensor centred = x - kMidGrey;
  const torch::Tensor linear = torch::conv2d(fold(centred, kLatentStride), shortcut);
  torch::Tensor t = embed_(fold(centred.to(net_type), 8)) * interpolate_gain(log_gains_8_, steps).to(net_type);
  t = run_blocks(blocks_8_, t);
  t = run_blocks(blocks_16_, down_(fold(t, 2)));
  return linear + out_(t).to(torch::kFloat);
}

SynthesisImpl::SynthesisImpl(const ImageConfig& c) {
  shortcut = register_parameter("shortcut", torch::zeros({kBlockValues, c.latents, 1, 1}));
  log_gains_8_ = register_parameter("log_gains_8", torch::zeros({kNumAnchors, c.width_8}));
  embed_ = register_module("embed", Pointwise(c.latents, c.width_16));
  blocks_16_ = register_module("blocks_16", make_blocks(c.synthesis_blocks_16, c.width_16));
  up_ = register_module("up", Pointwise(c.width_16, 4 * c.width_8));
  blocks_8_ = register_module("blocks_8", make_blocks(c.synthesis_blocks_8, c.width_8));
  out_ = register_module("out", Pointwise(c.width_8, 192, 0.0));
}

torch::Tensor SynthesisImpl::forward(const torch::Tensor& y, const torch::Tensor& steps, torch::ScalarType net_type) {
  const torch::Tensor linear = unfold(torch::conv2d(y, shortcut), kLatentStride);
  torch::Tensor t = run_blocks(blocks_16_, embed_(y.to(net_type)));
  t = unfold(up_(t), 2) * interpolate_gain(log_gains_8_, steps).to(net_type);
  t = run_blocks(blocks_8_, t);
  return linear + unfold(out_(t).to(torch::kFloat), 8) + kMidGrey;
}

}  // namespace laconic::models
