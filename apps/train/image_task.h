// Training of the image network on patches of pictures.
#pragma once

#include "apps/train/gpu_replay.h"
#include "apps/train/patch_sampler.h"
#include "apps/train/task.h"
#include "apps/train/train_config.h"
#include "apps/train/trainer.h"
#include "models/image/network.h"

namespace laconic::train {

class ImageTask : public Task {
 public:
  // Starts from options.from_weights, or else from the principal components of the data.
  static Result<std::unique_ptr<ImageTask>> create(const TrainConfig& config, const TrainerOptions& options);

  std::shared_ptr<torch::nn::Module> network() override { return network_.ptr(); }
  double lr_scale(const std::string& parameter) const override;
  std::vector<std::string> columns() const override { return {"bpp_y", "bpp_z", "psnr"}; }
  void start(int64_t first_step) override;
  void draw_batch(int64_t step) override;
  PartResult run_part(int64_t begin, int64_t count) override;

  models::ImageNetwork image_network() { return network_; }
  const PatchSampler& sampler() const { return *sampler_; }

 private:
  struct Batch {
    torch::Tensor patches, steps;  // uint8 [N, 3, crop, crop], float [N]
    models::QuantisationNoise noise;
  };
  ImageTask(const TrainConfig& config, const std::string& device) : config_(config), device_(device) {}
  void start_from_data();
  PartResult gradients_of(const Batch& batch) const;

  const TrainConfig config_;
  const torch::Device device_;
  std::unique_ptr<PatchSampler> sampler_;
  std::unique_ptr<PrefetchingSampler> patches_;
  models::ImageNetwork network_{nullptr};
  Batch batch_;  // on a GPU always the same tensors, written in place
  GpuReplay replay_;
  PartResult recorded_;  // where replay_ leaves what it computes
};

// One quality step per sample, spread evenly over 0..2048 within the batch, so that no batch sees only one end.
torch::Tensor draw_quality_steps(int batch_size);

}  // namespace laconic::train
