// Training of the loop filter of films on clips: a key frame coded by the image model, then frames predicted, coded and filtered as an
// encoder does, each from the one before as it came out. Only the filter learns; gradients end at the frame.
#pragma once

#include "apps/train/clips.h"
#include "apps/train/task.h"
#include "apps/train/train_config.h"
#include "apps/train/trainer.h"
#include "models/image/weights.h"
#include "models/video/weights.h"

namespace laconic::train {

class VideoTask : public Task {
 public:
  // Needs options.image_weights.
  static Result<std::unique_ptr<VideoTask>> create(const TrainConfig& config, const TrainerOptions& options);

  std::shared_ptr<torch::nn::Module> network() override { return filter_.ptr(); }
  // PSNR of all samples (6:1:1), before the filter and after it.
  std::vector<std::string> columns() const override { return {"psnr_coded", "psnr_filtered"}; }
  void draw_batch(int64_t step) override;
  PartResult run_part(int64_t begin, int64_t count) override;

  models::LoopFilter filter() { return filter_; }
  const models::ImageWeights& image() const { return *image_; }
  size_t num_clips() const { return clips_->num_clips(); }

 private:
  VideoTask(const TrainConfig& config, const std::string& device) : config_(config), device_(device) {}
  // planes: one frame of each sample, [N, ...]. quality_steps: float32 [N].
  models::FramePlanes code_key_frames(const models::FramePlanes& planes, const torch::Tensor& quality_steps);

  const TrainConfig config_;
  const torch::Device device_;
  std::unique_ptr<ClipSampler> clips_;
  std::unique_ptr<models::ImageWeights> image_;
  models::LoopFilter filter_{nullptr};
  int64_t step_ = 0;
  torch::Tensor quality_steps_;  // [N]
};

}  // namespace laconic::train
