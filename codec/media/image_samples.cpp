#include "codec/media/image_samples.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/base/checked.h"
#include "codec/media/byte_order.h"

namespace laconic {
namespace {

// Source pixel of (0, 0) and the steps in the source, in pixels, for one step right and one step down in the target.
struct Walk {
  int64_t origin = 0;
  int64_t right = 0;
  int64_t down = 0;
};

// Exif 2.3, tag 274. w, h: the source's.
Walk walk_for(int orientation, int64_t w, int64_t h) {
  const int64_t last_column = w - 1;
  const int64_t last_row = (h - 1) * w;
  switch (orientation) {
    case 2: return {last_column, -1, w};
    case 3: return {last_row + last_column, -1, -w};
    case 4: return {last_row, 1, -w};
    case 5: return {0, w, 1};
    case 6: return {last_row, -w, 1};
    case 7: return {last_row + last_column, -w, -1};
    case 8: return {last_column, w, -1};
    default: return {0, 1, w};
  }
}

// In tiles, so that a quarter turn stays in the cache on both sides.
template <size_t kPixelBytes>
void copy_pixels(const uint8_t* source, uint8_t* target, int64_t width, int64_t height, const Walk& walk) {
  constexpr int64_t kTile = 32;
  for (int64_t top = 0; top < height; top += kTile) {
    for (int64_t left = 0; left < width; left += kTile) {
      const int64_t bottom = std::min(top + kTile, height);
      const int64_t right = std::min(left + kTile, width);
      for (int64_t y = top; y < bottom; ++y) {
        for (int64_t x = left; x < right; ++x) {
          const int64_t from = walk.origin + x * walk.right + y * walk.down;
          std::memcpy(target + (y * width + x) * kPixelBytes, source + from * kPixelBytes, kPixelBytes);
        }
      }
    }
  }
}

template <typename Sample>
Sample load_sample(const Bytes& samples, size_t index) {
  Sample value;
  std::memcpy(&value, samples.data() + index * sizeof(Sample), sizeof(Sample));
  return value;
}

// Grey to RGB where asked, alpha kept or dropped, 16 bits rounded to 8 where asked.
template <typename From, typename To>
void convert_pixels(const Image& from, Image& to) {
  const size_t num_pixels = static_cast<size_t>(from.width_px) * from.height_px;
  const int from_channels = from.num_channels;
  const int to_channels = to.num_channels;
  // Source channel of each target channel.
  std::array<int, 4> channel = {0, 1, 2, 3};
  if (from.is_grey()) channel = to.is_grey() ? std::array<int, 4>{0, 1, 0, 0} : std::array<int, 4>{0, 0, 0, 1};
  for (size_t i = 0; i < num_pixels; ++i) {
    for (int c = 0; c < to_channels; ++c) {
      const From value = load_sample<From>(from.samples, i * from_channels + channel[c]);
      // 65535 = 255 * 257: rounds to nearest.
      const To sample = sizeof(From) == sizeof(To) ? static_cast<To>(value) : static_cast<To>((value + 128u) / 257u);
      std::memcpy(to.samples.data() + (i * to_channels + c) * sizeof(To), &sample, sizeof(To));
    }
  }
}

}  // namespace

Status check_image_size(uint64_t width_px, uint64_t height_px, const Limits& limits) {
  const std::string size = std::to_string(width_px) + " x " + std::to_string(height_px);
  if (width_px == 0 || height_px == 0) return corrupt("the picture is " + size + " pixels: nothing to read");
  const uint64_t max_side = std::min<uint64_t>(limits.max_dimension_px, 0x7FFFFFFF);
  if (width_px > max_side || height_px > max_side) {
    return limit_exceeded("the picture is " + size + " pixels, more than the " + std::to_string(max_side) +
                          " allowed on a side");
  }
  if (width_px * height_px > limits.max_pixels) {
    return limit_exceeded("the picture is " + size + " pixels, more than the " + std::to_string(limits.max_pixels) +
                          " allowed in all");
  }
  return ok_status();
}

Result<Image> allocate_image(uint64_t width_px, uint64_t height_px, int num_channels, int bit_depth,
                             const Limits& limits) {
  LACONIC_RETURN_IF_ERROR(check_image_size(width_px, height_px, limits));
  Image image;
  image.width_px = static_cast<int>(width_px);
  image.height_px = static_cast<int>(height_px);
  image.num_channels = num_channels;
  image.bit_depth = bit_depth;
  image.samples.resize(image.size_bytes());  // below 2^62 * 8 by the check above
  return image;
}

Status check_image(const Image& image) {
  const std::string size = std::to_string(image.width_px) + " x " + std::to_string(image.height_px) + ", " +
                           std::to_string(image.num_channels) + " channels of " + std::to_string(image.bit_depth) +
                           " bits";
  const bool shape_ok = image.width_px > 0 && image.height_px > 0 && image.num_channels >= 1 &&
                        image.num_channels <= 4 && (image.bit_depth == 8 || image.bit_depth == 16);
  if (!shape_ok) return invalid_argument("a picture of " + size + " cannot be written");
  if (image.samples.size() != image.size_bytes()) {
    return invalid_argument("a picture of " + size + " has " + std::to_string(image.samples.size()) +
                            " bytes of samples, not " + std::to_string(image.size_bytes()));
  }
  return ok_status();
}

void turn_upright(Image& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return;
  const Walk walk = walk_for(orientation, image.width_px, image.height_px);
  Bytes turned(image.samples.size());
  if (orientation >= 5) std::swap(image.width_px, image.height_px);
  const uint8_t* source = image.samples.data();
  switch (image.num_channels * image.bytes_per_sample()) {
    case 1: copy_pixels<1>(source, turned.data(), image.width_px, image.height_px, walk); break;
    case 2: copy_pixels<2>(source, turned.data(), image.width_px, image.height_px, walk); break;
    case 3: copy_pixels<3>(source, turned.data(), image.width_px, image.height_px, walk); break;
    case 4: copy_pixels<4>(source, turned.data(), image.width_px, image.height_px, walk); break;
    case 6: copy_pixels<6>(source, turned.data(), image.width_px, image.height_px, walk); break;
    default: copy_pixels<8>(source, turned.data(), image.width_px, image.height_px, walk); break;
  }
  image.samples = std::move(turned);
}

bool is_opaque(const Image& image) {
  for (size_t i = 3; i < image.samples.size(); i += 4) {
    if (image.samples[i] != 255) return false;
  }
  return true;
}

void drop_alpha(Image& image) {
  const size_t num_pixels = image.samples.size() / 4;
  for (size_t i = 0; i < num_pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) image.samples[3 * i + c] = image.samples[4 * i + c];
  }
  image.num_channels = 3;
  image.samples.resize(image.size_bytes());
}

