#include "models/image/entropy_model.h"

namespace laconic::models {
namespace {

constexpr int kHeadWidth = 32;      // channels of one attention head
constexpr int kHyperInputMax = 31;  // z_hat is clamped to +-31 before the exact network
constexpr int kHyperInputScale = 8;

torch::Tensor crop(const torch::Tensor& x, int64_t height, int64_t width) {
  return x.slice(2, 0, height).slice(3, 0, width).contiguous(torch::MemoryFormat::ChannelsLast);
}

ExactConv2dOptions pointwise(int in, int out, int lo, int hi, int max_input = kActivationMax) {
  ExactConv2dOptions o;
  o.in_channels = in;
  o.out_channels = out;
  o.lo = lo;
  o.hi = hi;
  o.max_input = max_input;
  return o;
}

ExactConv2dOptions depthwise(int channels, int kernel, int lo, bool hides_centre) {
  ExactConv2dOptions o;
  o.in_channels = o.out_channels = channels;
  o.kernel = kernel;
  o.depthwise = true;
  o.hides_centre = hides_centre;
  o.lo = lo;
  return o;
}

torch::Tensor clamp_signed(const torch::Tensor& x) { return clamp_ste(x, -kActivationMax, kActivationMax); }
torch::Tensor clamp_positive(const torch::Tensor& x) { return clamp_ste(x, 0, kActivationMax); }
torch::Tensor as_units(const torch::Tensor& embedding) {
  return round_ste(embedding * kUnit).clamp(-kActivationMax, kActivationMax);
}

// Adds `sum` to what is known at a phase.
void add_known(std::vector<torch::Tensor>& known, int phase, const torch::Tensor& sum) {
  known[phase] = known[phase].defined() ? known[phase] + sum : sum;
}

}  // namespace

// floor(256 |r| / (|r| + 2)): the half keeps the quotient further from integers than float32's rounding error.
torch::Tensor magnitude_activation(const torch::Tensor& r) {
  const torch::Tensor magnitude = r.abs().clamp_max(510);
  return torch::floor((magnitude * 256 + 0.5) / (magnitude + 2)).clamp_max(kActivationMax);
}

MeanContextImpl::MeanContextImpl(const ImageConfig& c) : config_(c) {
  const int width = c.context_width;
  h_s_0_ = register_module("h_s_0", Pointwise(c.hyper_latents, 4 * width));
  h_s_block_0_ = register_module("h_s_block_0", TokenMixer(width));
  h_s_1_ = register_module("h_s_1", Pointwise(width, 4 * width));
  h_s_block_1_ = register_module("h_s_block_1", TokenMixer(width));
  pass_embedding_ = register_parameter("pass_embedding", torch::zeros({kNumPasses, width}));
  references_ = register_module("references", Pointwise(c.latents, 2 * width, 0.7));
  neighbours_ = register_module("neighbours", Depthwise(width, 5, /*hides_centre=*/true));
  query_ = register_module("query", Pointwise(width, width));
  key_ = register_module("key", Pointwise(width, width));
  value_ = register_module("value", Pointwise(width, width));
  global_ = register_module("global", Pointwise(width, width, 0.5));
  gate_ = register_module("gate", Pointwise(width, 3 * width, 0.1));
  fuse_ = register_module("fuse", TokenMixer(width));
  out_ = register_module("out", Pointwise(width, c.latents, 0.0));
}

MeanContextImpl::State MeanContextImpl::begin(const torch::Tensor& z_hat, const torch::Tensor& unit, int64_t h, int64_t w) {
  const torch::Tensor half = h_s_block_0_(unfold(h_s_0_(z_hat), 2));
  const torch::Tensor hyper = h_s_block_1_(crop(unfold(h_s_1_(activate(half)), 2), h, w));
  return {hyper, unit, std::vector<torch::Tensor>(4)};
}

// Linear attention over the superblock: softmax of keys over positions, of queries over channels (Shen et al. 2021, as in
// MLIC++), cost linear in positions.
torch::Tensor MeanContextImpl::attend(const torch::Tensor& query, const torch::Tensor& memory) {
  const int64_t n = query.size(0), h = query.size(2), w = query.size(3), heads = config_.context_width / kHeadWidth;
  const auto split = [&](const torch::Tensor& t) { return t.reshape({n * heads, kHeadWidth, h * w}); };
  const torch::Tensor q = torch::softmax(split(query_(query)), 1);
  const torch::Tensor k = torch::softmax(split(key_(memory)), 2);
  const torch::Tensor context = torch::bmm(k, split(value_(memory)).transpose(1, 2));  // [n heads, d, d]
  const torch::Tensor read = torch::bmm(context.transpose(1, 2), q).reshape({n, config_.context_width, h, w});
  return global_(read.contiguous(torch::MemoryFormat::ChannelsLast));
}

torch::Tensor MeanContextImpl::predict(const State& state, int pass) {
  const torch::Tensor base = state.hyper + pass_embedding_[pass].view({1, -1, 1, 1}).to(state.hyper.scalar_type());
  torch::Tensor references[3];  // channel, local, global
  torch::Tensor memory = base;
  if (pass > 0) {
    const std::vector<torch::Tensor> known = merge_phases(state.known).chunk(2, 1);
    if (config_.channel_reference) memory = memory + (references[0] = known[0]);
    if (config_.local_reference) memory = memory + (references[1] = neighbours_(known[1]));
  }
  if (config_.global_reference) references[2] = attend(base, memory);
  std::vector<torch::Tensor> gates;
  if (config_.reweighting) gates = (2 * torch::sigmoid(gate_(memory.mean({2, 3}, true)))).chunk(3, 1);
  torch::Tensor sum = base;
  for (int i = 0; i < 3; ++i) {
    if (references[i].defined()) sum = sum + (config_.reweighting ? references[i] * gates[i] : references[i]);
  }
  // Each group only where this pass codes it.
  const std::vector<torch::Tensor> features = split_phases(activate(fuse_(sum)).to(torch::kFloat));
  const int64_t group = config_.latents / kNumGroups;
  std::vector<torch::Tensor> means;
  for (int g = 0; g < kNumGroups; ++g) {
    means.push_back(torch::conv2d(features[kPhase[pass][g]], out_->weight.narrow(0, g * group, group),
                                  out_->bias.narrow(0, g * group, group)));
  }
  return torch::cat(means, 1) * state.unit;
}

void MeanContextImpl::learn(State& state, int pass, const torch::Tensor& y_hat) {
  const torch::Tensor scaled = (y_hat / state.unit).to(state.hyper.scalar_type());
  const int64_t group = config_.latents / kNumGroups;
  for (int g = 0; g < kNumGroups; ++g) {
    const torch::Tensor weight = references_->weight.narrow(1, g * group, group).to(scaled.scalar_type());
    add_known(state.known, kPhase[pass][g], torch::conv2d(scaled.narrow(1, g * group, group), weight));
  }
}

ScaleContextImpl::ScaleContextImpl(const ImageConfig& c) : config_(c) {
  const int width = c.scale_width;
  const int full = kActivationMax;
  h_s_0_ = register_module("h_s_0", ExactConv2d(pointwise(c.hyper_latents, 4 * width, 0, full, kHyperInputMax * kHyperInputScale)));
  h_s_mix_ = register_module("h_s_mix", ExactConv2d(depthwise(width, 3, 0, false)));
  h_s_1_ = register_module("h_s_1", ExactConv2d(pointwise(width, 4 * width, 0, full)));
  h_s_2_ = register_module("h_s_2", ExactConv2d(pointwise(width, width, -full, full)));
  quality_embedding_ = register_parameter("quality_embedding", torch::zeros({kNumAnchors, width}));
  pass_embedding_ = register_parameter("pass_embedding", torch::zeros({kNumPasses, width}));
  references_ = register_module("references", ExactConv2d(pointwise(c.latents, 2 * width, -full, full)));
  neighbours_ = register_module("neighbours", ExactConv2d(depthwise(width, 5, -full, true)));
  global_ = register_module("global", ExactConv2d(pointwise(c.latents, width, -full, full)));
  gate_ = register_module("gate", ExactConv2d(pointwise(width, 3 * width, 0, full)));
  hidden_ = register_module("hidden", ExactConv2d(pointwise(width, width, 0, full)));
  spread_ = register_module("spread", ExactConv2d(depthwise(width, 3, 0, false)));
  ExactConv2dOptions out = pointwise(width, c.latents, 0, kNumScales - 1);
  out.extra_shift = 2;  // an index step is a quarter of what a unit step is elsewhere
  out_ = register_module("out", ExactConv2d(out));
  torch::NoGradGuard no_grad;
  for (auto* conv : {&references_, &global_}) (*conv)->weight.mul_(0.5);
  for (auto* conv : {&spread_, &h_s_mix_}) (*conv)->weight.abs_().mul_(0.5);
  gate_->weight.mul_(0.1);
  gate_->bias.fill_(128.0 / kUnit);  // gates start at 1
  // A linear ramp over the qualities in random directions: scales grow with quality.
  quality_embedding_.copy_(torch::linspace(-1, 1, kNumAnchors).view({-1, 1}) * torch::randn({1, width}));
  hidden_->bias.fill_(1.0);
  out_->weight.mul_(0.3);
}

std::vector<std::pair<std::string, ExactConv2d>> ScaleContextImpl::convolutions() const {
  return {{"h_s_0", h_s_0_},           {"h_s_mix", h_s_mix_}, {"h_s_1", h_s_1_}, {"h_s_2", h_s_2_},
          {"references", references_}, {"neighbours", neighbours_}, {"global", global_}, {"gate", gate_},
          {"hidden", hidden_},         {"spread", spread_},   {"out", out_}};
}

ScaleNetworks ScaleContextImpl::prepare() const {
  return {h_s_0_->prepare(),      h_s_mix_->prepare(), h_s_1_->prepare(), h_s_2_->prepare(),
          references_->prepare(), neighbours_->prepare(), global_->prepare(), gate_->prepare(),
          hidden_->prepare(),     spread_->prepare(),  out_->prepare(),
          as_units(quality_embedding_), as_units(pass_embedding_)};
}

void ScaleContextImpl::set_integers(ScaleNetworks& n) {
  torch::NoGradGuard no_grad;
  const std::vector<ExactConv*> layers = n.layers();
  size_t i = 0;
  for (auto& [name, convolution] : convolutions()) {
    convolution->set_integers(layers[i]->weight(), layers[i]->bias(), layers[i]->shift());
    ++i;
  }
  quality_embedding_.copy_(n.quality_embedding / kUnit);
  pass_embedding_.copy_(n.pass_embedding / kUnit);
}

std::vector<ExactConv*> ScaleNetworks::layers() {
  return {&h_s_0, &h_s_mix, &h_s_1, &h_s_2, &references, &neighbours, &global, &gate, &hidden, &spread, &out};
}

void ScaleNetworks::to(const torch::Device& device) {
  for (ExactConv* layer : layers()) layer->to(device);
  quality_embedding = quality_embedding.to(device);
  pass_embedding = pass_embedding.to(device);
}

std::string ScaleNetworks::prove_bounds() {
  int index = 0;
  for (const ExactConv* layer : layers()) {
    const std::string error = layer->prove_bound();
    if (!error.empty()) return "exact layer " + std::to_string(index) + ": " + error;
    ++index;
  }
  return {};
}

void ScaleContextImpl::start_from(const torch::Tensor& indexes) {
  torch::NoGradGuard no_grad;
  out_->bias.copy_(indexes * 4 / kUnit);
}

ScaleContextImpl::State ScaleContextImpl::begin(const ScaleNetworks& n, const torch::Tensor& z_hat, const torch::Tensor& steps,
                                                int64_t h, int64_t w) const {
  const torch::Tensor z = z_hat.clamp(-kHyperInputMax, kHyperInputMax) * kHyperInputScale;
  const torch::Tensor half = n.h_s_mix(unfold(n.h_s_0(z), 2));
  const torch::Tensor full = crop(unfold(n.h_s_1(half), 2), h, w);
  const torch::Tensor hyper = n.h_s_2(full) + exact_interpolate(n.quality_embedding, steps);
  return {clamp_signed(hyper), std::vector<torch::Tensor>(4), {}};
}

torch::Tensor ScaleContextImpl::predict(const ScaleNetworks& n, const State& state, int pass) const {
  const torch::Tensor base = clamp_signed(state.hyper + n.pass_embedding[pass].view({1, -1, 1, 1}));
  torch::Tensor sum = base;
  if (pass > 0) {
    const int64_t num_positions = base.size(2) * base.size(3);
    torch::Tensor references[3];  // channel, local, global
    const std::vector<torch::Tensor> known = n.references.finish(merge_phases(state.known)).chunk(2, 1);
    if (config_.channel_reference) references[0] = known[0];
    if (config_.local_reference) references[1] = n.neighbours(known[1].contiguous(torch::MemoryFormat::ChannelsLast));
    // After `pass` passes every channel knows that many quarters of the positions.
    if (config_.global_reference) references[2] = n.global(exact_mean(state.magnitudes, pass * num_positions / 4));
    std::vector<torch::Tensor> gates;
    if (config_.reweighting) {
      torch::Tensor seen = base;
      for (const torch::Tensor& reference : references) {
        if (reference.defined()) seen = seen + reference;
      }
      gates = n.gate(exact_mean(clamp_positive(seen), num_positions)).chunk(3, 1);
    }
    for (int i = 0; i < 3; ++i) {
      if (references[i].defined()) sum = sum + (config_.reweighting ? exact_gate(references[i], gates[i]) : references[i]);
    }
  }
  const torch::Tensor hidden = n.hidden(clamp_positive(sum));
  // Each group only where this pass codes it.
  const std::vector<torch::Tensor> features = split_phases(clamp_positive(hidden + n.spread(hidden)));
  const int64_t group = config_.latents / kNumGroups;
  std::vector<torch::Tensor> indexes;
  for (int g = 0; g < kNumGroups; ++g) indexes.push_back(n.out.rows(features[kPhase[pass][g]], g * group, group));
  return torch::cat(indexes, 1);
}

void ScaleContextImpl::learn(const ScaleNetworks& n, State& state, int pass, const torch::Tensor& r) const {
  const torch::Tensor magnitude = magnitude_activation(r);
  const torch::Tensor sum = magnitude.sum({2, 3}, true);
  state.magnitudes = state.magnitudes.defined() ? state.magnitudes + sum : sum;
  const int64_t group = config_.latents / kNumGroups;
  for (int g = 0; g < kNumGroups; ++g) {
    add_known(state.known, kPhase[pass][g], n.references.accumulate(magnitude.narrow(1, g * group, group), g * group));
  }
}

}  // namespace laconic::models
