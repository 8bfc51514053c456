// The C interface over image_codec.h: translates handles, statuses and exceptions, and nothing else.
#include <cstring>
#include <memory>
#include <string>

#include "codec/base/checked.h"
#include "codec/c/handles.h"
#include "codec/image_codec.h"

#define LACONIC_STRINGIFY_INNER(x) #x
#define LACONIC_STRINGIFY(x) LACONIC_STRINGIFY_INNER(x)

struct laconic_image {
  laconic::Image image;
};

struct laconic_buffer {
  laconic::Bytes bytes;
};

struct laconic_info {
  laconic::ImageStreamInfo info;
};

// Options of the C++ classes are fixed at creation, settings of the C handles are not: a handle keeps the options and
// makes the object when it is first needed, and again after a change.
struct laconic_encoder {
  std::shared_ptr<const laconic::ImageModel> model;
  laconic::ImageEncoderOptions options;
  std::unique_ptr<laconic::ImageEncoder> encoder;
};

struct laconic_decoder {
  std::shared_ptr<const laconic::ImageModel> model;
  laconic::ImageDecoderOptions options;
  std::unique_ptr<laconic::ImageDecoder> decoder;
};

namespace {

using laconic::ByteSpan;
using laconic::Image;
using laconic::invalid_argument;
using laconic::ok_status;
using laconic::Status;
using laconic::StatusCode;
using laconic::c::c_status;
using laconic::c::guarded;
using laconic::c::guarded_making;
using laconic::c::null_argument;
using laconic::c::set_threads;

// Applies a change to the options; the object is made anew from them when needed. `change` returns Status.
template <typename Handle, typename Object, typename Change>
laconic_status change_options(Handle* handle, std::unique_ptr<Object> Handle::*object, laconic_error* error,
                              Change change) noexcept {
  return guarded(error, [&]() -> Status {
    if (handle == nullptr) return null_argument("the handle");
    LACONIC_RETURN_IF_ERROR(change(handle->options));
    (handle->*object).reset();
    return ok_status();
  });
}

template <typename Options>
Status set_limits(Options& options, uint64_t max_pixels, uint32_t max_dimension_px) {
  const laconic::Limits defaults;
  options.limits.max_pixels = max_pixels != 0 ? max_pixels : defaults.max_pixels;
  options.limits.max_dimension_px = max_dimension_px != 0 ? max_dimension_px : defaults.max_dimension_px;
  return ok_status();
}

template <typename Options>
Status set_progress(Options& options, laconic_progress progress, void* user) {
  options.progress = nullptr;
  if (progress != nullptr) options.progress = [progress, user](double done) { return progress(done, user) != 0; };
  return ok_status();
}

laconic::Bytes* metadata_block(laconic::ImageMetadata& metadata, laconic_metadata kind) {
  switch (kind) {
    case LACONIC_METADATA_ICC:
      return &metadata.icc;
    case LACONIC_METADATA_EXIF:
      return &metadata.exif;
    case LACONIC_METADATA_XMP:
      return &metadata.xmp;
  }
  return nullptr;
}

// Everything about the new image but its samples.
Status check_pixels(const void* pixels, const Image& image, size_t stride_bytes) {
  if (pixels == nullptr) return null_argument("pixels");
  if (image.width_px < 1 || image.height_px < 1) {
    return invalid_argument("picture of " + std::to_string(image.width_px) + " x " + std::to_string(image.height_px) +
                            " pixels, allowed is 1 x 1 or more");
  }
  if (image.num_channels < 1 || image.num_channels > 4) {
    return invalid_argument("num_channels is " + std::to_string(image.num_channels) + ", allowed are 1..4");
  }
  if (image.bit_depth != 8 && image.bit_depth != 16) {
    return invalid_argument("bit_depth is " + std::to_string(image.bit_depth) + ", allowed are 8 and 16");
  }
  if (stride_bytes != 0 && stride_bytes < image.row_bytes()) {
    return invalid_argument("stride_bytes is " + std::to_string(stride_bytes) + ", a row has " +
                            std::to_string(image.row_bytes()));
  }
  const uint64_t stride = stride_bytes != 0 ? stride_bytes : image.row_bytes();
  const auto extent = laconic::checked_mul(stride, static_cast<uint64_t>(image.height_px));
  if (!extent || *extent > static_cast<uint64_t>(PTRDIFF_MAX))
    return invalid_argument("the picture is larger than memory");
  return ok_status();
}

Status copy_pixels(const void* pixels, size_t stride_bytes, Image& image) {
  LACONIC_RETURN_IF_ERROR(check_pixels(pixels, image, stride_bytes));
  const size_t row_bytes = image.row_bytes();
  const size_t stride = stride_bytes != 0 ? stride_bytes : row_bytes;
  image.samples.resize(image.size_bytes());
  for (int row = 0; row < image.height_px; ++row) {
    std::memcpy(image.samples.data() + row * row_bytes, static_cast<const uint8_t*>(pixels) + row * stride, row_bytes);
  }
  return ok_status();
}

// decode: (ImageDecoder&, ByteSpan) -> Result<Image>.
template <typename Decode>
laconic_status decode_with(laconic_decoder* decoder, const uint8_t* stream, size_t size, laconic_image** image,
                           laconic_error* error, Decode decode) noexcept {
  return guarded_making(image, error, [&](laconic_image& made) -> Status {
    if (decoder == nullptr) return null_argument("decoder");
    if (stream == nullptr && size != 0) return null_argument("stream");
    if (decoder->decoder == nullptr) {
      LACONIC_ASSIGN_OR_RETURN(decoder->decoder, laconic::ImageDecoder::create(decoder->model, decoder->options));
    }
    LACONIC_ASSIGN_OR_RETURN(made.image, decode(*decoder->decoder, ByteSpan(stream, size)));
    return ok_status();
  });
}

uint64_t info_value(const laconic::ImageStreamInfo& info, laconic_info_key key) {
  switch (key) {
    case LACONIC_INFO_WIDTH:
      return static_cast<uint64_t>(info.width_px);
    case LACONIC_INFO_HEIGHT:
      return static_cast<uint64_t>(info.height_px);
    case LACONIC_INFO_CHANNELS:
      return static_cast<uint64_t>(info.num_channels);
    case LACONIC_INFO_BIT_DEPTH:
      return static_cast<uint64_t>(info.bit_depth);
    case LACONIC_INFO_FORMAT_VERSION:
      return static_cast<uint64_t>(info.format_version);
    case LACONIC_INFO_SUPERBLOCKS:
      return static_cast<uint64_t>(info.num_superblocks);
    case LACONIC_INFO_HEADER_BYTES:
      return info.header_bytes;
    case LACONIC_INFO_ICC_BYTES:
      return info.icc_bytes;
    case LACONIC_INFO_EXIF_BYTES:
      return info.exif_bytes;
    case LACONIC_INFO_XMP_BYTES:
      return info.xmp_bytes;
    case LACONIC_INFO_COLOUR_BYTES:
      return info.colour_bytes;
    case LACONIC_INFO_ALPHA_BYTES:
      return info.alpha_bytes;
    case LACONIC_INFO_STREAM_BYTES:
      return info.stream_bytes;
  }
  return 0;
}

}  // namespace

