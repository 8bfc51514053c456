#include "models/image/network.h"

namespace laconic::models {
namespace {

constexpr double kLikelihoodFloor = 1e-6;

torch::Tensor normal_cdf(const torch::Tensor& x) { return 0.5 * torch::erfc(x * -M_SQRT1_2); }

torch::Tensor bits_of(const torch::Tensor& likelihood) { return -torch::log2(likelihood.clamp_min(kLikelihoodFloor)); }

}  // namespace

torch::Tensor gaussian_bits(const torch::Tensor& v, const torch::Tensor& scale_index) {
  const torch::Tensor inverse_sigma = torch::exp(scale_index * -log_scale_step() - std::log(kScaleMin));
  const torch::Tensor magnitude = v.abs();
  return bits_of(normal_cdf((0.5 - magnitude) * inverse_sigma) - normal_cdf((-0.5 - magnitude) * inverse_sigma));
}

torch::Tensor cheapest_symbols(const torch::Tensor& v, const torch::Tensor& index, const torch::Tensor& bits, const torch::Tensor& curvature) {
  const int64_t reach = bits.size(1) / 2;
  const torch::Tensor row = index.to(torch::kLong) * bits.size(1) + reach;
  const auto cost = [&](const torch::Tensor& r) {
    return bits.take(row + r.clamp(-reach, reach).to(torch::kLong)) + curvature * (v - r).square();
  };
  torch::Tensor best = torch::round(v);
  const torch::Tensor nearer = best - torch::sign(best);
  torch::Tensor least = cost(best);
  for (const torch::Tensor& other : {nearer, torch::zeros_like(best)}) {
    const torch::Tensor price = cost(other), wins = price < least;
    best = torch::where(wins, other, best);
    least = torch::min(least, price);
  }
  return best;
}

torch::Tensor latent_curvature(ImageNetwork network, const torch::Tensor& steps) {
  const ImageConfig& c = network->config();
  const torch::Tensor energy = network->g_s->shortcut.square().sum({0, 2, 3}).view({1, -1, 1, 1});
  const torch::Tensor lambda = c.lambda_low * torch::exp(steps * (std::log(c.lambda_high / c.lambda_low) / kMaxQualityStep));
  return energy * interpolate_gain(network->log_inverse_gains, steps).square() * (lambda * (255.0 * 255.0 / 3)).view({-1, 1, 1, 1});
}

HyperAnalysisImpl::HyperAnalysisImpl(const ImageConfig& c) {
  const int width = c.context_width;
  embed_ = register_module("embed", Pointwise(c.latents, width));
  down_0_ = register_module("down_0", Pointwise(4 * width, width));
  block_0_ = register_module("block_0", TokenMixer(width));
  down_1_ = register_module("down_1", Pointwise(4 * width, width));
  block_1_ = register_module("block_1", TokenMixer(width));
  out_ = register_module("out", Pointwise(width, c.hyper_latents, 2.0));
}

torch::Tensor HyperAnalysisImpl::forward(const torch::Tensor& y) {
  // Magnitudes differ by 2^4 between qualities; their logarithm is what scales and means are about.
  torch::Tensor t = torch::sign(y) * torch::log1p(y.abs());
  const int64_t pad_bottom = (kHyperStride - y.size(2) % kHyperStride) % kHyperStride;
  const int64_t pad_right = (kHyperStride - y.size(3) % kHyperStride) % kHyperStride;
  if (pad_bottom || pad_right) t = torch::replication_pad2d(t.contiguous(), {0, pad_right, 0, pad_bottom});
  t = activate(embed_(t));
  t = block_0_(down_0_(fold(t, 2)));
  t = block_1_(down_1_(fold(activate(t), 2)));
  return out_(t);
}

LatentModelImpl::LatentModelImpl(const ImageConfig& c) : config_(c) {
  h_a = register_module("h_a", HyperAnalysis(c));
  mean_context = register_module("mean_context", MeanContext(c));
  scale_context = register_module("scale_context", ScaleContext(c));
  z_log_scales = register_parameter("z_log_scales", torch::zeros({kNumAnchors, c.hyper_latents}));
  z_means = register_parameter("z_means", torch::zeros({kNumAnchors, c.hyper_latents}));
}

ImageNetworkImpl::ImageNetworkImpl(const ImageConfig& c) : LatentModelImpl(c) {
  g_a = register_module("g_a", Analysis(c));
  g_s = register_module("g_s", Synthesis(c));
  log_gains = register_parameter("log_gains", torch::zeros({kNumAnchors, c.latents}));
  log_inverse_gains = register_parameter("log_inverse_gains", torch::zeros({kNumAnchors, c.latents}));
  torch::NoGradGuard no_grad;
  for (int a = 0; a < kNumAnchors; ++a) {
    const double log_step = std::log(quantisation_step_at(c, a * 256.0));
    log_gains[a].fill_(-log_step);
    log_inverse_gains[a].fill_(log_step);
  }
}

torch::Tensor LatentModelImpl::unit(const torch::Tensor& steps) const {
  const double slope = 0.5 * std::log(config_.lambda_high / config_.lambda_low) / kMaxQualityStep;
  return torch::exp((steps - kMaxQualityStep / 2) * slope).view({-1, 1, 1, 1});
}

torch::Tensor ImageNetworkImpl::analyse(const torch::Tensor& x, const torch::Tensor& steps, torch::ScalarType net_type) {
  return g_a(x, steps, net_type) * interpolate_gain(log_gains, steps);
}

torch::Tensor ImageNetworkImpl::synthesise(const torch::Tensor& y_hat, const torch::Tensor& steps, torch::ScalarType net_type) {
  return g_s(y_hat * interpolate_gain(log_inverse_gains, steps), steps, net_type);
}

QuantisationNoise ImageNetworkImpl::draw_noise(int64_t batch_size, int64_t height_px, int64_t width_px) const {
  const int64_t h = height_px / kLatentStride, w = width_px / kLatentStride;
  return {torch::rand({batch_size, config_.latents, h, w}) - 0.5,
          torch::rand({batch_size, config_.hyper_latents, h / kHyperStride, w / kHyperStride}) - 0.5};
}

LatentEstimate LatentModelImpl::estimate_latents(const ScaleNetworks& scale_networks, const torch::Tensor& y,
                                                 const torch::Tensor& z_hat, const torch::Tensor& steps,
                                                 const RoundingRule& rounding, torch::ScalarType net_type) {
  const int64_t h = y.size(2), w = y.size(3);
  ScaleContextImpl::State scale_state = scale_context->begin(scale_networks, z_hat, steps, h, w);
  MeanContextImpl::State mean_state = mean_context->begin(z_hat.to(net_type), unit(steps), h, w);
  const std::vector<torch::Tensor> y_passes = split_passes(y);
  std::vector<torch::Tensor> y_hat, residuals, indexes;
  for (int pass = 0; pass < kNumPasses; ++pass) {
    indexes.push_back(scale_context->predict(scale_networks, scale_state, pass));
    const torch::Tensor mean = mean_context->predict(mean_state, pass);
    const Rounding r = rounding(y_passes[pass] - mean, indexes.back(), pass);
    y_hat.push_back(mean + r.kept);
    residuals.push_back(r.coded);
    if (pass + 1 == kNumPasses) break;
    scale_context->learn(scale_networks, scale_state, pass, torch::round(r.kept.detach()));
    mean_context->learn(mean_state, pass, y_hat.back());
  }
  const torch::Tensor residual = torch::cat(residuals, 2), index = torch::cat(indexes, 2);
  return {merge_passes(y_hat), gaussian_bits(residual, index).sum({1, 2, 3}), residual, index};
}

torch::Tensor LatentModelImpl::hyper_bits(const torch::Tensor& z, const torch::Tensor& steps) {
  const torch::Tensor inverse_scale = 1 / interpolate_gain(z_log_scales, steps);
  const torch::Tensor distance = (z - interpolate(z_means, steps)).abs();
  const torch::Tensor likelihood =
      torch::sigmoid((0.5 - distance) * inverse_scale) - torch::sigmoid((-0.5 - distance) * inverse_scale);
  return bits_of(likelihood).sum({1, 2, 3});
}

ImageEstimate ImageNetworkImpl::estimate(const torch::Tensor& x, const torch::Tensor& steps,
                                         const QuantisationNoise* noise, torch::ScalarType net_type) {
  const torch::Tensor y = analyse(x, steps, net_type);
  const torch::Tensor z = h_a(y);
  const torch::Tensor z_hat = round_ste(z);
  const std::vector<torch::Tensor> y_noise = noise ? split_passes(noise->y) : std::vector<torch::Tensor>();
  const auto rounding = [&](const torch::Tensor& residual, const torch::Tensor&, int pass) -> Rounding {
    const torch::Tensor r = round_ste(residual);
    return {noise ? residual + y_noise[pass] : r, r};
  };
  const LatentEstimate latents = estimate_latents(scale_context->prepare(), y, z_hat, steps, rounding, net_type);
  return {synthesise(latents.y_hat, steps, net_type), latents.bits_y, hyper_bits(noise ? z + noise->z : z_hat, steps),
          z_hat, latents.residuals, latents.indexes};
}

void ImageNetworkImpl::start_from_blocks(const torch::Tensor& blocks) {
  torch::NoGradGuard no_grad;
  const torch::Tensor centred = blocks.to(torch::kDouble);
  const torch::Tensor covariance = torch::matmul(centred.t(), centred) / centred.size(0);
  const auto [values, vectors] = torch::linalg_eigh(covariance);  // ascending
  // Components in order of variance are dealt out to the groups in turn, so that every pass codes a like share.
  const int64_t group = config_.latents / kNumGroups;
  torch::Tensor order = torch::arange(config_.latents);
  if (!config_.groups_by_importance) order = order.view({group, kNumGroups}).t().reshape({-1});
  const torch::Tensor basis = vectors.flip({1}).index_select(1, order).t().to(torch::kFloat);  // [M, 768]
  g_a->shortcut.copy_(basis.view_as(g_a->shortcut));
  g_s->shortcut.copy_(basis.t().reshape(g_s->shortcut.sizes()));
  // Scales at mid quality, of coefficients in quantised units; a coefficient is rarely as large as its deviation after
  // the mean network has seen its neighbours, hence half of it.
  const torch::Tensor deviation = values.flip({0}).index_select(0, order).clamp_min(1e-12).sqrt();
  const torch::Tensor sigma = 0.5 * deviation / quantisation_step_at(config_, kMaxQualityStep / 2);
  const torch::Tensor index = (torch::log(sigma / kScaleMin) / log_scale_step()).clamp(1, kNumScales - 2);
  scale_context->start_from(index.to(torch::kFloat));
}

}  // namespace laconic::models
