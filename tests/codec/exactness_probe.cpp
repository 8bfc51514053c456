// One setting of the exactness test in a process of its own:
//   exactness_probe WEIGHTS THREADS ONEDNN DEVICE TWIN encode|decode FILE...
// ONEDNN: 0 or 1; TWIN: exact, or float for the scale networks' float twins (which must not be exact).
// encode: FILE.png -> FILE.png.lac; decode: prints one line of symbol hash per FILE and writes FILE.ppm.
#include <torch/torch.h>

#include <cstdio>
#include <string>

#include "codec/image/model_impl.h"
#include "codec/image_codec.h"
#include "codec/media/atomic_file.h"
#include "codec/media/image_file.h"

namespace {

using namespace laconic;

void use_float_twins(const ImageModel& model) {
  models::ImageWeights& weights = *model.impl().weights;
  weights.network->scale_context->set_integers(weights.scale_networks);
  torch::NoGradGuard no_grad;
  for (auto& [name, convolution] : weights.network->scale_context->convolutions()) {
    convolution->set_float_twin(true);
    // Stored weights have 7 bits, so that even their float sums are often exact; trained float weights have 24.
    convolution->weight.mul_(1.001);
  }
  weights.scale_networks = weights.network->scale_context->prepare();
}

Status encode(const std::shared_ptr<const ImageModel>& model, int num_threads, const std::string& path) {
  ImageEncoderOptions options;
  options.num_threads = num_threads;
  options.effort = 0;
  LACONIC_ASSIGN_OR_RETURN(auto encoder, ImageEncoder::create(model, options));
  LACONIC_ASSIGN_OR_RETURN(const Image image, read_image(path, {}));
  LACONIC_ASSIGN_OR_RETURN(const Bytes stream, encoder->encode(image));
  return write_file_atomically(path + ".lac", stream);
}

Status decode(const std::shared_ptr<const ImageModel>& model, int num_threads, const std::string& path) {
  ImageDecoderOptions options;
  options.num_threads = num_threads;
  LACONIC_ASSIGN_OR_RETURN(auto decoder, ImageDecoder::create(model, options));
  LACONIC_ASSIGN_OR_RETURN(const Bytes stream, read_file(path, uint64_t{1} << 30));
  const auto hash = decoder->symbol_hash(stream);
  if (!hash.ok()) {
    std::printf("%s\n", hash.status().message().c_str());
    return ok_status();
  }
  std::printf("%016llx\n", static_cast<unsigned long long>(*hash));
  LACONIC_ASSIGN_OR_RETURN(const Image image, decoder->decode(stream));
  return write_image(image, path + ".ppm", {});
}

Status run(int argc, char** argv) {
  if (argc < 8) return invalid_argument("too few arguments");
  const int num_threads = std::atoi(argv[2]);
  at::globalContext().setUserEnabledMkldnn(std::string(argv[3]) == "1");
  LACONIC_ASSIGN_OR_RETURN(const auto model, ImageModel::load(argv[1], {argv[4]}));
  if (std::string(argv[5]) == "float") use_float_twins(*model);
  const bool encodes = std::string(argv[6]) == "encode";
  for (int i = 7; i < argc; ++i) {
    LACONIC_RETURN_IF_ERROR(encodes ? encode(model, num_threads, argv[i]) : decode(model, num_threads, argv[i]));
  }
  return ok_status();
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "exactness_probe: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
