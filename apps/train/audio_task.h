// Training of the sound network on stretches of recordings. The lapped transform is fixed; what is learnt is the probability
// model, and what the synthesis makes of values that quantisation took away.
//
// Note [Loss of sound]
// The symbols are those an encoder chooses (as in video_task.h, Note [Loss of a predicted frame]): the loss is their bits, the
// squared error of the reconstruction in bits, and kEnvelopeBits for each factor of 10 by which the energy of a band in a packet
// is missed. The last is what makes the network fill with noise what is too weak to be coded, at the level it has (after log-mel
// losses). The expected energy of the noise counts as error too, but by kNoiseErrorShare only: heard, it is none. A packet's contexts are the symbols of the packets before, so
// the choice is made twice: with plain rounding, then, with the contexts that gives, for good.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/train/sound_sampler.h"
#include "apps/train/table_counts.h"
#include "apps/train/task.h"
#include "apps/train/train_config.h"
#include "apps/train/trainer.h"
#include "models/audio/lapped_transform.h"
#include "models/audio/weights.h"

namespace laconic::train {

constexpr double kEnvelopeBits = 8;
constexpr double kNoiseErrorShare = 0.25;

class AudioTask : public Task {
 public:
  // Starts from options.from_weights, with the tables of that file, or else from nothing, with Laplacian ones.
  static Result<std::unique_ptr<AudioTask>> create(const TrainConfig& config, const TrainerOptions& options);

  std::shared_ptr<torch::nn::Module> network() override { return network_.ptr(); }
  double lr_scale(const std::string& parameter) const override { return parameter.rfind("z_", 0) == 0 ? 10 : 1; }
  std::vector<std::string> columns() const override { return {"bits_y", "bits_z", "error_bits", "envelope", "snr"}; }
  void draw_batch(int64_t step) override;
  PartResult run_part(int64_t begin, int64_t count) override;

  models::AudioNetwork audio_network() { return network_; }
  size_t num_recordings() const { return sampler_->num_recordings(); }
  // Tables counted with the weights the network has now.
  models::LatentTables count_tables(int num_samples);

 private:
  struct Stretch;
  struct Estimate;
  AudioTask(const TrainConfig& config, const std::string& device) : config_(config), device_(device) {}
  Stretch make_stretch(int64_t step, int64_t sample) const;
  // z_noise: [N, Z, T, P], for the rate of z; undefined: that of what is coded.
  Estimate estimate(const std::vector<Stretch>& stretches, const torch::Tensor& z_noise);

  const TrainConfig config_;
  const torch::Device device_;
  const models::LappedTransform transform_;
  const torch::Tensor weights_ = models::perceptual_weights();
  std::unique_ptr<SoundSampler> sampler_;
  models::AudioNetwork network_{nullptr};
  torch::Tensor symbol_bits_;  // [64, 2 k + 1]
  int64_t step_ = 0;
  torch::Tensor z_noise_;      // [N, Z, T, P], -0.5..0.5
};

}  // namespace laconic::train
