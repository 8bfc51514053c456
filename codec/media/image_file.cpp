#include "codec/media/image_file.h"

#include <new>
#include <optional>
#include <stdexcept>

#include "codec/media/atomic_file.h"
#include "codec/media/bmp_file.h"
#include "codec/media/image_format.h"
#include "codec/media/image_samples.h"
#include "codec/media/input_file.h"
#include "codec/media/jpeg_segments.h"
#include "codec/media/opencv_codec.h"
#include "codec/media/png_file.h"
#include "codec/media/pnm_file.h"
#include "codec/media/still_files.h"
#include "codec/media/tiff_directory.h"
#include "codec/media/tiff_file.h"
#include "codec/media/webp_container.h"

namespace laconic {
namespace {

template <typename Function>
auto without_exceptions(const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return limit_exceeded("there is not enough memory for this picture");
  } catch (const std::exception& error) {
    return internal_error(std::string("a picture library failed: ") + error.what());
  }
}

Status with_name(const std::string& path, const Status& status) {
  const std::string name = path == "-" ? "standard input" : "'" + path + "'";
  return Status(status.code(), name + ": " + status.message());
}

Result<Image> decode(const InputFile& input, const ImageReadOptions& options) {
  const ByteSpan bytes = input.bytes();
  LACONIC_ASSIGN_OR_RETURN(const ImageFormat format, detect_image_format(bytes));
  switch (format) {
    case ImageFormat::kPng: return read_png(input, options);
    case ImageFormat::kJpeg: return read_jpeg(bytes, options);
    case ImageFormat::kWebp: return read_webp(bytes, options);
    case ImageFormat::kTiff: return read_tiff(bytes, options);
    case ImageFormat::kGif: return read_gif(bytes, options);
    case ImageFormat::kBmp: return read_bmp(bytes, options);
    case ImageFormat::kPnm: return read_pnm(bytes, options);
  }
  return internal_error("a picture format without a reader");
}

Result<Image> decode_upright(const InputFile& input, const ImageReadOptions& options) {
  LACONIC_ASSIGN_OR_RETURN(Image image, decode(input, options));
  const ImageMetadata& metadata = image.metadata;
  const uint64_t metadata_bytes = metadata.icc.size() + metadata.exif.size() + metadata.xmp.size();
  if (metadata_bytes > options.limits.max_metadata_bytes) {
    return limit_exceeded("the picture has " + std::to_string(metadata_bytes) + " bytes of metadata, more than the " +
                          std::to_string(options.limits.max_metadata_bytes) + " allowed");
  }
  apply_exif_orientation(image);
  return image;
}

Status check_options(const ImageWriteOptions& options) {
  const auto check = [](const char* name, int value, int least, int most) {
    if (value >= least && value <= most) return ok_status();
    return invalid_argument(std::string(name) + " is " + std::to_string(value) + ", not " + std::to_string(least) +
                            ".." + std::to_string(most));
  };
  LACONIC_RETURN_IF_ERROR(check("the JPEG quality", options.jpeg_quality, 1, 100));
  LACONIC_RETURN_IF_ERROR(check("the WebP quality", options.webp_quality, 1, 100));
  return check("the PNG level", options.png_level, 0, 9);
}

Result<Bytes> encode_jpeg(const Image& image, const ImageMetadata& metadata, const ImageWriteOptions& options) {
  LACONIC_ASSIGN_OR_RETURN(const Bytes jpeg, encode_with_opencv(image, OpencvFormat::kJpeg, options.jpeg_quality));
  return with_jpeg_metadata(jpeg, metadata, options.warnings);
}

Result<Bytes> encode_webp(const Image& image, const ImageMetadata& metadata, const ImageWriteOptions& options) {
  constexpr int kLossless = 101;
  const int quality = options.webp_lossless ? kLossless : options.webp_quality;
  LACONIC_ASSIGN_OR_RETURN(Bytes webp, encode_with_opencv(image, OpencvFormat::kWebp, quality));
  if (metadata.icc.empty() && metadata.exif.empty() && metadata.xmp.empty()) return webp;
  return with_webp_metadata(webp, metadata);
}

Status append_result(const Result<Bytes>& bytes, ByteSink& sink) {
  LACONIC_RETURN_IF_ERROR(bytes.status());
  return sink.append(*bytes);
}

// The image has been checked.
Status encode(const Image& image, const ImageTarget& target, const ImageWriteOptions& options, ByteSink& sink) {
  Image storage;
  LACONIC_ASSIGN_OR_RETURN(const Image* adapted, adapt_image(image, target, storage, options.warnings));
  const ImageMetadata metadata = select_metadata(image, target, options.warnings);
  switch (target.format) {
    case ImageFormat::kPng: return write_png(*adapted, metadata, options.png_level, sink);
    case ImageFormat::kJpeg: return append_result(encode_jpeg(*adapted, metadata, options), sink);
    case ImageFormat::kWebp: return append_result(encode_webp(*adapted, metadata, options), sink);
    case ImageFormat::kTiff: return append_result(write_tiff(*adapted, metadata), sink);
    case ImageFormat::kBmp: return write_bmp(*adapted, sink);
    case ImageFormat::kPnm: return write_pnm(*adapted, sink);
    case ImageFormat::kGif: break;
  }
  return internal_error("a picture format without a writer");
}

}  // namespace

Result<Image> read_image(const std::string& path, const ImageReadOptions& options) {
  return without_exceptions([&]() -> Result<Image> {
    // A mapped file costs no memory; what is read from a pipe does.
    const uint64_t max_bytes = path == "-" ? options.limits.max_stream_bytes : UINT64_MAX;
    LACONIC_ASSIGN_OR_RETURN(const InputFile input, InputFile::open(path, max_bytes));
    Result<Image> image = decode_upright(input, options);
    if (!image.ok()) return with_name(path, image.status());
    return image;
  });
}

Result<Image> read_image_bytes(ByteSpan bytes, const ImageReadOptions& options) {
  return without_exceptions([&] { return decode_upright(InputFile::borrow(bytes), options); });
}

Status write_image(const Image& image, const std::string& path, const ImageWriteOptions& options) {
  return without_exceptions([&]() -> Status {
    LACONIC_RETURN_IF_ERROR(check_options(options));
    LACONIC_RETURN_IF_ERROR(check_image(image));
    LACONIC_ASSIGN_OR_RETURN(const ImageTarget* target, find_image_target(options.format, path));
    LACONIC_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
    LACONIC_RETURN_IF_ERROR(encode(image, *target, options, file));
    return file.commit();
  });
}

Result<Bytes> encode_image_bytes(const Image& image, const std::string& format, const ImageWriteOptions& options) {
  return without_exceptions([&]() -> Result<Bytes> {
    LACONIC_RETURN_IF_ERROR(check_options(options));
    LACONIC_RETURN_IF_ERROR(check_image(image));
    LACONIC_ASSIGN_OR_RETURN(const ImageTarget* target, find_image_target(format, "output"));
    MemorySink sink;
    LACONIC_RETURN_IF_ERROR(encode(image, *target, options, sink));
    return sink.take();
  });
}

}  // namespace laconic