const char* laconic_version(void) {
  return LACONIC_STRINGIFY(LACONIC_VERSION_MAJOR) "." LACONIC_STRINGIFY(LACONIC_VERSION_MINOR) "." LACONIC_STRINGIFY(
      LACONIC_VERSION_PATCH);
}

const char* laconic_status_name(laconic_status status) {
  for (const StatusCode code : {StatusCode::kOk, StatusCode::kNeedMoreData, StatusCode::kCorrupt,
                                StatusCode::kUnsupported, StatusCode::kLimitExceeded, StatusCode::kModelMismatch,
                                StatusCode::kInvalidArgument, StatusCode::kIo, StatusCode::kInternal}) {
    if (c_status(code) == status) return laconic::status_code_name(code);
  }
  return status == LACONIC_OUT_OF_MEMORY ? "out-of-memory" : "unknown";
}

// ---- Models ----

laconic_status laconic_model_load(const char* path, const char* device, laconic_model** model, laconic_error* error) {
  return guarded_making(model, error, [&](laconic_model& made) -> Status {
    if (path == nullptr) return null_argument("path");
    laconic::ImageModelOptions options;
    if (device != nullptr) options.device = device;
    LACONIC_ASSIGN_OR_RETURN(made.model, laconic::ImageModel::load(path, options));
    made.id = made.model->id();
    return ok_status();
  });
}

const char* laconic_model_id(const laconic_model* model) { return model != nullptr ? model->id.c_str() : nullptr; }

void laconic_model_free(laconic_model* model) { delete model; }

// ---- Images and buffers ----

laconic_status laconic_image_from_pixels(const void* pixels, int width_px, int height_px, int num_channels,
                                         int bit_depth, size_t stride_bytes, laconic_image** image,
                                         laconic_error* error) {
  return guarded_making(image, error, [&](laconic_image& made) -> Status {
    made.image.width_px = width_px;
    made.image.height_px = height_px;
    made.image.num_channels = num_channels;
    made.image.bit_depth = bit_depth;
    return copy_pixels(pixels, stride_bytes, made.image);
  });
}

