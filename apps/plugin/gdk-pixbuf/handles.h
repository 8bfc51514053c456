// Owners of the C handles that this folder works with.
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

#include <memory>

#include "codec/laconic.h"

namespace laconic::gdk_pixbuf {

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
using StreamInfo = std::unique_ptr<laconic_info, FreeWith<laconic_info_free>>;
using Pixbuf = std::unique_ptr<GdkPixbuf, FreeWith<g_object_unref>>;
using Text = std::unique_ptr<gchar, FreeWith<g_free>>;

}  // namespace laconic::gdk_pixbuf
