#include "apps/train/image_task.h"

#include <algorithm>
#include <thread>

#include "models/image/weights.h"

namespace laconic::train {

torch::Tensor draw_quality_steps(int batch_size) {
  const torch::Tensor slot = torch::randperm(batch_size).to(torch::kFloat);
  return torch::floor((slot + torch::rand({batch_size})) / batch_size * (models::kMaxQualityStep + 1));
}

Result<std::unique_ptr<ImageTask>> ImageTask::create(const TrainConfig& config, const TrainerOptions& options) {
  if (options.device != "cpu" && !torch::cuda::is_available()) return unsupported("no CUDA device is available");
  LACONIC_ASSIGN_OR_RETURN(std::vector<Picture> pictures, open_shards(options.data_dir));
  std::unique_ptr<ImageTask> task(new ImageTask(config, options.device));
  task->sampler_ = std::make_unique<PatchSampler>(std::move(pictures), config.seed);
  torch::manual_seed(config.seed);
  task->network_ = models::ImageNetwork(config.network);
  if (options.from_weights.empty()) {
    task->start_from_data();
  } else {
    LACONIC_RETURN_IF_ERROR(models::load_trainable(options.from_weights, task->network_));
  }
  task->network_->to(task->device_);
  return task;
}

double ImageTask::lr_scale(const std::string& parameter) const {
  return parameter.find("shortcut") != std::string::npos ? config_.shortcut_lr : 1.0;
}

void ImageTask::start_from_data() {
  // Blocks of 16x16 from a few hundred patches are plenty for 768 dimensions.
  std::vector<torch::Tensor> blocks;
  for (int64_t i = 0; i < 24; ++i) {
    const torch::Tensor patches = sampler_->batch(-1 - i, 16, 256).to(torch::kFloat) / 255 - 0.5;
    blocks.push_back(torch::pixel_unshuffle(patches, models::kLatentStride).permute({0, 2, 3, 1}).reshape({-1, 768}));
  }
  network_->start_from_blocks(torch::cat(blocks));
}

void ImageTask::start(int64_t first_step) {
  // A GPU takes patches faster than one thread makes them.
  const int num_threads = device_.is_cuda() ? std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 3) : 1;
  patches_ = std::make_unique<PrefetchingSampler>(*sampler_, config_.batch_size, config_.crop_px, first_step, 3 + num_threads, num_threads);
}

void ImageTask::draw_batch(int64_t) {
  const torch::Tensor patches = patches_->next(), steps = draw_quality_steps(config_.batch_size);
  if (!device_.is_cuda()) {
    batch_ = {patches, steps, network_->draw_noise(config_.batch_size, config_.crop_px, config_.crop_px)};
    return;
  }
  if (!batch_.patches.defined()) {
    const models::QuantisationNoise shapes = network_->draw_noise(config_.batch_size, config_.crop_px, config_.crop_px);
    batch_ = {patches.to(device_), steps.to(device_), {shapes.y.to(device_).contiguous(torch::MemoryFormat::ChannelsLast), shapes.z.to(device_)}};
  }
  batch_.patches.copy_(patches);
  batch_.steps.copy_(steps);
  batch_.noise.y.uniform_(-0.5, 0.5);
  batch_.noise.z.uniform_(-0.5, 0.5);
}

PartResult ImageTask::run_part(int64_t begin, int64_t count) {
  if (device_.is_cuda()) {
    replay_.run([this] { recorded_ = gradients_of(batch_); });
    return recorded_;
  }
  const auto part = [&](const torch::Tensor& t) { return t.narrow(0, begin, count); };
  return gradients_of({part(batch_.patches), part(batch_.steps), {part(batch_.noise.y), part(batch_.noise.z)}});
}

PartResult ImageTask::gradients_of(const Batch& batch) const {
  const torch::Tensor& steps = batch.steps;
  const torch::Tensor x = (batch.patches.to(torch::kFloat) / 255).contiguous(torch::MemoryFormat::ChannelsLast);
  const models::QuantisationNoise noise{batch.noise.y.contiguous(torch::MemoryFormat::ChannelsLast), batch.noise.z};
  models::ImageNetwork network = network_;
  const models::ImageEstimate estimate = network->estimate(x, steps, &noise, config_.bfloat16 ? torch::kBFloat16 : torch::kFloat);

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
  result.gradients = torch::autograd::grad({loss}, network->parameters(), {}, {}, false, /*allow_unused=*/true);
  const torch::Tensor psnr = -10 * torch::log10(mse.detach().clamp_min(1e-9));
  result.sums = torch::stack({loss.detach() * config_.batch_size, estimate.bits_y.detach().sum() / num_pixels,
                              estimate.bits_z.detach().sum() / num_pixels, psnr.sum()});
  return result;
}

}  // namespace laconic::train
