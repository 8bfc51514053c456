// Owners of the C interface's handles that all plugins work with.
#pragma once

#include <memory>

#include "codec/laconic.h"

namespace laconic::plugin {

template <auto kFree>
struct FreeWith {
  template <typename Handle>
  void operator()(Handle* handle) const {
    kFree(handle);
  }
};

using Model = std::unique_ptr<laconic_model, FreeWith<laconic_model_free>>;
using Decoder = std::unique_ptr<laconic_decoder, FreeWith<laconic_decoder_free>>;
using Picture = std::unique_ptr<laconic_image, FreeWith<laconic_image_free>>;
using PictureInfo = std::unique_ptr<laconic_info, FreeWith<laconic_info_free>>;

}  // namespace laconic::plugin
