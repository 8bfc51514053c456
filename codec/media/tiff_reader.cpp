#include <algorithm>
#include <cstring>
#include <string>

#include "codec/media/ffmpeg_frame.h"
#include "codec/media/image_samples.h"
#include "codec/media/opencv_codec.h"
#include "codec/media/tiff_directory.h"
#include "codec/media/tiff_file.h"

namespace laconic {
namespace {

// Tags and values of TIFF 6.0.
constexpr uint16_t kWidth = 256, kHeight = 257, kBitsPerSample = 258, kCompression = 259, kPhotometric = 262;
constexpr uint16_t kStripOffsets = 273, kOrientation = 274, kSamplesPerPixel = 277, kStripByteCounts = 279;
constexpr uint16_t kPlanarConfiguration = 284, kTileOffsets = 324, kTileByteCounts = 325, kExtraSamples = 338;
constexpr uint16_t kSampleFormat = 339, kXmp = 700, kIcc = 34675;
constexpr uint32_t kWhiteIsZero = 0, kBlackIsZero = 1, kRgb = 2, kPalette = 3, kCmyk = 5, kYcbcr = 6;
constexpr uint32_t kPremultiplied = 1, kStraightAlpha = 2;
constexpr uint32_t kUncompressed = 1;

struct TiffHeader {
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  uint32_t bit_depth = 1;
  uint32_t num_samples = 1;  // per pixel
  uint32_t photometric = 0;
  uint32_t extra_samples = 0;  // meaning of the last sample when there is one more than colours
  uint32_t compression = kUncompressed;
  bool is_planar = false;

