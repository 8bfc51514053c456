#include "apps/plugin/gdk-pixbuf/pixbuf.h"

#include <cstdint>
#include <string>

#include "apps/plugin/gdk-pixbuf/exif_orientation.h"

namespace laconic::gdk_pixbuf {
namespace {

uint8_t to_8_bits(uint8_t sample) { return sample; }
uint8_t to_8_bits(uint16_t sample) { return static_cast<uint8_t>((sample + 128u) / 257u); }

// samples: num_channels of them a pixel, 1 to 4. out: 3 or 4 bytes a pixel.
template <typename Sample>
void convert_row(const Sample* samples, int width_px, int num_channels, uint8_t* out) {
  const int num_colours = num_channels < 3 ? 1 : 3;
  for (int x = 0; x < width_px; ++x, samples += num_channels) {
    for (int c = 0; c < 3; ++c) *out++ = to_8_bits(samples[num_colours == 1 ? 0 : c]);
    if (num_channels > num_colours) *out++ = to_8_bits(samples[num_colours]);
  }
}

}  // namespace

Pixbuf pixbuf_of(const laconic_image* picture) {
  const int width_px = laconic_image_width(picture), height_px = laconic_image_height(picture);
  const int num_channels = laconic_image_channels(picture);
  const bool has_alpha = num_channels % 2 == 0;
  Pixbuf pixbuf(gdk_pixbuf_new(GDK_COLORSPACE_RGB, has_alpha, 8, width_px, height_px));
  if (pixbuf == nullptr) return nullptr;
  const size_t out_stride = static_cast<size_t>(gdk_pixbuf_get_rowstride(pixbuf.get()));
  uint8_t* const out = gdk_pixbuf_get_pixels(pixbuf.get());
  const auto* const samples = static_cast<const uint8_t*>(laconic_image_pixels(picture));
  for (int y = 0; y < height_px; ++y) {
    const uint8_t* const row = samples + static_cast<size_t>(y) * laconic_image_stride(picture);
    uint8_t* const out_row = out + static_cast<size_t>(y) * out_stride;
    if (laconic_image_bit_depth(picture) == 16) {
      convert_row(reinterpret_cast<const uint16_t*>(row), width_px, num_channels, out_row);
    } else {
      convert_row(row, width_px, num_channels, out_row);
    }
  }
  return pixbuf;
}

Pixbuf scaled_to(Pixbuf pixbuf, int width_px, int height_px) {
  if (gdk_pixbuf_get_width(pixbuf.get()) == width_px && gdk_pixbuf_get_height(pixbuf.get()) == height_px) return pixbuf;
  // Bilinear is gdk-pixbuf's name for averaging over all that a smaller pixel covers.
  return Pixbuf(gdk_pixbuf_scale_simple(pixbuf.get(), width_px, height_px, GDK_INTERP_BILINEAR));
}

void set_options(GdkPixbuf* pixbuf, const laconic_image* picture) {
  size_t size = 0;
  if (const uint8_t* const icc = laconic_image_metadata(picture, LACONIC_METADATA_ICC, &size)) {
    gdk_pixbuf_set_option(pixbuf, "icc-profile", Text(g_base64_encode(icc, size)).get());
  }
  if (const uint8_t* const exif = laconic_image_metadata(picture, LACONIC_METADATA_EXIF, &size)) {
    const int orientation = exif_orientation(exif, size);
    if (orientation != 0) gdk_pixbuf_set_option(pixbuf, "orientation", std::to_string(orientation).c_str());
  }
}

}  // namespace laconic::gdk_pixbuf
