// A codec behind the C interface for laconic_c_test: pixels travel as they are in the first section of a valid .lac
// stream. Certain inputs make it throw what LibTorch or the allocator may throw.
#include <algorithm>
#include <new>
#include <stdexcept>

#include "codec/format/image_stream.h"
#include "codec/image_codec.h"

namespace laconic {
namespace {

constexpr ModelId kModelId = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0};

// qualities and first samples that throw
void throw_for(int number) {
  if (number == 13) throw std::runtime_error("thirteen");
  if (number == 14) throw std::bad_alloc();
  if (number == 15) throw 15;
}

class RawEncoder : public ImageEncoder {
 public:
  explicit RawEncoder(const ImageEncoderOptions& options) : options_(options) {}

  Result<Bytes> encode(const Image& image) override {
    throw_for(static_cast<int>(options_.quality));
    if (static_cast<uint64_t>(image.width_px) * image.height_px > options_.limits.max_pixels) {
      return limit_exceeded("too many pixels");
    }
    if (options_.progress && !options_.progress(0.5)) return invalid_argument("cancelled");
    ImageStream stream;
    stream.header.width_px = static_cast<uint32_t>(image.width_px);
    stream.header.height_px = static_cast<uint32_t>(image.height_px);
    stream.header.set_flag(kFlagGrey, image.is_grey());
    stream.header.set_flag(kFlagAlpha, image.has_alpha());
    stream.header.set_flag(kFlag16Bit, image.bit_depth == 16);
    stream.header.model_id = kModelId;
    stream.header.quality_step = quality_step_of(options_.quality);
    stream.metadata = image.metadata;
    stream.colour_sections = {image.samples};
    stream.colour_sections[0].resize(image.samples.size() + kMinSectionBytes);
    if (image.has_alpha()) stream.alpha_sections = {{1, 2, 3}};
    return write_image_stream(stream);
  }
  Status set_quality(float quality) override {
    options_.quality = quality;
    return ok_status();
  }
  Status set_effort(int effort) override {
    options_.effort = effort;
    return ok_status();
  }
  std::vector<StageTime> stage_times() const override { return {}; }

 private:
  ImageEncoderOptions options_;
};

class RawDecoder : public ImageDecoder {
 public:
  explicit RawDecoder(const ImageDecoderOptions& options) : options_(options) {}

  Result<Image> decode(ByteSpan stream) override {
    damage_.clear();
    LACONIC_ASSIGN_OR_RETURN(const ImageStreamView view, parse_image_stream(stream, options_.limits));
    if (view.header.model_id != kModelId) return model_mismatch("other weights");
    if (options_.progress && !options_.progress(0.5)) return invalid_argument("cancelled");
    Image image;
    image.width_px = static_cast<int>(view.header.width_px);
    image.height_px = static_cast<int>(view.header.height_px);
    image.num_channels = view.header.num_channels();
    image.bit_depth = view.header.bit_depth();
    image.metadata = copy_metadata(view.metadata);
    image.samples.assign(view.colour_sections[0].begin(), view.colour_sections[0].begin() + image.size_bytes());
    throw_for(image.samples[0]);
    if (options_.conceal) damage_ = {"superblock 0 is damaged"};
    return image;
  }
  Result<Image> decode_region(ByteSpan stream, const Rect& region) override {
    LACONIC_ASSIGN_OR_RETURN(const Image whole, decode(stream));
    LACONIC_ASSIGN_OR_RETURN(const SuperblockGrid grid, SuperblockGrid::create(whole.width_px, whole.height_px));
    if (!grid.contains(region)) return invalid_argument("the region is not inside the picture");
    Image part = whole;
    part.width_px = region.width;
    part.height_px = region.height;
    part.samples.clear();
    const size_t pixel_bytes = whole.row_bytes() / whole.width_px;
    for (int row = region.y; row < region.y + region.height; ++row) {
      const uint8_t* const begin = whole.samples.data() + row * whole.row_bytes() + region.x * pixel_bytes;
      part.samples.insert(part.samples.end(), begin, begin + part.row_bytes());
    }
    return part;
  }
  Result<uint64_t> symbol_hash(ByteSpan) override { return unsupported("no symbols here"); }
  const std::vector<std::string>& damage() const override { return damage_; }
  std::vector<StageTime> stage_times() const override { return {}; }

 private:
  ImageDecoderOptions options_;
  std::vector<std::string> damage_;
};

}  // namespace

struct ImageModel::Impl {};
ImageModel::ImageModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImageModel::~ImageModel() = default;
std::string ImageModel::id() const { return model_id_to_hex(kModelId); }
std::string ImageModel::record_json() const { return "{}"; }

Result<std::shared_ptr<const ImageModel>> ImageModel::load(const std::string& path, const ImageModelOptions& options) {
  if (path == "missing") return model_mismatch(std::string("no weights at '") + path + "'");
  if (path == "long") return model_mismatch(std::string(2000, 'x'));
  if (path == "throws") throw std::runtime_error("thrown while loading");
  if (options.device != "cpu") return unsupported("device '" + options.device + "'");
  return std::shared_ptr<const ImageModel>(std::make_shared<ImageModel>(std::make_unique<Impl>()));
}

Result<std::unique_ptr<ImageEncoder>> ImageEncoder::create(std::shared_ptr<const ImageModel>,
                                                           const ImageEncoderOptions& options) {
  return std::unique_ptr<ImageEncoder>(std::make_unique<RawEncoder>(options));
}

Result<std::unique_ptr<ImageDecoder>> ImageDecoder::create(std::shared_ptr<const ImageModel>,
                                                           const ImageDecoderOptions& options) {
  return std::unique_ptr<ImageDecoder>(std::make_unique<RawDecoder>(options));
}

}  // namespace laconic
