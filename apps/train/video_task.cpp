#include "apps/train/video_task.h"

#include <cmath>

#include "apps/train/image_task.h"
#include "codec/video/frame_planes.h"
#include "models/video/motion_search.h"
#include "models/video/residual_choice.h"

namespace laconic::train {
namespace {

using models::FramePlanes;

constexpr int kLastKeyGain = 512;  // key frames are coded with up to so many quality steps more than the frames after them
constexpr double kChromaWeight = 0.5;  // of the two planes together, where luma has 1
// The loss of a frame is the error that the filter leaves, to that before it. What hardly has any shall not outweigh the others: errors
// count from about this part of the step's square on.
constexpr double kLeastError = 0.01;

FramePlanes frame_of(const FramePlanes& clip, int64_t t) { return {clip.luma.narrow(0, t, 1), clip.chroma.narrow(0, t, 1)}; }

torch::Tensor error_of(const FramePlanes& a, const FramePlanes& b) {
  return (a.luma - b.luma).square().mean() + kChromaWeight * (a.chroma - b.chroma).square().mean();
}

double psnr_of(const FramePlanes& a, const FramePlanes& b) {
  const auto psnr = [](const torch::Tensor& x, const torch::Tensor& y) {
    return 10 * std::log10(255 * 255 / std::max(1e-3, (x - y).square().mean().item<double>()));
  };
  return (6 * psnr(a.luma, b.luma) + psnr(a.chroma.narrow(1, 0, 1), b.chroma.narrow(1, 0, 1)) + psnr(a.chroma.narrow(1, 1, 1), b.chroma.narrow(1, 1, 1))) / 8;
}

}  // namespace

Result<std::unique_ptr<VideoTask>> VideoTask::create(const TrainConfig& config, const TrainerOptions& options) {
  if (options.device != "cpu" && !torch::cuda::is_available()) return unsupported("no CUDA device is available");
  if (options.image_weights.empty()) return invalid_argument("training on films needs --image, the weights of the image model");
  LACONIC_ASSIGN_OR_RETURN(std::vector<Clip> clips, open_clips(options.data_dir));
  std::unique_ptr<VideoTask> task(new VideoTask(config, options.device));
  task->clips_ = std::make_unique<ClipSampler>(std::move(clips), config.seed);
  LACONIC_ASSIGN_OR_RETURN(task->image_, models::load_weights(options.image_weights, options.device));
  torch::manual_seed(config.seed);
  task->filter_ = models::LoopFilter(config.video_network.value_or(models::LoopFilterConfig()));
  if (!options.from_weights.empty()) LACONIC_RETURN_IF_ERROR(models::load_trainable_video(options.from_weights, task->filter_));
  task->filter_->to(task->device_);
  return task;
}

void VideoTask::draw_batch(int64_t step) {
  step_ = step;
  quality_steps_ = draw_quality_steps(config_.batch_size);
}

// Near enough to what an encoder makes of it: rounded without means.
FramePlanes VideoTask::code_key_frame(const FramePlanes& planes, int quality_step) {
  const torch::Tensor steps = torch::full({1}, quality_step, torch::TensorOptions().dtype(torch::kFloat).device(device_));
  const auto type = config_.bfloat16 ? torch::kBFloat16 : torch::kFloat;
  const torch::Tensor y = image_->network->analyse(to_rgb(planes, {}).to(device_), steps, type);
  return from_rgb(image_->network->synthesise(torch::round(y), steps, type).to(torch::kCPU), VideoFormat());
}

PartResult VideoTask::run_part(int64_t begin, int64_t count) {
  const int num_predicted = config_.num_frames - 1;
  PartResult part;
  part.sums = torch::zeros({3});
  for (int64_t i = begin; i < begin + count; ++i) {
    const FramePlanes clip = clips_->sample(step_, i, config_.num_frames, config_.crop_px);
    const int quality_step = quality_steps_[i].item<int>();
    const double step = models::residual_step(quality_step);
    models::ResidualChooser chooser;
    models::MotionField motion;
    FramePlanes memory;
    {
      const torch::NoGradGuard no_grad;
      memory = code_key_frame(frame_of(clip, 0), std::min(models::kMaxQualityStep, quality_step + static_cast<int>((step_ * 7 + i * 3) % 5) * kLastKeyGain / 4));
    }
    for (int t = 1; t <= num_predicted; ++t) {
      const FramePlanes now = frame_of(clip, t);
      FramePlanes reference, coded;
      {
        const torch::NoGradGuard no_grad;
        motion = models::search_motion(models::luma_of(now.luma), models::luma_of(memory.luma), step, motion);
        reference = {models::compensate(memory.luma, motion), models::compensate(memory.chroma, motion)};
        coded = models::add_residual(reference, chooser.choose(now, reference, motion, step), step);
      }
      const auto there = [&](const FramePlanes& planes) { return FramePlanes{planes.luma.to(device_), planes.chroma.to(device_)}; };
      const FramePlanes filtered = filter_->forward(there(coded), there(reference), step);
      const torch::Tensor before = error_of(coded, now), after = error_of(filtered, there(now));
      const torch::Tensor loss = after / (before.item<double>() + kLeastError * step * step) / static_cast<double>(config_.batch_size * num_predicted);
      const auto gradients = torch::autograd::grad({loss}, filter_->parameters());
      if (part.gradients.empty()) part.gradients.resize(gradients.size());
      for (size_t k = 0; k < gradients.size(); ++k) part.gradients[k] = part.gradients[k].defined() ? part.gradients[k] + gradients[k] : gradients[k];

      const torch::NoGradGuard no_grad;
      const FramePlanes output = {filtered.luma.detach().to(torch::kCPU), filtered.chroma.detach().to(torch::kCPU)};
      part.sums += torch::tensor({loss.item<double>() * config_.batch_size, psnr_of(coded, now) / num_predicted, psnr_of(output, now) / num_predicted}).to(torch::kFloat);
      memory = after.item<double>() < before.item<double>() ? output : coded;
    }
  }
  return part;
}

}  // namespace laconic::train
