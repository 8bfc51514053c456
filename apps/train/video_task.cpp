#include "apps/train/video_task.h"

#include <cmath>

#include "apps/train/image_task.h"
#include "models/video/motion_search.h"

namespace laconic::train {
namespace {

using models::FrameMemory;
using models::MotionField;

constexpr int kSymbolReach = 64;
constexpr int kLastKeyGain = 512;  // key frames are coded with up to so many quality steps more than the frames after them

torch::Tensor step_tensor(int quality_step, const torch::Device& device) {
  return torch::full({1}, quality_step, torch::TensorOptions().dtype(torch::kFloat).device(device));
}

// What the passes saw, [1, M, 4 * h/2, w/2] -> [1, M, h, w].
torch::Tensor merged(const torch::Tensor& passes) { return models::merge_passes(passes.chunk(models::kNumPasses, 2)); }

}  // namespace

struct VideoTask::FrameResult {
  FrameMemory memory;  // without gradients
  MotionField motion;
  torch::Tensor bits_y, bits_z, error_bits;  // [1]
  torch::Tensor z_hat;
};

Result<std::unique_ptr<VideoTask>> VideoTask::create(const TrainConfig& config, const TrainerOptions& options) {
  if (options.device != "cpu" && !torch::cuda::is_available()) return unsupported("no CUDA device is available");
  if (options.image_weights.empty()) return invalid_argument("training on films needs --image, the weights of the image model");
  LACONIC_ASSIGN_OR_RETURN(std::vector<Clip> clips, open_clips(options.data_dir));
  std::unique_ptr<VideoTask> task(new VideoTask(config, options.device));
  task->clips_ = std::make_unique<ClipSampler>(std::move(clips), config.seed);
  LACONIC_ASSIGN_OR_RETURN(task->image_, models::load_weights(options.image_weights, options.device));
  torch::manual_seed(config.seed);
  task->network_ = models::VideoNetwork(task->image_->network->config());
  if (options.from_weights.empty()) {
    models::start_from_image(*task->image_, task->network_);
  } else {
    LACONIC_RETURN_IF_ERROR(models::load_trainable_video(options.from_weights, task->network_));
  }
  task->network_->to(task->device_);
  const torch::Tensor symbols = torch::arange(-kSymbolReach, kSymbolReach + 1).to(torch::kFloat).view({1, -1});
  const torch::Tensor indexes = torch::arange(models::kNumScales).to(torch::kFloat).view({-1, 1});
  task->symbol_bits_ = models::gaussian_bits(symbols.expand({models::kNumScales, -1}), indexes).to(task->device_);
  return task;
}

void VideoTask::draw_batch(int64_t step) {
  step_ = step;
  quality_steps_ = draw_quality_steps(config_.batch_size);
}

FrameMemory VideoTask::code_key_frame(const torch::Tensor& x, int quality_step, double& bits) {
  const torch::NoGradGuard no_grad;
  models::ImageNetwork image = image_->network;
  const torch::Tensor steps = step_tensor(quality_step, device_);
  const torch::Tensor curvature = models::latent_curvature(image, steps);
  const auto rounding = [&](const torch::Tensor& v, const torch::Tensor& index, int) -> models::Rounding {
    const torch::Tensor r = models::cheapest_symbols(v, index, symbol_bits_, curvature);
    return {r, r};
  };
  const torch::Tensor y = image->analyse(x, steps, transform_type());
  const torch::Tensor z_hat = torch::round(image->h_a(y));
  const models::LatentEstimate e = image->estimate_latents(image_->scale_networks, y, z_hat, steps, rounding, torch::kFloat);
  bits = e.bits_y.item<double>();
  FrameMemory memory;
  memory.x_hat = image->synthesise(e.y_hat, steps, transform_type());
  memory.y_hat = e.y_hat;
  memory.d_hat = torch::zeros_like(e.y_hat);
  memory.residuals = merged(e.residuals);
  memory.indexes = merged(e.indexes);
  memory.quality_step = quality_step;
  memory.is_key_frame = true;
  return memory;
}

// see Note [Loss of a predicted frame]
VideoTask::FrameResult VideoTask::code_frame(const torch::Tensor& x, const FrameMemory& before, const MotionField& last_motion,
                                             int quality_step) {
  models::ImageNetwork image = image_->network;
  const torch::Tensor steps = step_tensor(quality_step, device_);
  FrameResult result;
  torch::Tensor d;
  models::Reference reference;
  {
    const torch::NoGradGuard no_grad;
    const double bit_price = models::motion_bit_price(image->config(), quality_step);
    result.motion = models::search_motion(models::luma_of(x), models::luma_of(before.x_hat), bit_price, last_motion).motion;
    reference = network_->refer(image, before, result.motion, quality_step, transform_type());
    d = image->analyse(x, steps, transform_type()) - reference.y_ref;
  }
  const torch::Tensor curvature = models::latent_curvature(image, steps) * models::kErrorPropagation;
  const auto rounding = [&](const torch::Tensor& v, const torch::Tensor& index, int) -> models::Rounding {
    const torch::NoGradGuard no_grad;
    const torch::Tensor r = models::cheapest_symbols(v, index, symbol_bits_, curvature);
    return {r, r};
  };
  const models::TemporalFeatures temporal =
      network_->temporal_features(network_->prepare_temporal(), before, result.motion, reference.y_ref, steps);
  result.z_hat = models::round_ste(network_->h_a(d));
  const models::LatentEstimate e =
      network_->estimate_latents(network_->scale_context->prepare(), d, result.z_hat, steps, rounding, torch::kFloat, temporal);
  result.bits_y = e.bits_y;
  result.bits_z = network_->hyper_bits(result.z_hat, steps);
  result.error_bits = (curvature * (d - e.y_hat).square()).sum({1, 2, 3});

  const torch::NoGradGuard no_grad;
  FrameMemory& memory = result.memory;
  memory.d_hat = e.y_hat.detach();
  memory.y_hat = reference.y_ref + memory.d_hat;
  memory.x_hat = network_->synthesise(image, reference, memory.d_hat, quality_step, transform_type());
  memory.residuals = merged(e.residuals.detach());
  memory.indexes = merged(e.indexes.detach());
  memory.quality_step = quality_step;
  return result;
}

PartResult VideoTask::run_part(int64_t begin, int64_t count) {
  const double num_pixels = static_cast<double>(config_.crop_px) * config_.crop_px;
  const int num_predicted = config_.num_frames - 1;
  PartResult part;
  part.sums = torch::zeros({6});
  for (int64_t i = begin; i < begin + count; ++i) {
    const torch::Tensor x = clips_->sample(step_, i, config_.num_frames, config_.crop_px).to(device_);
    const int quality_step = quality_steps_[i].item<int>();
    const int key_step = std::min(models::kMaxQualityStep, quality_step + static_cast<int>((step_ * 7 + i * 3) % 5) * kLastKeyGain / 4);
    double key_bits = 0, error = 0;
    FrameMemory memory = code_key_frame(x.narrow(0, 0, 1), key_step, key_bits);
    MotionField motion;
    torch::Tensor bits_y = torch::zeros({1}), bits_z = torch::zeros({1}), error_bits = torch::zeros({1});
    for (int t = 1; t <= num_predicted; ++t) {
      const torch::Tensor x_t = x.narrow(0, t, 1);
      FrameResult frame = code_frame(x_t, memory, motion, quality_step);
      bits_y = bits_y + frame.bits_y;
      bits_z = bits_z + frame.bits_z;
      error_bits = error_bits + frame.error_bits;
      memory = std::move(frame.memory);
      motion = std::move(frame.motion);
      error += (memory.x_hat - x_t).square().mean().item<double>();
    }
    const double scale = 1 / (num_pixels * num_predicted);
    const double weight = 0.1 / std::sqrt(models::lambda_at(image_->network->config(), quality_step)) / config_.batch_size;
    const torch::Tensor loss = (bits_y + bits_z + error_bits).sum() * (scale * weight);
    const auto gradients = torch::autograd::grad({loss}, network_->parameters(), {}, {}, false, /*allow_unused=*/true);
    if (part.gradients.empty()) part.gradients.resize(gradients.size());
    for (size_t k = 0; k < gradients.size(); ++k) {
      if (!gradients[k].defined()) continue;
      part.gradients[k] = part.gradients[k].defined() ? part.gradients[k] + gradients[k] : gradients[k];
    }
    const double psnr = -10 * std::log10(std::max(error / num_predicted, 1e-9));
    part.sums += torch::tensor({loss.item<double>() * config_.batch_size, bits_y.item<double>() * scale, bits_z.item<double>() * scale,
                                error_bits.item<double>() * scale, key_bits / num_pixels, psnr}).to(torch::kFloat);
  }
  return part;
}

models::LatentTables VideoTask::count_tables(const CountOptions& options) {
  const torch::NoGradGuard no_grad;
  const int hyper_latents = network_->config().hyper_latents;
  TableCounts counts(models::kNumAnchors * hyper_latents);
  constexpr int kFrames = 4;
  for (int anchor = 0; anchor < models::kNumAnchors; ++anchor) {
    const int quality_step = anchor * 256;
    for (int i = 0; i < options.samples_per_anchor; ++i) {
      const torch::Tensor x = clips_->sample(kFirstCountStep - i, anchor, kFrames, options.crop_px).to(device_);
      double key_bits = 0;
      FrameMemory memory = code_key_frame(x.narrow(0, 0, 1), std::min(models::kMaxQualityStep, quality_step + kLastKeyGain / 2), key_bits);
      MotionField motion;
      for (int t = 1; t < kFrames; ++t) {
        FrameResult frame = code_frame(x.narrow(0, t, 1), memory, motion, quality_step);
        counts.add_residuals(frame.memory.residuals, frame.memory.indexes);
        counts.add_hyper(anchor * hyper_latents, frame.z_hat);
        memory = std::move(frame.memory);
        motion = std::move(frame.motion);
      }
    }
  }
  return counts.tables(network_->z_log_scales, network_->z_means, kSkipShare);
}

}  // namespace laconic::train
