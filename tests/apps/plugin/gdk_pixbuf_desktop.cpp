#include "tests/apps/plugin/gdk_pixbuf_desktop.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace laconic::gdk_pixbuf {
namespace {

namespace fs = std::filesystem;

fs::path desktop_folder() { return fs::temp_directory_path() / ("laconic-desktop." + std::to_string(::getpid())); }

// As gdk-pixbuf-query-loaders prints it, which a test compares.
void write_loaders_cache(const fs::path& path) {
  std::ofstream(path) << "\"" LACONIC_GDK_PIXBUF_LOADER "\"\n"
                      << "\"laconic\" 4 \"gdk-pixbuf\" \"Laconic\" \"Apache-2.0\"\n"
                      << "\"image/x-laconic\" \"\"\n\"lac\" \"\"\n\"\\261LAC\" \"\" 100\n\n";
}

Opened opened(Pixbuf pixbuf, GError* error) {
  Opened result;
  if (error != nullptr) {
    EXPECT_EQ(error->domain, GDK_PIXBUF_ERROR) << error->message;
    result.message = error->message;
    result.code = error->code;
    g_error_free(error);
  }
  EXPECT_NE(pixbuf == nullptr, result.message.empty());
  result.pixbuf = std::move(pixbuf);
  return result;
}

// Of the collection that the tests keep, apart from the loader's.
Model default_model() {
  static const Models models = [] {
    laconic_models* opened = nullptr;
    laconic_models_open(nullptr, nullptr, &opened, nullptr);
    return Models(opened);
  }();
  laconic_error error;
  laconic_model* model = nullptr;
  laconic_models_image(models.get(), nullptr, &model, &error);
  EXPECT_NE(model, nullptr) << error.message;
  return Model(model);
}

}  // namespace

void Desktop::SetUpTestSuite() {
  const fs::path folder = desktop_folder();
  fs::create_directories(folder / "share/mime/packages");
  fs::copy_file(LACONIC_MIME_FILE, folder / "share/mime/packages/laconic.xml", fs::copy_options::overwrite_existing);
  setenv("XDG_DATA_HOME", (folder / "share").c_str(), 1);
  ASSERT_EQ(run("update-mime-database " + (folder / "share/mime").string()).first, 0);
  write_loaders_cache(folder / "loaders.cache");
  setenv("GDK_PIXBUF_MODULE_FILE", (folder / "loaders.cache").c_str(), 1);
  fs::copy(LACONIC_WEIGHTS_DIR, folder / "weights", fs::copy_options::recursive);
  setenv("LACONIC_MODEL", weights_folder().c_str(), 1);
}

void Desktop::TearDownTestSuite() { fs::remove_all(desktop_folder()); }

void Desktop::SetUp() {
  if (fs::is_empty(weights_folder())) GTEST_SKIP() << "no weights in data/weights";
}

std::string Desktop::path(const std::string& name) { return (desktop_folder() / name).string(); }

void Desktop::write(const std::string& name, const Bytes& bytes) {
  std::ofstream file(path(name), std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::string Desktop::weights_folder() { return (desktop_folder() / "weights").string(); }

Picture Desktop::draw(int width_px, int height_px, int num_channels, int bit_depth) {
  std::vector<uint16_t> samples;
  for (int y = 0; y < height_px; ++y) {
    for (int x = 0; x < width_px; ++x) {
      for (int c = 0; c < num_channels; ++c) {
        const bool is_alpha = num_channels % 2 == 0 && c == num_channels - 1;
        const double colour = 0.5 + 0.4 * std::sin(0.1 * (x + c * 11)) * std::cos(0.07 * y);
        const double wave = is_alpha ? 0.5 + 0.5 * x / width_px : colour;
        samples.push_back(static_cast<uint16_t>(std::lround(wave * (bit_depth == 16 ? 65535 : 255))));
      }
    }
  }
  const Bytes low(samples.begin(), samples.end());
  laconic_image* picture = nullptr;
  laconic_error error;
  const void* const pixels = bit_depth == 16 ? static_cast<const void*>(samples.data()) : low.data();
  laconic_image_from_pixels(pixels, width_px, height_px, num_channels, bit_depth, 0, &picture, &error);
  EXPECT_NE(picture, nullptr) << error.message;
  return Picture(picture);
}

Bytes Desktop::encode(const laconic_image* picture) {
  laconic_error error;
  const Model model = default_model();
  laconic_encoder* encoder = nullptr;
  laconic_encoder_create(model.get(), &encoder, &error);
  const Encoder owned_encoder(encoder);
  laconic_encoder_set_effort(encoder, 0, nullptr);
  laconic_buffer* stream = nullptr;
  laconic_encoder_encode(encoder, picture, &stream, &error);
  EXPECT_NE(stream, nullptr) << error.message;
  const Buffer buffer(stream);
  return Bytes(laconic_buffer_bytes(stream), laconic_buffer_bytes(stream) + laconic_buffer_size(stream));
}

Picture Desktop::decode(const Bytes& stream) {
  laconic_error error;
  const Model model = default_model();
  laconic_decoder* decoder = nullptr;
  laconic_decoder_create(model.get(), &decoder, &error);
  const Decoder owned_decoder(decoder);
  laconic_image* picture = nullptr;
  laconic_decoder_decode(decoder, stream.data(), stream.size(), &picture, &error);
  EXPECT_NE(picture, nullptr) << error.message;
  return Picture(picture);
}

Opened Desktop::open(const std::string& name) {
  GError* error = nullptr;
  Pixbuf pixbuf(gdk_pixbuf_new_from_file(path(name).c_str(), &error));
  return opened(std::move(pixbuf), error);
}

Opened Desktop::load(const Bytes& stream, size_t piece_bytes) {
  GError* error = nullptr;
  GdkPixbufLoader* const loader = gdk_pixbuf_loader_new_with_type("laconic", &error);
  bool is_fine = loader != nullptr;
  for (size_t offset = 0; is_fine && offset < stream.size(); offset += piece_bytes) {
    is_fine = gdk_pixbuf_loader_write(loader, stream.data() + offset, std::min(piece_bytes, stream.size() - offset), &error);
  }
  // After a failure the loader is closed already, or must be without another error.
  if (loader != nullptr) gdk_pixbuf_loader_close(loader, is_fine ? &error : nullptr);
  GdkPixbuf* const pixbuf = loader != nullptr ? gdk_pixbuf_loader_get_pixbuf(loader) : nullptr;
  Opened result = opened(Pixbuf(pixbuf != nullptr ? GDK_PIXBUF(g_object_ref(pixbuf)) : nullptr), error);
  if (loader != nullptr) g_object_unref(loader);
  return result;
}

std::pair<int, std::string> run(const std::string& command) {
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, ""};
  std::string output;
  char piece[4096];
  for (size_t size; (size = std::fread(piece, 1, sizeof(piece), pipe)) > 0;) output.append(piece, size);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), output};
}

}  // namespace laconic::gdk_pixbuf
