#include "apps/train/video_task.h"

#include <ATen/Parallel.h>

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

// A sample of a batch on its way through an encoder.
struct Sample {
  FramePlanes clip;
  double step = 0;
  models::ResidualChooser chooser;
  models::MotionField motion;
  FramePlanes memory;            // the frame before as it came out
  FramePlanes reference, coded;  // of the frame at hand

  FramePlanes frame(int64_t t) const { return {clip.luma.narrow(0, t, 1), clip.chroma.narrow(0, t, 1)}; }

  void code_frame(int64_t t) {
    const FramePlanes now = frame(t);
    motion = models::search_motion(models::luma_of(now.luma), models::luma_of(memory.luma), step, motion, /*distance=*/1);
    reference = {models::compensate(memory.luma, motion), models::compensate(memory.chroma, motion)};
    coded = models::add_residual(reference, chooser.choose(now, reference, motion, step), step);
  }
};

// planes_of(sample) of all samples: [N, ...].
template <typename PlanesOf>
FramePlanes stacked(const std::vector<Sample>& samples, const torch::Device& device, const PlanesOf& planes_of) {
  std::vector<torch::Tensor> luma, chroma;
  for (const Sample& sample : samples) {
    const FramePlanes planes = planes_of(sample);
    luma.push_back(planes.luma);
    chroma.push_back(planes.chroma);
  }
  return {torch::cat(luma).to(device), torch::cat(chroma).to(device)};
}

// [N], as are those below.
torch::Tensor squared_error(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).square().mean({1, 2, 3}); }

torch::Tensor error_of(const FramePlanes& a, const FramePlanes& b) {
  return squared_error(a.luma, b.luma) + kChromaWeight * squared_error(a.chroma, b.chroma);
}

torch::Tensor psnr_of(const FramePlanes& a, const FramePlanes& b) {
  const auto psnr = [](const torch::Tensor& x, const torch::Tensor& y) { return 10 * torch::log10(255 * 255 / squared_error(x, y).clamp_min(1e-3)); };
  const auto plane = [](const FramePlanes& planes, int64_t c) { return planes.chroma.narrow(1, c, 1); };
  return (6 * psnr(a.luma, b.luma) + psnr(plane(a, 0), plane(b, 0)) + psnr(plane(a, 1), plane(b, 1))) / 8;
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
FramePlanes VideoTask::code_key_frames(const FramePlanes& planes, const torch::Tensor& quality_steps) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor steps = quality_steps.to(device_);
  const auto type = config_.bfloat16 ? torch::kBFloat16 : torch::kFloat;
  const torch::Tensor y = image_->network->analyse(to_rgb(planes, {}).to(device_), steps, type);
  return from_rgb(image_->network->synthesise(torch::round(y), steps, type).to(torch::kCPU), VideoFormat());
}

// What an encoder does for a sample runs on all threads that this one may use, the networks on all samples together.
PartResult VideoTask::run_part(int64_t begin, int64_t count) {
  const int num_predicted = config_.num_frames - 1;
  std::vector<Sample> samples(static_cast<size_t>(count));
  const auto for_each_sample = [&](const auto& work) {
    at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
      const torch::NoGradGuard no_grad;
      for (int64_t i = first; i < last; ++i) work(samples[static_cast<size_t>(i)], i);
    });
  };
  const torch::Tensor quality_steps = quality_steps_.narrow(0, begin, count);
  torch::Tensor steps = torch::empty({count}), key_steps = torch::empty({count});
  for_each_sample([&](Sample& sample, int64_t i) {
    sample.clip = clips_->sample(step_, begin + i, config_.num_frames, config_.crop_px);
    const int quality_step = quality_steps[i].item<int>(), key_gain = static_cast<int>((step_ * 7 + (begin + i) * 3) % 5) * kLastKeyGain / 4;
    sample.step = models::residual_step(quality_step);
    steps[i] = sample.step;
    key_steps[i] = std::min(models::kMaxQualityStep, quality_step + key_gain);
  });
  const FramePlanes keys = code_key_frames(stacked(samples, torch::kCPU, [](const Sample& sample) { return sample.frame(0); }), key_steps);
  for_each_sample([&](Sample& sample, int64_t i) { sample.memory = {keys.luma.narrow(0, i, 1), keys.chroma.narrow(0, i, 1)}; });
  steps = steps.to(device_);

  PartResult part;
  part.sums = torch::zeros({3}, device_);
  for (int t = 1; t <= num_predicted; ++t) {
    for_each_sample([&](Sample& sample, int64_t) { sample.code_frame(t); });
    const FramePlanes now = stacked(samples, device_, [&](const Sample& sample) { return sample.frame(t); });
    const FramePlanes coded = stacked(samples, device_, [](const Sample& sample) { return sample.coded; });
    const FramePlanes reference = stacked(samples, device_, [](const Sample& sample) { return sample.reference; });
    const FramePlanes filtered = filter_->forward(coded, reference, steps);
    const torch::Tensor before = error_of(coded, now), after = error_of(filtered, now);
    const torch::Tensor loss = (after / (before + kLeastError * steps.square())).sum() / static_cast<double>(num_predicted);
    const auto gradients = torch::autograd::grad({loss / static_cast<double>(config_.batch_size)}, filter_->parameters());
    if (part.gradients.empty()) part.gradients.resize(gradients.size());
    for (size_t k = 0; k < gradients.size(); ++k) part.gradients[k] = part.gradients[k].defined() ? part.gradients[k] + gradients[k] : gradients[k];

    const torch::NoGradGuard no_grad;
    part.sums += torch::stack({loss, psnr_of(coded, now).sum() / num_predicted, psnr_of(filtered, now).sum() / num_predicted});
    const torch::Tensor is_better = (after < before).to(torch::kCPU);
    const FramePlanes output = {filtered.luma.to(torch::kCPU), filtered.chroma.to(torch::kCPU)};
    for_each_sample([&](Sample& sample, int64_t i) {
      const bool filters = is_better[i].item<bool>();
      sample.memory = filters ? FramePlanes{output.luma.narrow(0, i, 1), output.chroma.narrow(0, i, 1)} : sample.coded;
    });
  }
  return part;
}

}  // namespace laconic::train