Result<const Image*> adapt_image(const Image& image, const ImageTarget& target, Image& adapted,
                                 std::vector<std::string>* warnings) {
  const std::string name = target.name;
  if (std::max(image.width_px, image.height_px) > static_cast<int64_t>(target.max_side_px)) {
    return invalid_argument("the picture is " + std::to_string(image.width_px) + " x " +
                            std::to_string(image.height_px) + " pixels; " + name + " holds at most " +
                            std::to_string(target.max_side_px) + " on a side");
  }
  if (!image.is_grey() && !target.colour)
    return invalid_argument(name + " holds grey pictures only; this one has colour");

  const bool keep_alpha = image.has_alpha() && target.alpha;
  const bool keep_grey = image.is_grey() && target.grey && (!keep_alpha || target.grey_with_alpha);
  const int num_channels = (keep_grey ? 1 : 3) + (keep_alpha ? 1 : 0);
  const int bit_depth = target.sixteen_bits ? image.bit_depth : 8;
  if (image.has_alpha() && !keep_alpha) add_warning(warnings, name + " holds no alpha channel: it was dropped");
  if (bit_depth != image.bit_depth) add_warning(warnings, name + " holds 8 bits a sample: 16 were rounded to 8");
  if (num_channels == image.num_channels && bit_depth == image.bit_depth) return &image;

  adapted.width_px = image.width_px;
  adapted.height_px = image.height_px;
  adapted.num_channels = num_channels;
  adapted.bit_depth = bit_depth;
  adapted.samples.resize(adapted.size_bytes());
  if (image.bit_depth == 8) {
    convert_pixels<uint8_t, uint8_t>(image, adapted);
  } else if (bit_depth == 8) {
    convert_pixels<uint16_t, uint8_t>(image, adapted);
  } else {
    convert_pixels<uint16_t, uint16_t>(image, adapted);
  }
  return &adapted;
}

ImageMetadata select_metadata(const Image& image, const ImageTarget& target, std::vector<std::string>* warnings) {
  const auto keep = [&](const Bytes& block, bool holds, const char* what) {
    if (block.empty() || holds) return block;
    add_warning(warnings, std::string(target.name) + " files are written without " + what + ": it was dropped");
    return Bytes();
  };
  ImageMetadata kept;
  kept.icc = keep(image.metadata.icc, target.icc, "an ICC profile");
  kept.exif = keep(image.metadata.exif, target.exif, "an Exif block");
  kept.xmp = keep(image.metadata.xmp, target.xmp, "an XMP packet");
  if (image.is_grey() && !target.grey && icc_colour_space(kept.icc) == "GRAY") {
    kept.icc.clear();
    add_warning(warnings, std::string(target.name) + " files are written as RGB: the grey ICC profile was dropped");
  }
  return kept;
}

std::string icc_colour_space(ByteSpan icc) {
  constexpr size_t kOffset = 16;  // ICC.1:2010, 7.2.1
  if (!has_bytes(icc, kOffset, 4)) return "";
  return std::string(icc.begin() + kOffset, icc.begin() + kOffset + 4);
}

}  // namespace laconic
