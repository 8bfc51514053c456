// Whole image decode: whatever the bytes, a picture or a clear error, in bounded memory and time. The first byte decides how:
// bit 0 conceal, bit 1 region, bit 2 symbols, bit 3: the bytes are a section's payload, so that mutations get past the checks.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "codec/image/model_impl.h"
#include "codec/image/superblock_coder.h"
#include "codec/image_codec.h"

namespace {

std::shared_ptr<const laconic::ImageModel> model() {
  static const auto loaded = laconic::ImageModel::load(LACONIC_GOLDEN_WEIGHTS, {});
  if (!loaded.ok()) {
    std::fprintf(stderr, "%s\n", loaded.status().message().c_str());
    std::abort();
  }
  return *loaded;
}

void expect_external(const laconic::Status& status) {
  if (status.code() != laconic::StatusCode::kInternal) return;
  std::fprintf(stderr, "internal error: %s\n", status.message().c_str());
  std::abort();  // our own mistake: a finding
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const laconic::Bytes stream(data + 1, data + size);  // of exact size, so that reading beyond it is seen
  if (data[0] & 8) {
    std::vector<laconic::Status> damage;
    const int height = 1 + data[0] / 64, width = 1 + data[0] / 16 % 4;
    expect_external(laconic::decode_superblocks(model()->impl().coding(), {stream}, height, width, 8 * data[0], laconic::DecodeWhat::kLatents, 4, damage).status());
    return 0;
  }
  laconic::ImageDecoderOptions options;
  options.conceal = data[0] & 1;
  options.num_threads = 1;
  options.limits.max_pixels = 1 << 18;
  const auto decoder = std::move(*laconic::ImageDecoder::create(model(), options));
  if (data[0] & 2) expect_external(decoder->decode_region(stream, {1, 1, 3, 3}).status());
  else if (data[0] & 4) expect_external(decoder->symbol_hash(stream).status());
  else expect_external(decoder->decode(stream).status());
  return 0;
}
