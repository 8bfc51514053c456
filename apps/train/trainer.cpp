#include "apps/train/trainer.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <future>

#include "models/image/weights.h"

namespace laconic::train {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

volatile std::sig_atomic_t stop_requested = 0;
void request_stop(int) { stop_requested = 1; }

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// One quality step per sample, spread evenly over 0..2048 within the batch, so that no batch sees only one end.
torch::Tensor draw_quality_steps(int batch_size) {
  const torch::Tensor slot = torch::randperm(batch_size).to(torch::kFloat);
  return torch::floor((slot + torch::rand({batch_size})) / batch_size * (models::kMaxQualityStep + 1));
}

std::string time_left_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
  return text;
}

}  // namespace

Trainer::Trainer(const TrainConfig& config, const TrainerOptions& options)
    : config_(config), options_(options), device_(options.device) {}

Result<std::unique_ptr<Trainer>> Trainer::create(const TrainConfig& config, const TrainerOptions& options) {
  if (options.device != "cpu" && !torch::cuda::is_available()) return unsupported("no CUDA device is available");
  LACONIC_ASSIGN_OR_RETURN(std::vector<Picture> pictures, open_shards(options.data_dir));
  std::error_code error;
  fs::create_directories(options.out_dir, error);
  if (error) return io_error("cannot make the folder " + options.out_dir + ": " + error.message());

  std::unique_ptr<Trainer> trainer(new Trainer(config, options));
  trainer->sampler_ = std::make_unique<PatchSampler>(std::move(pictures), config.seed);
  torch::manual_seed(config.seed);
  trainer->network_ = models::ImageNetwork(config.network);
  if (options.from_weights.empty()) {
    trainer->start_from_data();
  } else {
    LACONIC_RETURN_IF_ERROR(models::load_trainable(options.from_weights, trainer->network_));
  }
  trainer->network_->to(trainer->device_);

  std::vector<SoapParameter> parameters;
  NamedParameters averaged;
  for (const auto& item : trainer->network_->named_parameters()) {
    const bool is_shortcut = item.key().find("shortcut") != std::string::npos;
    parameters.push_back({item.key(), item.value(), is_shortcut ? config.shortcut_lr : 1.0});
    averaged.emplace_back(item.key(), item.value());
  }
  SoapOptions soap;
  soap.clip_norm = config.clip_norm;
  soap.max_side = config.max_rotated_side;
  soap.statistics_every = 2;  // a fifth of the optimiser's time saved (measured 277 -> 218 ms)
  trainer->optimiser_ = std::make_unique<Soap>(std::move(parameters), soap);
  trainer->ema_ = std::make_unique<Ema>(std::move(averaged), config.ema_decay);
  if (options.resume && fs::exists(trainer->checkpoint_path())) LACONIC_RETURN_IF_ERROR(trainer->load_checkpoint());

  const std::string log_path = options.out_dir + "/log.csv";
  const bool is_new = !options.resume || !fs::exists(log_path);
  trainer->log_.open(log_path, is_new ? std::ios::trunc : std::ios::app);
  if (!trainer->log_) return io_error("cannot write " + log_path);
  if (is_new) trainer->log_ << "step,loss,bpp_y,bpp_z,psnr,lr,patches_per_s,skipped\n";
  return trainer;
}

void Trainer::start_from_data() {
  // Blocks of 16x16 from a few hundred patches are plenty for 768 dimensions.
  std::vector<torch::Tensor> blocks;
  for (int64_t i = 0; i < 24; ++i) {
    const torch::Tensor patches = sampler_->batch(-1 - i, 16, 256).to(torch::kFloat) / 255 - 0.5;
    blocks.push_back(torch::pixel_unshuffle(patches, models::kLatentStride).permute({0, 2, 3, 1}).reshape({-1, 768}));
  }
  network_->start_from_blocks(torch::cat(blocks));
}

// Forward and backward of the samples [begin, begin + count) of the batch; gradients in the order of named_parameters().
Trainer::PartResult Trainer::run_part(const Batch& batch, int64_t begin, int64_t count) {
  const auto part = [&](const torch::Tensor& t) { return t.narrow(0, begin, count).to(device_); };
  const torch::Tensor steps = part(batch.steps);
  const torch::Tensor x = (part(batch.patches).to(torch::kFloat) / 255).contiguous(torch::MemoryFormat::ChannelsLast);
  const models::QuantisationNoise noise{part(batch.noise.y).contiguous(torch::MemoryFormat::ChannelsLast), part(batch.noise.z)};
  const models::ImageEstimate estimate =
      network_->estimate(x, steps, &noise, config_.bfloat16 ? torch::kBFloat16 : torch::kFloat);

  const models::ImageConfig& c = config_.network;
  const double num_pixels = static_cast<double>(config_.crop_px) * config_.crop_px;
  const double slope = std::log(c.lambda_high / c.lambda_low) / models::kMaxQualityStep;
  const torch::Tensor lambda = torch::exp(steps * slope) * c.lambda_low;
  const torch::Tensor mse = (estimate.x_hat - x).square().mean({1, 2, 3});
  const torch::Tensor bpp = (estimate.bits_y + estimate.bits_z) / num_pixels;
  // Divided by sqrt(lambda), so that no quality dominates (design.md section 6).
  const torch::Tensor loss =
      ((lambda * (255.0 * 255.0) * mse + bpp) * torch::rsqrt(lambda)).sum() * (0.1 / config_.batch_size);
  PartResult result;
  result.gradients = torch::autograd::grad({loss}, network_->parameters(), {}, {}, false, /*allow_unused=*/true);
  const torch::Tensor psnr = -10 * torch::log10(mse.detach().clamp_min(1e-9));
  result.sums = torch::stack({loss.detach() * config_.batch_size, estimate.bits_y.detach().sum() / num_pixels,
                              estimate.bits_z.detach().sum() / num_pixels, psnr.sum()}).to(torch::kCPU);
  return result;
}