  bool is_grey() const { return photometric == kWhiteIsZero || photometric == kBlackIsZero; }
  uint32_t num_colours() const { return is_grey() || photometric == kPalette ? 1 : photometric == kCmyk ? 4 : 3; }
  bool has_alpha() const { return num_samples == num_colours() + 1 && photometric != kPalette; }
};

TiffHeader read_header(const TiffDirectory& directory) {
  TiffHeader header;
  header.width_px = directory.number(kWidth, 0);
  header.height_px = directory.number(kHeight, 0);
  header.bit_depth = directory.number(kBitsPerSample, 1);
  header.num_samples = directory.number(kSamplesPerPixel, 1);
  header.photometric = directory.number(kPhotometric, 0xFFFF);
  header.extra_samples = directory.number(kExtraSamples, 0);
  header.compression = directory.number(kCompression, kUncompressed);
  header.is_planar = directory.number(kPlanarConfiguration, 1) == 2 && header.num_samples > 1;
  return header;
}

Status check_kind(const TiffHeader& header, const TiffDirectory& directory) {
  for (uint32_t i = 0; i < std::min(header.num_samples, 4u); ++i) {
    if (directory.number(kSampleFormat, 1, i) != 1) {
      return unsupported("TIFF with signed or floating-point samples is not read, only unsigned integers");
    }
    if (directory.number(kBitsPerSample, header.bit_depth, i) != header.bit_depth) {
      return unsupported("TIFF with channels of different depths is not read");
    }
  }
  const uint32_t bits = header.bit_depth;
  const bool is_plain = header.is_grey() || header.photometric == kRgb;
  const bool is_kind_read = is_plain || header.photometric == kPalette || header.photometric == kCmyk ||
                            header.photometric == kYcbcr;
  if (!is_kind_read) {
    return unsupported("TIFF with colours of kind " + std::to_string(header.photometric) +
                       " is not read, only grey, RGB, palette, CMYK and YCbCr");
  }
  const bool is_depth_read = bits == 8 || (bits == 16 && is_plain && !header.is_planar) ||
                             (bits == 1 && header.is_grey()) || (bits == 4 && header.photometric == kPalette);
  if (!is_depth_read) {
    return unsupported("TIFF of this kind with " + std::to_string(bits) + " bits a sample is not read");
  }
  const uint32_t colours = header.num_colours();
  const bool is_alpha_read = header.has_alpha() && (header.photometric == kRgb || (header.is_grey() && bits >= 8));
  if (header.num_samples != colours && !is_alpha_read) {
    return unsupported("TIFF of this kind with " + std::to_string(header.num_samples) + " samples a pixel is not read");
  }
  return ok_status();
}

// libtiff would deliver what is there and leave the rest as it was.
Status check_pixel_bytes(const TiffHeader& header, const TiffDirectory& directory, ByteSpan bytes) {
  const bool is_tiled = directory.find(kTileOffsets).has_value();
  const uint16_t offsets_tag = is_tiled ? kTileOffsets : kStripOffsets;
  const uint16_t counts_tag = is_tiled ? kTileByteCounts : kStripByteCounts;
  const std::optional<TiffEntry> offsets = directory.find(offsets_tag);
  const std::optional<TiffEntry> counts = directory.find(counts_tag);
  if (!offsets || !counts || offsets->count != counts->count) {
    return need_more_data("the TIFF is truncated or damaged: the list of its strips is not complete");
  }
  uint64_t total = 0;
  for (uint32_t i = 0; i < offsets->count; ++i) {
    const uint32_t offset = directory.number(offsets_tag, 0, i);
    const uint32_t count = directory.number(counts_tag, 0, i);
    if (!has_bytes(bytes, offset, count)) {
      return need_more_data("the TIFF is truncated: it ends after " + std::to_string(bytes.size()) +
                            " bytes, before its pixels do");
    }
    total += count;
  }
  // No compression of TIFF makes more than about this of a byte, blank pages of fax codes apart (1 bit a pixel).
  const uint64_t most_per_byte = header.compression == kUncompressed ? 1 : header.bit_depth == 1 ? 1u << 20 : 2048;
  const uint64_t row_bits = uint64_t{header.width_px} * header.num_samples * header.bit_depth;
  // Chroma of YCbCr may be a quarter and less.
  const uint64_t least = row_bits / 8 * header.height_px / (header.photometric == kYcbcr ? 3 : 1);
  if (least / most_per_byte <= total) return ok_status();
  return corrupt("the TIFF has " + std::to_string(total) + " bytes of pixels, too few for " +
                 std::to_string(header.width_px) + " x " + std::to_string(header.height_px));
}

// libtiff would multiply colours by straight alpha, and OpenCV would turn the picture: the tags are made to say
// nothing.
Bytes with_neutral_tags(ByteSpan bytes, const TiffDirectory& directory) {
  Bytes copy(bytes.begin(), bytes.end());
  reset_tiff_orientation(copy);
  const std::optional<TiffEntry> extra = directory.find(kExtraSamples);
  if (extra && extra->type == 3) {
    const bool is_big = copy[0] == 'M';
    copy[extra->offset + (is_big ? 1 : 0)] = kPremultiplied;
    copy[extra->offset + (is_big ? 0 : 1)] = 0;
  }
  return copy;
}

template <typename Sample>
void divide_by_alpha(Image& image) {
  constexpr uint32_t kFull = static_cast<Sample>(~Sample{0});
  const auto channels = static_cast<size_t>(image.num_channels);
  const size_t num_pixels = image.samples.size() / (channels * sizeof(Sample));
  for (size_t i = 0; i < num_pixels; ++i) {
    uint8_t* const pixel = image.samples.data() + i * channels * sizeof(Sample);
    Sample alpha;
    std::memcpy(&alpha, pixel + (channels - 1) * sizeof(Sample), sizeof(Sample));
    if (alpha == 0 || alpha == kFull) continue;
    for (size_t c = 0; c + 1 < channels; ++c) {
      Sample value;
      std::memcpy(&value, pixel + c * sizeof(Sample), sizeof(Sample));
      const uint64_t straight = (uint64_t{value} * kFull + alpha / 2) / alpha;
      value = static_cast<Sample>(std::min<uint64_t>(straight, kFull));
      std::memcpy(pixel + c * sizeof(Sample), &value, sizeof(Sample));
    }
  }
}

Result<Image> decode_pixels(ByteSpan bytes, const TiffHeader& header, const Limits& limits) {
  // OpenCV drops the alpha of grey pictures.
  if (header.is_grey() && header.has_alpha()) return decode_frame_with_ffmpeg(StillDecoder::kTiff, bytes, limits);
  const int num_channels = header.is_grey() ? 1 : header.photometric == kRgb ? static_cast<int>(header.num_samples) : 3;
  LACONIC_ASSIGN_OR_RETURN(Image image, allocate_image(header.width_px, header.height_px, num_channels,
                                                       header.bit_depth == 16 ? 16 : 8, limits));
  LACONIC_RETURN_IF_ERROR(decode_with_opencv(bytes, "TIFF", image));
  if (image.num_channels == 4 && !header.has_alpha()) drop_alpha(image);  // CMYK comes with an opaque one
  return image;
}

void invert(Image& image) {
  for (uint8_t& byte : image.samples) byte = static_cast<uint8_t>(~byte);
}

}  // namespace

Result<Image> read_tiff(ByteSpan bytes, const ImageReadOptions& options) {
  LACONIC_ASSIGN_OR_RETURN(const TiffDirectory directory, TiffDirectory::open(bytes));
  if (!directory.says_next()) return need_more_data("the TIFF is truncated: it ends inside its directory");
  const TiffHeader header = read_header(directory);
  LACONIC_RETURN_IF_ERROR(check_image_size(header.width_px, header.height_px, options.limits));
  LACONIC_RETURN_IF_ERROR(check_kind(header, directory));
  LACONIC_RETURN_IF_ERROR(check_pixel_bytes(header, directory, bytes));
  const int orientation = tiff_orientation(bytes);
  const bool needs_copy = orientation != 1 || (header.has_alpha() && header.extra_samples == kStraightAlpha);
  const Bytes copy = needs_copy ? with_neutral_tags(bytes, directory) : Bytes();
  LACONIC_ASSIGN_OR_RETURN(Image image, decode_pixels(needs_copy ? ByteSpan(copy) : bytes, header, options.limits));

  if (header.photometric == kWhiteIsZero && header.bit_depth == 16) invert(image);  // libtiff does it for 8 bits only
  if (header.has_alpha() && header.extra_samples == kPremultiplied) {
    image.bit_depth == 16 ? divide_by_alpha<uint16_t>(image) : divide_by_alpha<uint8_t>(image);
  }
  turn_upright(image, orientation);
  const ByteSpan icc = directory.values(kIcc);
  const ByteSpan xmp = directory.values(kXmp);
  if (header.photometric == kCmyk) {
    add_warning(options.warnings, "the TIFF is CMYK: it was converted to RGB without colour management");
  } else {
    image.metadata.icc.assign(icc.begin(), icc.end());
  }
  image.metadata.xmp.assign(xmp.begin(), xmp.end());
  if (directory.has_next()) add_warning(options.warnings, "the TIFF has several pages: only the first is read");
  return image;
}

}  // namespace laconic
