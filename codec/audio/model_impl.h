// What an AudioModel is made of, for the pipelines. Immutable after loading; shared by any number of threads.
#pragma once

#include <memory>

#include "codec/audio_codec.h"
#include "codec/image/coding_model.h"
#include "models/audio/lapped_transform.h"
#include "models/audio/weights.h"

namespace laconic {

static_assert(models::kHop == kAudioPacketSamples);

struct AudioModel::Impl {
  std::unique_ptr<models::AudioWeights> weights;
  torch::Device device{torch::kCPU};
  CodingTables tables;
  models::LappedTransform transform{};
  torch::Tensor perceptual_weights = models::perceptual_weights();  // [kBins], on the CPU

  // Modules have no const forward(); nothing in them changes when it runs.
  models::AudioNetwork network() const { return weights->network; }
  const models::AudioConfig& config() const { return weights->network->config(); }
};

}  // namespace laconic
