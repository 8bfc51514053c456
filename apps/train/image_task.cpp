#include "apps/train/image_task.h"

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
  patches_ = std::make_unique<PrefetchingSampler>(*sampler_, config_.batch_size, config_.crop_px, first_step);
}

void ImageTask::draw_batch(int64_t) {
  batch_.patches = patches_->next();
  batch_.steps = draw_quality_steps(config_.batch_size);
  batch_.noise = network_->draw_noise(config_.batch_size, config_.crop_px, config_.crop_px);
}

PartResult ImageTask::run_part(int64_t begin, int64_t count) {
  const auto part = [&](const torch::Tensor& t) { return t.narrow(0, begin, count).to(device_); };
  const torch::Tensor steps = part(batch_.steps);
  const torch::Tensor x = (part(batch_.patches).to(torch::kFloat) / 255).contiguous(torch::MemoryFormat::ChannelsLast);
  const models::QuantisationNoise noise{part(batch_.noise.y).contiguous(torch::MemoryFormat::ChannelsLast), part(batch_.noise.z)};
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

}  // namespace laconic::train