laconic_status laconic_image_set_metadata(laconic_image* image, laconic_metadata kind, const uint8_t* bytes,
                                          size_t size, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (image == nullptr) return null_argument("image");
    if (bytes == nullptr && size != 0) return null_argument("bytes");
    laconic::Bytes* const block = metadata_block(image->image.metadata, kind);
    if (block == nullptr) return invalid_argument("metadata kind " + std::to_string(kind) + ", allowed are 1..3");
    laconic::Bytes copy(bytes, bytes + size);  // may be the block itself, so not assigned in place
    block->swap(copy);
    return ok_status();
  });
}

int laconic_image_width(const laconic_image* image) { return image != nullptr ? image->image.width_px : 0; }
int laconic_image_height(const laconic_image* image) { return image != nullptr ? image->image.height_px : 0; }
int laconic_image_channels(const laconic_image* image) { return image != nullptr ? image->image.num_channels : 0; }
int laconic_image_bit_depth(const laconic_image* image) { return image != nullptr ? image->image.bit_depth : 0; }
size_t laconic_image_stride(const laconic_image* image) { return image != nullptr ? image->image.row_bytes() : 0; }
const void* laconic_image_pixels(const laconic_image* image) {
  return image != nullptr ? image->image.samples.data() : nullptr;
}

const uint8_t* laconic_image_metadata(const laconic_image* image, laconic_metadata kind, size_t* size) {
  if (size == nullptr) return nullptr;
  *size = 0;
  if (image == nullptr) return nullptr;
  // The metadata is only looked at.
  const laconic::Bytes* const block = metadata_block(const_cast<laconic_image*>(image)->image.metadata, kind);
  if (block == nullptr || block->empty()) return nullptr;
  *size = block->size();
  return block->data();
}

void laconic_image_free(laconic_image* image) { delete image; }

const uint8_t* laconic_buffer_bytes(const laconic_buffer* buffer) {
  return buffer != nullptr ? buffer->bytes.data() : nullptr;
}
size_t laconic_buffer_size(const laconic_buffer* buffer) { return buffer != nullptr ? buffer->bytes.size() : 0; }
void laconic_buffer_free(laconic_buffer* buffer) { delete buffer; }

// ---- Encoding ----

laconic_status laconic_encoder_create(const laconic_model* model, laconic_encoder** encoder, laconic_error* error) {
  return guarded_making(encoder, error, [&](laconic_encoder& made) -> Status {
    if (model == nullptr) return null_argument("model");
    made.model = model->model;
    return ok_status();
  });
}

laconic_status laconic_encoder_set_effort(laconic_encoder* encoder, int effort, laconic_error* error) {
  return change_options(encoder, &laconic_encoder::encoder, error, [&](auto& options) -> Status {
    if (effort < 0 || effort > 9) return invalid_argument("effort is " + std::to_string(effort) + ", allowed are 0..9");
    options.effort = effort;
    return ok_status();
  });
}

laconic_status laconic_encoder_set_quality(laconic_encoder* encoder, float quality, laconic_error* error) {
  return guarded(error, [&]() -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    if (!(quality >= 0 && quality <= 100)) {  // NaN as well
      return invalid_argument("quality is " + std::to_string(quality) + ", allowed are 0..100");
    }
    if (encoder->encoder != nullptr) LACONIC_RETURN_IF_ERROR(encoder->encoder->set_quality(quality));
    encoder->options.quality = quality;
    return ok_status();
  });
}

laconic_status laconic_encoder_set_threads(laconic_encoder* encoder, int num_threads, laconic_error* error) {
  return change_options(encoder, &laconic_encoder::encoder, error,
                        [&](auto& options) { return set_threads(options, num_threads); });
}

laconic_status laconic_encoder_set_limits(laconic_encoder* encoder, uint64_t max_pixels, uint32_t max_dimension_px,
                                          laconic_error* error) {
  return change_options(encoder, &laconic_encoder::encoder, error,
                        [&](auto& options) { return set_limits(options, max_pixels, max_dimension_px); });
}

laconic_status laconic_encoder_set_progress(laconic_encoder* encoder, laconic_progress progress, void* user,
                                            laconic_error* error) {
  return change_options(encoder, &laconic_encoder::encoder, error,
                        [&](auto& options) { return set_progress(options, progress, user); });
}

