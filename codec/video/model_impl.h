// What a VideoModel is made of, for the pipelines. Immutable after loading; shared by any number of threads.
#pragma once

#include <memory>

#include "codec/image/model_impl.h"
#include "codec/video_codec.h"
#include "models/video/weights.h"

namespace laconic {

struct VideoModel::Impl {
  std::shared_ptr<const ImageModel> image;
  std::unique_ptr<models::VideoWeights> weights;

  const torch::Device& device() const { return image->impl().device; }
  models::ImageNetwork image_network() const { return image->impl().network(); }
  CodingModel key_coding() const { return image->impl().coding(); }
};

}  // namespace laconic
