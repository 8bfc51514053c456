// Training of the video network on clips: a key frame as the image model codes it, then frames each predicted from the one
// before as it was reconstructed. The transforms stay as they are; what is learnt is the latent model and the temporal features.
//
// Note [Loss of a predicted frame]
// The symbols are those an encoder chooses: r minimises J = bits + curvature * (d - mu - r)^2, the rate plus what the error
// is worth. As r is the best for the networks as they are, the gradient of J at fixed r is that of the minimum itself: no
// noise and no straight-through rounding are needed, and rates near zero, where noise would dominate, come out right.
#pragma once

#include "apps/train/clips.h"
#include "apps/train/table_counts.h"
#include "apps/train/task.h"
#include "apps/train/train_config.h"
#include "apps/train/trainer.h"
#include "models/video/weights.h"

namespace laconic::train {

class VideoTask : public Task {
 public:
  // Needs options.image_weights; starts from options.from_weights, or else from the image model's own latent model.
  static Result<std::unique_ptr<VideoTask>> create(const TrainConfig& config, const TrainerOptions& options);

  std::shared_ptr<torch::nn::Module> network() override { return network_.ptr(); }
  // The prior of z starts as wide as nothing known; its 2 numbers a channel may learn fast.
  double lr_scale(const std::string& parameter) const override { return parameter.rfind("z_", 0) == 0 ? 10 : 1; }
  std::vector<std::string> columns() const override { return {"bpp_y", "bpp_z", "error_bpp", "key_bpp", "psnr"}; }
  void draw_batch(int64_t step) override;
  PartResult run_part(int64_t begin, int64_t count) override;

  models::VideoNetwork video_network() { return network_; }
  const models::ImageWeights& image() const { return *image_; }
  size_t num_clips() const { return clips_->num_clips(); }
  // Tables counted with the weights the network has now.
  models::LatentTables count_tables(const CountOptions& options);

 private:
  struct FrameResult;
  VideoTask(const TrainConfig& config, const std::string& device) : config_(config), device_(device) {}
  models::FrameMemory code_key_frame(const torch::Tensor& x, int quality_step, double& bits);
  FrameResult code_frame(const torch::Tensor& x, const models::FrameMemory& before, const models::MotionField& last_motion, int quality_step);
  torch::ScalarType transform_type() const { return config_.bfloat16 ? torch::kBFloat16 : torch::kFloat; }

  const TrainConfig config_;
  const torch::Device device_;
  std::unique_ptr<ClipSampler> clips_;
  std::unique_ptr<models::ImageWeights> image_;
  models::VideoNetwork network_{nullptr};
  torch::Tensor symbol_bits_;  // [64, 2 k + 1]: of a Gaussian at each scale index
  int64_t step_ = 0;
  torch::Tensor quality_steps_;  // [N]
};

}  // namespace laconic::train
