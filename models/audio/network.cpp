#include "models/audio/network.h"

#include <algorithm>
#include <cmath>

#include "models/image/entropy_model.h"

namespace laconic::models {
namespace {

constexpr int kHyperInputMax = 31;  // z_hat is clamped to +-31 before the networks
constexpr int kHyperInputScale = 8;
constexpr int kHyperChannels = 16;  // of z_hat at the resolution of bands
constexpr int kFastDivisor = 4, kSlowDivisor = 16;
constexpr double kStereoMemory = 0.85;   // what the stereo prediction keeps from packet to packet
constexpr double kStereoFloor = 1e-2;    // energy of the mid in a band below which nothing is predicted
constexpr int kTableReach = 1023;

ExactConv2dOptions row(int in, int out, int kernel, int lo, int hi = kActivationMax, int max_input = kActivationMax) {
  ExactConv2dOptions o;
  o.in_channels = in;
  o.out_channels = out;
  o.kernel = kernel;
  o.is_row = kernel > 1;
  o.lo = lo;
  o.hi = hi;
  o.max_input = max_input;
  return o;
}

// [N, C k, T, P] -> [N, C, T, P k]: channel c k + i stands at k p + i. And back.
torch::Tensor spread_bands(const torch::Tensor& x, int factor) {
  const int64_t n = x.size(0), c = x.size(1) / factor, t = x.size(2), p = x.size(3);
  return x.reshape({n, c, factor, t, p}).permute({0, 1, 3, 4, 2}).reshape({n, c, t, p * factor});
}
torch::Tensor gather_bands(const torch::Tensor& x, int factor) {
  const int64_t n = x.size(0), c = x.size(1), t = x.size(2), p = x.size(3) / factor;
  return x.reshape({n, c, t, p, factor}).permute({0, 1, 4, 2, 3}).reshape({n, c * factor, t, p});
}

torch::Tensor on_all_bands(const torch::Tensor& conditions) { return conditions.expand({-1, -1, -1, kNumBands}); }
torch::Tensor clamp_positive(const torch::Tensor& x) { return clamp_ste(x, 0, kActivationMax); }

}  // namespace

std::vector<float> condition_values(const PacketConditions& c) {
  const bool is_key = c.blocks_before == 0;
  return {60.f * log2_of_blocks(c.blocks),
          is_key ? 0.f : 60.f * log2_of_blocks(c.blocks_before),
          is_key ? 255.f : 0.f,
          2.f * static_cast<float>(c.step_index - (kMaxStepIndex + 1) / 2),
          is_key ? 0.f : static_cast<float>(std::clamp(16 * (c.step_index - c.step_before), -255, 255)),
          c.is_stereo ? 255.f : 0.f};
}

double step_size(int step_index) { return std::exp2(static_cast<double>(step_index) / kStepsPerOctave - kStepOctavesBelowOne); }

// Note [Perceptual weights]
// A squared error weighs the same everywhere in what SI-SDR counts, but the ear resolves 1 to 14 kHz better than the strong low
// bands suggest: the weight rises by 1.5 dB an octave from 1 to 8 kHz and falls from 14 kHz on, where hearing ends.
// models/TRAINING.md has the measurement beside flat weights.
torch::Tensor perceptual_weights() {
  torch::Tensor weights = torch::empty({kBins});
  for (int k = 0; k < kBins; ++k) {
    const double frequency_khz = (k + 0.5) * 24 / kHop;
    double decibels = 1.5 * std::log2(std::clamp(frequency_khz, 1.0, 8.0));
    if (frequency_khz > 14) decibels -= 12 * std::log2(frequency_khz / 14);
    weights[k] = std::pow(10.0, decibels / 20);
  }
  return weights;
}

torch::Tensor plane_of(const torch::Tensor& coefficients) {
  const int64_t n = coefficients.size(0), t = coefficients.size(2);
  return coefficients.slice(3, 0, kBins).reshape({n, kSignals, t, kNumBands, kBandBins}).permute({0, 1, 4, 2, 3})
      .reshape({n, kPlaneChannels, t, kNumBands});
}

torch::Tensor coefficients_of(const torch::Tensor& plane) {
  const int64_t n = plane.size(0), t = plane.size(2);
  const torch::Tensor bins = plane.reshape({n, kSignals, kBandBins, t, kNumBands}).permute({0, 1, 3, 4, 2}).reshape({n, kSignals, t, kBins});
  return torch::constant_pad_nd(bins, {0, kHop - kBins});
}

torch::Tensor pass_of(const torch::Tensor& plane, int pass) {
  const int64_t n = plane.size(0), t = plane.size(2);
  return plane.reshape({n, kSignals, kPassBins, 2, t, kNumBands}).select(1, pass / 2).select(2, pass % 2);
}

torch::Tensor merge_signal(const torch::Tensor& even_bins, const torch::Tensor& odd_bins) {
  return torch::stack({even_bins, odd_bins}, 2).flatten(1, 2);
}

torch::Tensor merge_plane(const std::vector<torch::Tensor>& passes) {
  return torch::cat({merge_signal(passes[0], passes[1]), merge_signal(passes[2], passes[3])}, 1);
}

PacketHistory::PacketHistory(int64_t num_elements, const AudioConfig& config, const torch::Device& device) {
  last_ = before_last_ = fast_ = slow_ = torch::zeros({num_elements, kPlaneChannels, 1, kNumBands}, device);
  z_last_ = z_before_last_ = torch::zeros({num_elements, config.hyper_latents, 1, kHyperPositions}, device);
}

torch::Tensor PacketHistory::magnitudes() const {
  return torch::cat({last_, before_last_, torch::floor(fast_ * (1.0 / kFastDivisor)).clamp_max(kActivationMax),
                     torch::floor(slow_ * (1.0 / kSlowDivisor)).clamp_max(kActivationMax)}, 1);
}

torch::Tensor PacketHistory::hyper() const { return torch::cat({z_last_, z_before_last_}, 1); }

void PacketHistory::learn(const torch::Tensor& r, const torch::Tensor& z_hat) {
  const torch::Tensor magnitude = magnitude_activation(r);
  before_last_ = last_;
  last_ = magnitude;
  fast_ = fast_ - torch::floor(fast_ * (1.0 / kFastDivisor)) + magnitude;
  slow_ = slow_ - torch::floor(slow_ * (1.0 / kSlowDivisor)) + magnitude;
  z_before_last_ = z_last_;
  z_last_ = z_hat;
}

StereoPrediction::StereoPrediction(int64_t num_elements, const torch::Device& device) {
  cross_ = power_ = torch::zeros({num_elements, 1, 1, kNumBands}, device);
}

torch::Tensor StereoPrediction::predict(const torch::Tensor& mid) const { return mid * (cross_ / (power_ + kStereoFloor)).clamp(-4, 4); }

void StereoPrediction::learn(const torch::Tensor& mid, const torch::Tensor& side) {
  cross_ = cross_ * kStereoMemory + (mid * side).sum(1, true);
  power_ = power_ * kStereoMemory + mid.square().sum(1, true);
}

std::vector<ExactConv*> AudioScaleNetworks::layers() {
  std::vector<ExactConv*> all = {&h_s, &embed, &mix};
  for (std::vector<ExactConv>* group : {&known, &hidden, &out}) {
    for (ExactConv& layer : *group) all.push_back(&layer);
  }
  return all;
}

torch::Tensor laplacian_symbol_bits() {
  const torch::Tensor symbol = torch::arange(kTableReach + 1, torch::kDouble).view({1, -1});
  const torch::Tensor sigma = kScaleMin * torch::exp(torch::arange(kNumScales, torch::kDouble).view({-1, 1}) * log_scale_step());
  const torch::Tensor rate = std::sqrt(2.0) / sigma;
  const torch::Tensor zero = 1 - torch::exp(rate * -0.5);
  // Of one sign; exp(-rate (k - 1/2)) (1 - exp(-rate)) / 2. Far tails keep finite bits.
  const torch::Tensor log_other = -rate * (symbol - 0.5) + torch::log1p(-torch::exp(-rate)) + std::log(0.5);
  const torch::Tensor log_p = torch::where(symbol == 0, torch::log(zero).expand_as(log_other), log_other);
  const torch::Tensor bits = torch::minimum(log_p * (-1 / std::log(2.0)), 18 + 2 * torch::log2(1 + symbol)).to(torch::kFloat);
  return torch::cat({bits.slice(1, 1).flip({1}), bits}, 1).contiguous();
}

torch::Tensor table_bits(const torch::Tensor& symbol_bits, const torch::Tensor& r, const torch::Tensor& indexes) {
  torch::Tensor bits, slope;
  {
    const torch::NoGradGuard no_grad;
    const int64_t width = symbol_bits.size(1), reach = width / 2;
    const torch::Tensor column = r.clamp(-reach, reach).to(torch::kLong) + reach, index = indexes.to(torch::kLong);
    bits = symbol_bits.take(index * width + column);
    const torch::Tensor above = (index + 1).clamp_max(kNumScales - 1), below = (index - 1).clamp_min(0);
    slope = (symbol_bits.take(above * width + column) - symbol_bits.take(below * width + column)) / (above - below);
  }
  return bits + (indexes - indexes.detach()) * slope;
}

AudioNetworkImpl::AudioNetworkImpl(const AudioConfig& c) : config_(c) {
  const int width = c.scale_width, full = kActivationMax, z = c.hyper_latents;
  h_a_embed_ = register_module("h_a_embed", RowConv((1 + 4) * kPlaneChannels + kNumConditions, c.hyper_width, 3));
  h_a_down_ = register_module("h_a_down", Pointwise(c.hyper_width * kHyperBands, 2 * c.hyper_width));
  h_a_out_ = register_module("h_a_out", Pointwise(2 * c.hyper_width, z, 1.0));
  z_log_scales = register_parameter("z_log_scales", torch::zeros({z, kHyperPositions}));
  z_means = register_parameter("z_means", torch::zeros({z, kHyperPositions}));

  band_embedding_ = register_parameter("scales_band_embedding", torch::zeros({width, kNumBands}));
  scales_h_s_ = register_module("scales_h_s", ExactConv2d(row(3 * z, kHyperChannels * kHyperBands, 1, -full, full, kHyperInputMax * kHyperInputScale)));
  scales_embed_ = register_module("scales_embed", ExactConv2d(row(4 * kPlaneChannels + kHyperChannels + kNumConditions, width, 3, -full)));
  scales_mix_ = register_module("scales_mix", ExactConv2d(row(width, width, 3, -full)));
  for (int pass = 0; pass < kAudioPasses; ++pass) {
    const std::string number = "_" + std::to_string(pass);
    if (pass > 0) scales_known_.push_back(register_module("scales_known" + number, ExactConv2d(row(pass * kPassBins, width, 3, -full))));
    scales_hidden_.push_back(register_module("scales_hidden" + number, ExactConv2d(row(width, width, 1, 0))));
    ExactConv2dOptions out = row(width, kPassBins, 1, 0, kNumScales - 1);
    out.extra_shift = 2;  // an index step is a quarter of what a unit step is elsewhere
    scales_out_.push_back(register_module("scales_out" + number, ExactConv2d(out)));
  }
  g_s_hyper_ = register_module("g_s_hyper", Pointwise(3 * z, kHyperChannels * kHyperBands));
  g_s_embed_ = register_module("g_s_embed", RowConv(width + 2 * kPlaneChannels + kHyperChannels, c.synthesis_width, 3));
  g_s_mix_ = register_module("g_s_mix", RowConv(c.synthesis_width, c.synthesis_width, 3));
  g_s_out_ = register_module("g_s_out", Pointwise(c.synthesis_width, 2 * kPlaneChannels, 0.1));

  torch::NoGradGuard no_grad;
  for (ExactConv2d& hidden : scales_hidden_) hidden->bias.fill_(1.0);
  for (ExactConv2d& out : scales_out_) {
    out->weight.mul_(0.3);
    out->bias.fill_(8.0 * 4 / kUnit);  // scale index 8
  }
  g_s_out_->bias.narrow(0, 0, kPlaneChannels).fill_(-2);                // drawn towards 0 by 0.06
  g_s_out_->bias.narrow(0, kPlaneChannels, kPlaneChannels).fill_(-2.5);  // noise of 0.08
}

std::vector<std::pair<std::string, ExactConv2d>> AudioNetworkImpl::convolutions() const {
  std::vector<std::pair<std::string, ExactConv2d>> all = {{"scales_h_s", scales_h_s_}, {"scales_embed", scales_embed_}, {"scales_mix", scales_mix_}};
  for (size_t i = 0; i < scales_known_.size(); ++i) all.emplace_back("scales_known_" + std::to_string(i + 1), scales_known_[i]);
  for (size_t i = 0; i < scales_hidden_.size(); ++i) all.emplace_back("scales_hidden_" + std::to_string(i), scales_hidden_[i]);
  for (size_t i = 0; i < scales_out_.size(); ++i) all.emplace_back("scales_out_" + std::to_string(i), scales_out_[i]);
  return all;
}

AudioScaleNetworks AudioNetworkImpl::prepare() const {
  AudioScaleNetworks networks;
  networks.known.resize(scales_known_.size());
  networks.hidden.resize(scales_hidden_.size());
  networks.out.resize(scales_out_.size());
  const std::vector<ExactConv*> layers = networks.layers();
  const auto masters = convolutions();
  for (size_t i = 0; i < layers.size(); ++i) *layers[i] = masters[i].second->prepare();
  networks.band_embedding = round_ste(band_embedding_ * kUnit).clamp(-kActivationMax, kActivationMax).view({1, config_.scale_width, 1, kNumBands});
  return networks;
}

void AudioNetworkImpl::set_integers(AudioScaleNetworks& networks) {
  torch::NoGradGuard no_grad;
  const std::vector<ExactConv*> layers = networks.layers();
  auto masters = convolutions();
  for (size_t i = 0; i < layers.size(); ++i) masters[i].second->set_integers(layers[i]->weight(), layers[i]->bias(), layers[i]->shift());
  band_embedding_.copy_(networks.band_embedding.view_as(band_embedding_) / kUnit);
}

torch::Tensor AudioNetworkImpl::analyse_hyper(const torch::Tensor& y, const torch::Tensor& history, const torch::Tensor& conditions) {
  const torch::Tensor seen = torch::cat({torch::log1p(y.abs()), history * (1.0 / kActivationMax),
                                         on_all_bands(conditions * (1.0 / kActivationMax))}, 1);
  const torch::Tensor bands = activate(h_a_embed_(seen));
  return h_a_out_(activate(h_a_down_(gather_bands(bands, kHyperBands))));
}

torch::Tensor AudioNetworkImpl::base(const AudioScaleNetworks& n, const torch::Tensor& history, const torch::Tensor& hyper,
                                     const torch::Tensor& conditions) const {
  torch::Tensor z = n.h_s(hyper.clamp(-kHyperInputMax, kHyperInputMax) * kHyperInputScale);
  if (!config_.hyper_reference) z = torch::zeros_like(z);
  const torch::Tensor before = config_.time_reference ? history : torch::zeros_like(history);
  const torch::Tensor seen = torch::cat({before, spread_bands(z, kHyperBands), on_all_bands(conditions)}, 1);
  const torch::Tensor embedded = clamp_positive(n.embed(seen) + n.band_embedding);
  return clamp_ste(n.mix(embedded) + embedded, -kActivationMax, kActivationMax);
}

torch::Tensor AudioNetworkImpl::scale_indexes(const AudioScaleNetworks& n, const torch::Tensor& base, const std::vector<torch::Tensor>& passes) const {
  const size_t pass = passes.size();
  torch::Tensor features = base;
  if (pass > 0 && config_.local_reference) features = features + n.known[pass - 1](magnitude_activation(torch::cat(passes, 1)));
  return n.out[pass](n.hidden[pass](clamp_positive(features)));
}

AudioNetworkImpl::Synthesis AudioNetworkImpl::synthesise(const torch::Tensor& base, const torch::Tensor& r, const torch::Tensor& indexes,
                                                         const torch::Tensor& hyper) {
  const torch::Tensor z = spread_bands(g_s_hyper_(hyper.clamp(-kHyperInputMax, kHyperInputMax)), kHyperBands);
  const torch::Tensor seen = torch::cat({base * (1.0 / kActivationMax), magnitude_activation(r) * (1.0 / kActivationMax),
                                         indexes * (1.0 / kNumScales), z}, 1);
  const torch::Tensor out = g_s_out_(activate(g_s_mix_(activate(g_s_embed_(seen)))));
  return {0.5 * torch::sigmoid(out.narrow(1, 0, kPlaneChannels)), torch::exp(out.narrow(1, kPlaneChannels, kPlaneChannels).clamp(-12, 0))};
}

void AudioNetworkImpl::spread_noise(torch::Tensor& noise, const torch::Tensor& r, int blocks) {
  // Channel i * blocks + j of a band belongs to block j.
  const auto by_block = [&](const torch::Tensor& t) { return t.view({kSignals, kBandBins / blocks, blocks, kNumBands}); };
  const torch::Tensor is_zero = by_block((r == 0).to(noise.scalar_type()));
  const torch::Tensor energy = (by_block(noise).square() * is_zero).sum(1, true), count = is_zero.sum(1, true).clamp_min(1);
  noise.copy_((energy / count).sqrt().expand({-1, kBandBins / blocks, -1, -1}).reshape_as(noise));
}

torch::Tensor AudioNetworkImpl::reconstruct(const torch::Tensor& means, const torch::Tensor& r, const Synthesis& s, const torch::Tensor& unit_noise) {
  return means + r + torch::where(r == 0, unit_noise * s.noise, -torch::sign(r) * s.shrink);
}

torch::Tensor AudioNetworkImpl::hyper_bits(const torch::Tensor& z) const {
  const int64_t channels = config_.hyper_latents;
  const torch::Tensor inverse_scale = torch::exp(-z_log_scales).view({1, channels, 1, kHyperPositions});
  const torch::Tensor distance = (z - z_means.view({1, channels, 1, kHyperPositions})).abs();
  const torch::Tensor likelihood = torch::sigmoid((0.5 - distance) * inverse_scale) - torch::sigmoid((-0.5 - distance) * inverse_scale);
  return -torch::log2(likelihood.clamp_min(1e-6)).sum({1, 3});
}

}  // namespace laconic::models