laconic_status laconic_encoder_encode(laconic_encoder* encoder, const laconic_image* image, laconic_buffer** stream,
                                      laconic_error* error) {
  return guarded_making(stream, error, [&](laconic_buffer& made) -> Status {
    if (encoder == nullptr) return null_argument("encoder");
    if (image == nullptr) return null_argument("image");
    if (encoder->encoder == nullptr) {
      LACONIC_ASSIGN_OR_RETURN(encoder->encoder, laconic::ImageEncoder::create(encoder->model, encoder->options));
    }
    LACONIC_ASSIGN_OR_RETURN(made.bytes, encoder->encoder->encode(image->image));
    return ok_status();
  });
}

void laconic_encoder_free(laconic_encoder* encoder) { delete encoder; }

// ---- Decoding ----

laconic_status laconic_decoder_create(const laconic_model* model, laconic_decoder** decoder, laconic_error* error) {
  return guarded_making(decoder, error, [&](laconic_decoder& made) -> Status {
    if (model == nullptr) return null_argument("model");
    made.model = model->model;
    return ok_status();
  });
}

laconic_status laconic_decoder_set_threads(laconic_decoder* decoder, int num_threads, laconic_error* error) {
  return change_options(decoder, &laconic_decoder::decoder, error,
                        [&](auto& options) { return set_threads(options, num_threads); });
}

laconic_status laconic_decoder_set_limits(laconic_decoder* decoder, uint64_t max_pixels, uint32_t max_dimension_px,
                                          laconic_error* error) {
  return change_options(decoder, &laconic_decoder::decoder, error,
                        [&](auto& options) { return set_limits(options, max_pixels, max_dimension_px); });
}

laconic_status laconic_decoder_set_progress(laconic_decoder* decoder, laconic_progress progress, void* user,
                                            laconic_error* error) {
  return change_options(decoder, &laconic_decoder::decoder, error,
                        [&](auto& options) { return set_progress(options, progress, user); });
}

laconic_status laconic_decoder_set_slices(laconic_decoder* decoder, int num_slices, laconic_error* error) {
  return change_options(decoder, &laconic_decoder::decoder, error, [&](auto& options) -> Status {
    if (num_slices < 1 || num_slices > 4) return invalid_argument("num_slices is " + std::to_string(num_slices) + ", allowed are 1..4");
    options.num_slices = num_slices;
    return ok_status();
  });
}

laconic_status laconic_decoder_set_conceal(laconic_decoder* decoder, int conceal, laconic_error* error) {
  return change_options(decoder, &laconic_decoder::decoder, error, [&](auto& options) {
    options.conceal = conceal != 0;
    return ok_status();
  });
}

laconic_status laconic_decoder_decode(laconic_decoder* decoder, const uint8_t* stream, size_t size,
                                      laconic_image** image, laconic_error* error) {
  return decode_with(decoder, stream, size, image, error,
                     [](laconic::ImageDecoder& object, ByteSpan bytes) { return object.decode(bytes); });
}

laconic_status laconic_decoder_decode_region(laconic_decoder* decoder, const uint8_t* stream, size_t size, int x, int y,
                                             int width, int height, laconic_image** image, laconic_error* error) {
  const laconic::Rect region{x, y, width, height};
  return decode_with(decoder, stream, size, image, error, [&](laconic::ImageDecoder& object, ByteSpan bytes) {
    return object.decode_region(bytes, region);
  });
}

size_t laconic_decoder_damage_count(const laconic_decoder* decoder) {
  return decoder != nullptr && decoder->decoder != nullptr ? decoder->decoder->damage().size() : 0;
}

const char* laconic_decoder_damage(const laconic_decoder* decoder, size_t index) {
  return index < laconic_decoder_damage_count(decoder) ? decoder->decoder->damage()[index].c_str() : nullptr;
}

void laconic_decoder_free(laconic_decoder* decoder) { delete decoder; }

// ---- Info ----

laconic_status laconic_info_read(const uint8_t* stream, size_t size, laconic_info** info, laconic_error* error) {
  return guarded_making(info, error, [&](laconic_info& made) -> Status {
    if (stream == nullptr && size != 0) return null_argument("stream");
    LACONIC_ASSIGN_OR_RETURN(made.info, laconic::read_image_info(ByteSpan(stream, size), laconic::Limits()));
    return ok_status();
  });
}

uint64_t laconic_info_get(const laconic_info* info, laconic_info_key key) {
  return info != nullptr ? info_value(info->info, key) : 0;
}
double laconic_info_quality(const laconic_info* info) { return info != nullptr ? info->info.quality : 0; }
const char* laconic_info_model_id(const laconic_info* info) {
  return info != nullptr ? info->info.model_id.c_str() : nullptr;
}
void laconic_info_free(laconic_info* info) { delete info; }
