// A desktop as gdk-pixbuf sees it, in a folder of its own: our loader and our MIME type are registered, nothing else changes.
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "apps/plugin/gdk-pixbuf/handles.h"
#include "codec/base/span.h"

namespace laconic::gdk_pixbuf {

using Encoder = std::unique_ptr<laconic_encoder, FreeWith<laconic_encoder_free>>;
using Models = std::unique_ptr<laconic_models, FreeWith<laconic_models_free>>;
using Buffer = std::unique_ptr<laconic_buffer, FreeWith<laconic_buffer_free>>;

// What gdk-pixbuf gave: a picture or an error, never both.
struct Opened {
  Pixbuf pixbuf;
  std::string message;  // empty: no error
  int code = -1;        // of GdkPixbufError
};

class Desktop : public testing::Test {
 protected:
  // The environment is set before gdk-pixbuf is first called: it looks once.
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  // Skips where data/weights is empty.
  void SetUp() override;

  static std::string path(const std::string& name);  // in the folder
  static void write(const std::string& name, const Bytes& bytes);
  // The weights that the loader finds: a copy of data/weights, named by $LACONIC_MODEL.
  static std::string weights_folder();

  // A drawn picture, encoded with the default weights. num_channels, bit_depth: as for laconic_image_from_pixels.
  static Picture draw(int width_px, int height_px, int num_channels, int bit_depth);
  static Bytes encode(const laconic_image* picture);
  static Picture decode(const Bytes& stream);

  static Opened open(const std::string& name);
  // In pieces of `piece_bytes`, through GdkPixbufLoader and always by our module.
  static Opened load(const Bytes& stream, size_t piece_bytes);
};

// Exit status and all that was printed.
std::pair<int, std::string> run(const std::string& command);

}  // namespace laconic::gdk_pixbuf
