// What the readers and writers of all formats share: sizes, orientation, and fitting a picture to what a format holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/image_format.h"

namespace laconic {

inline void add_warning(std::vector<std::string>* warnings, std::string text) {
  if (warnings != nullptr) warnings->push_back(std::move(text));
}

// Neither is 0, both and their product are within limits. To be called before anything is allocated.
Status check_image_size(uint64_t width_px, uint64_t height_px, const Limits& limits);

// Sizes within limits as above. Samples are all 0.
Result<Image> allocate_image(uint64_t width_px, uint64_t height_px, int num_channels, int bit_depth,
                             const Limits& limits);

// width * height * channels * depth agree with samples.size(), for writers.
Status check_image(const Image& image);

// orientation: 1..8 as in Exif tag 274; the samples are turned upright (width and height change places for 5..8).
void turn_upright(Image& image, int orientation);

// For RGBA of 8 bits, as decoders give it.
bool is_opaque(const Image& image);
void drop_alpha(Image& image);

// Makes of `image` what `target` can hold, or gives `image` itself where nothing has to change; `adapted` is the
// storage for the former. Each loss is warned of; metadata is left to select_metadata().
Result<const Image*> adapt_image(const Image& image, const ImageTarget& target, Image& adapted,
                                 std::vector<std::string>* warnings);

// Which blocks go into the file: copies of those the target holds; the others are warned of.
ImageMetadata select_metadata(const Image& image, const ImageTarget& target, std::vector<std::string>* warnings);

// "RGB ", "GRAY", "CMYK" ...; empty for what is no ICC profile.
std::string icc_colour_space(ByteSpan icc);

}  // namespace laconic
