// A .lac picture encoded again at another quality; ICC, Exif and XMP come along:  transcode in.lac out.lac 40
//
// Shows handles that free themselves, and errors as exceptions, over the C interface.
#include <laconic.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// std::unique_ptr of a handle, with the function that frees it.
template <auto kFree>
struct Freeing {
  template <typename Handle>
  void operator()(Handle* handle) const {
    kFree(handle);
  }
};
using Models = std::unique_ptr<laconic_models, Freeing<laconic_models_free>>;
using Model = std::unique_ptr<laconic_model, Freeing<laconic_model_free>>;
using Info = std::unique_ptr<laconic_info, Freeing<laconic_info_free>>;
using Decoder = std::unique_ptr<laconic_decoder, Freeing<laconic_decoder_free>>;
using Encoder = std::unique_ptr<laconic_encoder, Freeing<laconic_encoder_free>>;
using Picture = std::unique_ptr<laconic_image, Freeing<laconic_image_free>>;
using Stream = std::unique_ptr<laconic_buffer, Freeing<laconic_buffer_free>>;

void check(laconic_status status, const laconic_error& error) {
  if (status != LACONIC_OK) throw std::runtime_error(error.message);
}

// What a function makes: `make` is called with the last two arguments of all such functions, the place for the handle and for
// the error.
template <typename Owner, typename Make>
Owner made(Make make) {
  laconic_error error;
  typename Owner::pointer handle = nullptr;
  check(make(&handle, &error), error);
  return Owner(handle);
}

std::vector<std::uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const laconic_buffer* buffer) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(laconic_buffer_bytes(buffer)), static_cast<std::streamsize>(laconic_buffer_size(buffer)));
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

void transcode(const std::string& in, const std::string& out, float quality) {
  const std::vector<std::uint8_t> bytes = read_file(in);
  const auto info = made<Info>([&](auto** info, auto* error) { return laconic_info_read(bytes.data(), bytes.size(), info, error); });

  // The old stream needs the weights it names; the new one takes those that encode by default.
  const auto models = made<Models>([](auto** models, auto* error) { return laconic_models_open(nullptr, nullptr, models, error); });
  const auto model_of = [&](const char* id) {
    return made<Model>([&](auto** model, auto* error) { return laconic_models_image(models.get(), id, model, error); });
  };
  const Model old_model = model_of(laconic_info_model_id(info.get())), new_model = model_of(nullptr);

  const auto decoder = made<Decoder>([&](auto** d, auto* error) { return laconic_decoder_create(old_model.get(), d, error); });
  const auto picture = made<Picture>(
      [&](auto** p, auto* error) { return laconic_decoder_decode(decoder.get(), bytes.data(), bytes.size(), p, error); });
  const auto encoder = made<Encoder>([&](auto** e, auto* error) { return laconic_encoder_create(new_model.get(), e, error); });
  laconic_error error;
  check(laconic_encoder_set_quality(encoder.get(), quality, &error), error);
  const auto stream = made<Stream>([&](auto** s, auto* e) { return laconic_encoder_encode(encoder.get(), picture.get(), s, e); });
  write_file(out, stream.get());
  std::cout.precision(3);
  std::cout << bytes.size() << " bytes of quality " << laconic_info_quality(info.get()) << " became " << laconic_buffer_size(stream.get())
            << " of quality " << quality << "\n";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("usage: transcode IN.lac OUT.lac QUALITY");
  transcode(argv[1], argv[2], std::strtof(argv[3], nullptr));
} catch (const std::exception& exception) {
  std::cerr << "transcode: " << exception.what() << "\n";
  return 1;
}
