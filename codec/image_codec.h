// Still pictures, there and back:
//
//   auto model = ImageModel::load(path, {});
//   auto encoder = ImageEncoder::create(*model, {});      auto decoder = ImageDecoder::create(*model, {});
//   Result<Bytes> lac = encoder->encode(image);           Result<Image> image = decoder->decode(*lac);
//
// Every method reports through Status; no exception leaves. Objects of these classes may be used by one thread at a time;
// an ImageModel may be shared by any number of encoders and decoders on any threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"

namespace laconic {

// Called with work done so far, 0..1; return false to cancel (the call then returns kInvalidArgument "cancelled").
using Progress = std::function<bool(double done)>;

// Seconds spent in one stage, for --verbose.
struct StageTime {
  std::string stage;  // "analysis", "entropy networks", "range coder", "synthesis", ...
  double seconds = 0;
};

struct ImageModelOptions {
  std::string device = "cpu";  // "cpu" or "cuda"
};

// Weights and the networks made from them. Wrong or damaged files give kModelMismatch.
class ImageModel {
 public:
  static Result<std::shared_ptr<const ImageModel>> load(const std::string& path, const ImageModelOptions& options);

  // First 8 bytes of the SHA-256 of the weights file, as 16 hex digits.
  std::string id() const;
  // Training record and architecture of the weights file: pretty-printed JSON.
  std::string record_json() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }
  explicit ImageModel(std::unique_ptr<Impl> impl);
  ~ImageModel();

 private:
  std::unique_ptr<Impl> impl_;
};

struct ImageEncoderOptions {
  float quality = 60;   // 0..100, higher is better; continuous, kept in steps of 100/2048
  int effort = 3;       // 0..9: 0 one pass, then more and more search for better latents; decoders never notice
  int num_threads = 0;  // 0 = one per core
  Limits limits;        // refuses larger inputs
  Progress progress;    // may be empty
};

class ImageEncoder {
 public:
  static Result<std::unique_ptr<ImageEncoder>> create(std::shared_ptr<const ImageModel> model,
                                                      const ImageEncoderOptions& options);
  virtual ~ImageEncoder() = default;

  // image: 1..4 channels, 8 or 16 bits, at least 1x1. The bytes are a whole .lac file (FORMAT.md).
  virtual Result<Bytes> encode(const Image& image) = 0;
  // For a search over qualities: as in ImageEncoderOptions, for the next encode().
  virtual Status set_quality(float quality) = 0;
  virtual Status set_effort(int effort) = 0;
  // Of the last encode().
  virtual std::vector<StageTime> stage_times() const = 0;
};

struct ImageDecoderOptions {
  int num_threads = 0;   // 0 = one per core
  Limits limits;         // refuses larger pictures before anything is allocated for them
  Progress progress;     // may be empty
  int num_slices = 4;    // 1..4: fewer give a preview from the first slices of every superblock, sooner
  bool conceal = false;  // damaged superblocks become grey, with their place in damage(), instead of an error
};

// What the header of a .lac file says; needs no model.
struct ImageStreamInfo {
  int width_px = 0;
  int height_px = 0;
  int num_channels = 0;
  int bit_depth = 0;
  double quality = 0;  // 0..100
  std::string model_id;
  int format_version = 0;
  int num_superblocks = 0;
  uint64_t header_bytes = 0;    // with metadata blocks and section table
  uint64_t icc_bytes = 0, exif_bytes = 0, xmp_bytes = 0;
  uint64_t colour_bytes = 0;    // sections of the colour (or grey) planes
  uint64_t alpha_bytes = 0;
  uint64_t stream_bytes = 0;
};

Result<ImageStreamInfo> read_image_info(ByteSpan stream, const Limits& limits);

class ImageDecoder {
 public:
  static Result<std::unique_ptr<ImageDecoder>> create(std::shared_ptr<const ImageModel> model,
                                                      const ImageDecoderOptions& options);
  virtual ~ImageDecoder() = default;

  virtual Result<Image> decode(ByteSpan stream) = 0;
  // Only the superblocks that the region's pixels depend on are read; metadata comes along.
  virtual Result<Image> decode_region(ByteSpan stream, const Rect& region) = 0;
  // One hash over all decoded symbols, in the order of FORMAT.md 11: equal on every machine.
  virtual Result<uint64_t> symbol_hash(ByteSpan stream) = 0;
  // After decode() with conceal: one sentence for each damaged superblock; empty if there was none.
  virtual const std::vector<std::string>& damage() const = 0;
  virtual std::vector<StageTime> stage_times() const = 0;
};

}  // namespace laconic
