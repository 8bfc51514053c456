#include "apps/train/audio_task.h"

#include <algorithm>
#include <cmath>

#include "models/audio/block_choice.h"

namespace laconic::train {
namespace {

using namespace laconic::models;

constexpr double kDeadZone = 0.35;  // what is added before plain rounding down: about what choosing by bits gives
constexpr double kEnergyFloor = 1.6e-3;  // of a band, quantised units: weaker ones count as silent
constexpr int kSymbolReach = 1023;
constexpr double kFewBits = 60;     // a packet: keeps silence from outweighing all else

double uniform(Random& random, double low, double high) { return low + (high - low) * static_cast<double>(random.below(1 << 20)) / (1 << 20); }

torch::Tensor choose_symbols(const torch::Tensor& v, const torch::Tensor& indexes, const torch::Tensor& symbol_bits) {
  if (!indexes.defined()) return torch::sign(v) * torch::floor(v.abs() + kDeadZone);
  return cheapest_symbols(v, indexes, symbol_bits, torch::full({1}, kAudioCurvature, v.options()));
}

struct Quantised {
  torch::Tensor r, means;  // [N, kPlaneChannels, T, B]
};

// All packets in order of time, for the side's means build on what was decoded before.
Quantised quantise(const torch::Tensor& y, const torch::Tensor& indexes, const torch::Tensor& symbol_bits, bool predicts_side) {
  const torch::NoGradGuard no_grad;
  const auto part = [](const torch::Tensor& t, int64_t signal) { return t.defined() ? t.narrow(1, signal * kBandBins, kBandBins) : t; };
  const torch::Tensor mid = choose_symbols(part(y, 0), part(indexes, 0), symbol_bits);
  const torch::Tensor side = part(y, 1), side_indexes = part(indexes, 1);
  StereoPrediction prediction(y.size(0), y.device());
  std::vector<torch::Tensor> rs, means;
  for (int64_t t = 0; t < y.size(2); ++t) {
    const torch::Tensor mid_t = mid.narrow(2, t, 1);
    const torch::Tensor mean = predicts_side ? prediction.predict(mid_t) : torch::zeros_like(mid_t);
    const torch::Tensor index = side_indexes.defined() ? side_indexes.narrow(2, t, 1) : side_indexes;
    const torch::Tensor r = choose_symbols(side.narrow(2, t, 1) - mean, index, symbol_bits);
    prediction.learn(mid_t, mean + r);
    rs.push_back(r);
    means.push_back(mean);
  }
  return {torch::cat({mid, torch::cat(rs, 2)}, 1), torch::cat({torch::zeros_like(mid), torch::cat(means, 2)}, 1)};
}

// What each packet knows of those before it: exact [N, 4 kPlaneChannels, T, B].
torch::Tensor histories(const torch::Tensor& r, const AudioConfig& config) {
  const torch::NoGradGuard no_grad;
  PacketHistory history(r.size(0), config, r.device());
  const torch::Tensor no_z = torch::zeros({r.size(0), config.hyper_latents, 1, kHyperPositions}, r.options());
  std::vector<torch::Tensor> all;
  for (int64_t t = 0; t < r.size(2); ++t) {
    all.push_back(history.magnitudes());
    history.learn(r.narrow(2, t, 1), no_z);
  }
  return torch::cat(all, 2);
}

// z_hat of each packet and the two before it.
torch::Tensor with_earlier(const torch::Tensor& z) {
  const auto later = [&](int64_t by) { return torch::constant_pad_nd(z, {0, 0, by, 0}).narrow(2, 0, z.size(2)); };
  return torch::cat({z, later(1), later(2)}, 1);
}

torch::Tensor band_sums(const torch::Tensor& x) {
  return x.view({x.size(0), kSignals, kBandBins, x.size(2), x.size(3)}).sum(2);
}

}  // namespace

struct AudioTask::Stretch {
  torch::Tensor y;           // [1, kPlaneChannels, T, B]
  torch::Tensor conditions;  // exact [1, kNumConditions, T, 1]
  bool is_stereo = true;
};

struct AudioTask::Estimate {
  torch::Tensor bits_y, bits_z, error_bits, envelope, snr;  // [N], means over packets
  torch::Tensor r, indexes, z_hat;                          // of what is coded: for tables
};

Result<std::unique_ptr<AudioTask>> AudioTask::create(const TrainConfig& config, const TrainerOptions& options) {
  if (options.device != "cpu" && !torch::cuda::is_available()) return unsupported("no CUDA device is available");
  LACONIC_ASSIGN_OR_RETURN(std::vector<Recording> recordings, open_sound_shards(options.data_dir));
  std::unique_ptr<AudioTask> task(new AudioTask(config, options.device));
  task->sampler_ = std::make_unique<SoundSampler>(std::move(recordings), config.seed);
  torch::manual_seed(config.seed);
  task->network_ = AudioNetwork(*config.audio_network);
  task->symbol_bits_ = laplacian_symbol_bits();
  if (!options.from_weights.empty()) {
    LACONIC_ASSIGN_OR_RETURN(const LatentTables tables, load_trainable_audio(options.from_weights, task->network_));
    task->symbol_bits_ = stored_symbol_bits(tables.scales, kSymbolReach);
  }
  task->network_->to(task->device_);
  return task;
}

AudioTask::Stretch AudioTask::make_stretch(int64_t step, int64_t sample) const {
  const int64_t num_packets = config_.num_frames;
  Random random(sample_stream(config_.seed + 1, step, sample));
  const torch::Tensor pcm = sampler_->sample(step, sample, (num_packets + 1) * kHop);
  const torch::Tensor signals = torch::stack({pcm[0] + pcm[1], pcm[0] - pcm[1]}) * M_SQRT1_2;
  Stretch stretch;
  stretch.is_stereo = signals[1].abs().max().item<float>() > 0 || random.below(4) == 0;
  const double level = std::max(1e-5, std::sqrt(signals.square().mean().item<double>()));
  const double base = kStepsPerOctave * (std::log2(level) + uniform(random, -4.5, 2.5) + kStepOctavesBelowOne);
  int step_index = std::clamp(static_cast<int>(std::lround(base)), 0, kMaxStepIndex);
  std::vector<int> blocks = choose_blocks(transform_, signals, step_size(step_index));
  blocks.insert(blocks.begin(), 1);
  blocks.push_back(1);
  const torch::Tensor coefficients = analyse_frames(transform_, signals, blocks);
  const bool wanders = random.below(2) == 0;
  std::vector<torch::Tensor> scales, conditions;
  PacketConditions c;
  c.is_stereo = stretch.is_stereo;
  for (int64_t t = 0; t < num_packets; ++t) {
    c.blocks_before = t == 0 ? 0 : c.blocks;
    c.step_before = t == 0 ? step_index : c.step_index;
    if (wanders && random.below(6) == 0) step_index = std::clamp(step_index + static_cast<int>(random.below(7)) - 3, 0, kMaxStepIndex);
    c.blocks = blocks[static_cast<size_t>(t) + 1];
    c.step_index = step_index;
    scales.push_back(torch::full({1}, 1 / step_size(step_index)));
    conditions.push_back(torch::tensor(condition_values(c)));
  }
  const torch::Tensor weighted = coefficients.slice(2, 0, kBins) * weights_ * torch::cat(scales).view({1, -1, 1});
  stretch.y = plane_of(torch::constant_pad_nd(weighted, {0, kHop - kBins}).unsqueeze(0));
  stretch.conditions = torch::stack(conditions, 1).view({1, kNumConditions, num_packets, 1});
  return stretch;
}

void AudioTask::draw_batch(int64_t step) {
  step_ = step;
  z_noise_ = torch::rand({config_.batch_size, config_.audio_network->hyper_latents, config_.num_frames, kHyperPositions}) - 0.5;
}

// see Note [Loss of sound]
AudioTask::Estimate AudioTask::estimate(const std::vector<Stretch>& stretches, const torch::Tensor& z_noise) {
  std::vector<torch::Tensor> ys, conditions_of, stereo_of;
  for (const Stretch& s : stretches) {
    ys.push_back(s.y);
    conditions_of.push_back(s.conditions);
    stereo_of.push_back(torch::full({1}, s.is_stereo ? 1.f : 0.f));
  }
  const torch::Tensor y = torch::cat(ys).to(device_), conditions = torch::cat(conditions_of).to(device_);
  const torch::Tensor is_stereo = torch::cat(stereo_of).to(device_).view({-1, 1, 1, 1});
  const AudioConfig& c = network_->config();
  const AudioScaleNetworks networks = network_->prepare();
  const auto indexes_of = [&](const torch::Tensor& base, const torch::Tensor& r) {
    std::vector<torch::Tensor> indexes, known;
    for (int pass = 0; pass < kAudioPasses; ++pass) {
      indexes.push_back(network_->scale_indexes(networks, base, known));
      known.push_back(pass_of(r, pass));
    }
    return merge_plane(indexes);
  };
  Quantised q = quantise(y, {}, symbol_bits_, c.stereo_reference);
  torch::Tensor history;
  {
    const torch::NoGradGuard no_grad;
    history = histories(q.r, c);
    const torch::Tensor z_hat = torch::round(network_->analyse_hyper(y, history, conditions));
    const torch::Tensor indexes = indexes_of(network_->base(networks, history, with_earlier(z_hat), conditions), q.r);
    q = quantise(y, indexes, symbol_bits_, c.stereo_reference);
    history = histories(q.r, c);
  }
  Estimate e;
  const torch::Tensor z = network_->analyse_hyper(y, history, conditions);
  e.z_hat = round_ste(z);
  const torch::Tensor hyper = with_earlier(e.z_hat), base = network_->base(networks, history, hyper, conditions);
  e.r = q.r;
  e.indexes = indexes_of(base, q.r);
  const torch::Tensor counts = torch::cat({torch::ones_like(is_stereo), is_stereo}, 1);  // [N, kSignals, 1, 1]
  const auto total = [&](const torch::Tensor& per_bin) { return (band_sums(per_bin) * counts).sum({1, 3}).mean(1); };
  e.bits_y = total(table_bits(symbol_bits_, q.r, e.indexes));
  e.bits_z = network_->hyper_bits(z_noise.defined() ? z + z_noise : e.z_hat).mean(1);

  const AudioNetworkImpl::Synthesis s = network_->synthesise(base, q.r, e.indexes, hyper);
  const torch::Tensor is_zero = q.r == 0, silent = AudioNetworkImpl::reconstruct(q.means, q.r, s, torch::zeros_like(q.r));
  const torch::Tensor noise_energy = torch::where(is_zero, s.noise.square(), torch::zeros_like(s.noise));
  const torch::Tensor error = total((y - silent).square());
  e.error_bits = (error + kNoiseErrorShare * total(noise_energy)) * kAudioCurvature;
  const torch::Tensor wanted = band_sums(y.square()) + kEnergyFloor, got = band_sums(silent.square() + noise_energy) + kEnergyFloor;
  e.envelope = ((torch::log10(got / wanted)).abs() * counts).sum({1, 3}).mean(1);
  e.snr = 10 * torch::log10((total(y.square()) + 1e-6) / (error.detach() + 1e-6));
  return e;
}

PartResult AudioTask::run_part(int64_t begin, int64_t count) {
  std::vector<Stretch> stretches;
  for (int64_t i = begin; i < begin + count; ++i) stretches.push_back(make_stretch(step_, i));
  const Estimate e = estimate(stretches, z_noise_.narrow(0, begin, count).to(device_));
  const torch::Tensor bits = e.bits_y + e.bits_z;
  const torch::Tensor weight = torch::rsqrt(bits.detach() + kFewBits);
  const torch::Tensor loss = ((bits + e.error_bits + kEnvelopeBits * e.envelope) * weight).sum() / config_.batch_size;
  PartResult part;
  part.gradients = torch::autograd::grad({loss}, network_->parameters(), {}, {}, false, /*allow_unused=*/true);
  const auto sum = [](const torch::Tensor& t) { return t.detach().sum(); };
  part.sums = torch::stack({loss.detach() * config_.batch_size, sum(e.bits_y), sum(e.bits_z), sum(e.error_bits), sum(e.envelope), sum(e.snr)}).to(torch::kCPU);
  return part;
}

LatentTables AudioTask::count_tables(int num_samples) {
  const torch::NoGradGuard no_grad;
  const AudioConfig& c = network_->config();
  TableCounts counts(c.hyper_latents * kHyperPositions);
  for (int i = 0; i < num_samples; ++i) {
    const std::vector<Stretch> stretches = {make_stretch(kFirstCountStep - i, i)};
    const Estimate e = estimate(stretches, {});
    const int64_t channels = stretches[0].is_stereo ? kPlaneChannels : kBandBins;
    counts.add_residuals(e.r.narrow(1, 0, channels), e.indexes.narrow(1, 0, channels));
    counts.add_hyper(0, e.z_hat.permute({0, 1, 3, 2}).reshape({1, c.hyper_latents * kHyperPositions, -1, 1}));
  }
  return counts.tables(network_->z_log_scales, network_->z_means, kSkipShare);
}

}  // namespace laconic::train