// The batch is split over worker threads with one ATen thread each: on a busy machine that is far quicker than splitting
// every operation. Parts and the order of the sum are fixed, so the result is reproducible.
void Trainer::train_step(const torch::Tensor& patches) {
  torch::manual_seed(config_.seed * 1000003 + static_cast<uint64_t>(step_));  // resume sees the same noise
  const Batch batch{patches, draw_quality_steps(config_.batch_size),
                    network_->draw_noise(config_.batch_size, config_.crop_px, config_.crop_px)};
  const int num_parts = device_.is_cpu() ? std::min(config_.num_workers, config_.batch_size) : 1;
  std::vector<std::future<PartResult>> parts;
  int64_t begin = 0;
  for (int i = 0; i < num_parts; ++i) {
    const int64_t end = static_cast<int64_t>(config_.batch_size) * (i + 1) / num_parts;
    parts.push_back(std::async(std::launch::async, [this, &batch, begin, end] {
      if (device_.is_cpu()) at::set_num_threads(1);
      return run_part(batch, begin, end - begin);
    }));
    begin = end;
  }
  const std::vector<torch::Tensor> parameters = network_->parameters();
  torch::Tensor sums = torch::zeros({4});
  optimiser_->zero_grad();
  for (auto& future : parts) {
    const PartResult part = future.get();
    sums += part.sums;
    for (size_t i = 0; i < parameters.size(); ++i) {
      torch::Tensor& gradient = parameters[i].mutable_grad();
      if (!part.gradients[i].defined()) continue;
      gradient = gradient.defined() ? gradient.add_(part.gradients[i]) : part.gradients[i];
    }
  }
  optimiser_->step(config_.learning_rate_at(step_));
  ema_->update();
  sums_ += sums;
  num_summed_ += config_.batch_size;
}

Status Trainer::run(const std::function<Status(int64_t)>& validate) {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  PrefetchingSampler batches(*sampler_, config_.batch_size, config_.crop_px, step_);
  const auto start = Clock::now();
  auto line_start = start;
  const int64_t first_step = step_;
  const auto is_time_up = [&] { return options_.max_minutes > 0 && seconds_since(start) > options_.max_minutes * 60; };
  int64_t validated_step = -1;
  while (step_ < config_.steps && !stop_requested && !is_time_up()) {
    train_step(batches.next());
    ++step_;
    if (step_ % config_.log_every == 0) {
      write_log(num_summed_ / seconds_since(line_start));
      const double per_step = seconds_since(start) / static_cast<double>(step_ - first_step);
      std::printf("   time left %s\n", time_left_text(per_step * static_cast<double>(config_.steps - step_)).c_str());
      std::fflush(stdout);
      line_start = Clock::now();
    }
    if (step_ % config_.checkpoint_every == 0) LACONIC_RETURN_IF_ERROR(save_checkpoint());
    if (step_ % config_.validate_every == 0) {
      EmaScope averaged(*ema_);
      LACONIC_RETURN_IF_ERROR(validate(step_));
      validated_step = step_;
    }
  }
  LACONIC_RETURN_IF_ERROR(save_checkpoint());
  if (validated_step == step_) return ok_status();
  EmaScope averaged(*ema_);
  return validate(step_);
}

void Trainer::write_log(double patches_per_second) {
  const torch::Tensor mean = sums_ / num_summed_;
  const auto at = [&](int64_t i) { return mean[i].item<double>(); };
  char line[256];
  std::snprintf(line, sizeof line, "%lld,%.6f,%.5f,%.5f,%.4f,%.3g,%.2f,%lld", static_cast<long long>(step_), at(0), at(1),
                at(2), at(3), config_.learning_rate_at(step_), patches_per_second,
                static_cast<long long>(optimiser_->num_skipped()));
  log_ << line << std::endl;
  std::printf("%s", line);
  sums_.zero_();
  num_summed_ = 0;
}

Status Trainer::save_checkpoint() const {
  torch::serialize::OutputArchive archive, optimiser, ema;
  for (const auto& item : network_->named_parameters()) archive.write(item.key(), item.value());
  archive.write("step", torch::tensor(step_));
  optimiser_->save(optimiser);
  ema_->save(ema);
  archive.write("optimiser", optimiser);
  archive.write("ema", ema);
  const std::string temporary = checkpoint_path() + ".tmp";
  archive.save_to(temporary);
  std::error_code error;
  fs::rename(temporary, checkpoint_path(), error);
  return error ? io_error("cannot write " + checkpoint_path() + ": " + error.message()) : ok_status();
}

Status Trainer::load_checkpoint() {
  try {
    torch::NoGradGuard no_grad;
    torch::serialize::InputArchive archive, optimiser, ema;
    archive.load_from(checkpoint_path(), device_);
    for (auto& item : network_->named_parameters()) {
      torch::Tensor stored;
      archive.read(item.key(), stored);
      if (stored.sizes() != item.value().sizes())
        return invalid_argument(checkpoint_path() + " holds a network of other widths (" + item.key() + ")");
      item.value().copy_(stored);
    }
    torch::Tensor step;
    archive.read("step", step);
    step_ = step.item<int64_t>();
    archive.read("optimiser", optimiser);
    archive.read("ema", ema);
    LACONIC_RETURN_IF_ERROR(optimiser_->load(optimiser));
    return ema_->load(ema);
  } catch (const c10::Error& error) {
    return corrupt(checkpoint_path() + " cannot be read: " + error.what_without_backtrace());
  }
}

}  // namespace laconic::train
