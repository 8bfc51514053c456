#include <string>

#include "codec/media/bmp_file.h"
#include "codec/media/byte_order.h"

namespace laconic {
namespace {

constexpr uint32_t kFileHeaderBytes = 14;
constexpr uint32_t kInfoHeaderBytes = 40;
constexpr uint32_t kVersion4HeaderBytes = 108;  // holds the masks that alpha needs
constexpr uint32_t kBitFields = 3;
constexpr uint32_t kPixelsPerMetre = 2835;  // 72 dpi, as most writers say

struct BmpLayout {
  uint32_t bits_per_pixel;
  uint32_t header_bytes;
  uint32_t palette_entries;
  uint64_t row_bytes;  // multiples of 4

  uint32_t samples_offset() const { return kFileHeaderBytes + header_bytes + 4 * palette_entries; }
};

BmpLayout layout_for(const Image& image) {
  BmpLayout layout = {};
  layout.bits_per_pixel = static_cast<uint32_t>(8 * image.num_channels);
  layout.header_bytes = image.num_channels == 4 ? kVersion4HeaderBytes : kInfoHeaderBytes;
  layout.palette_entries = image.num_channels == 1 ? 256 : 0;
  layout.row_bytes = (image.row_bytes() + 3) / 4 * 4;
  return layout;
}

Bytes make_header(const Image& image, const BmpLayout& layout) {
  const auto samples_bytes = static_cast<uint32_t>(layout.row_bytes * static_cast<uint64_t>(image.height_px));
  const bool has_masks = layout.header_bytes == kVersion4HeaderBytes;
  const auto append32 = [](Bytes& out, uint32_t value) { append_number(out, value, 4, Endian::kLittle); };
  Bytes out;
  append_text(out, "BM");
  append32(out, layout.samples_offset() + samples_bytes);
  append32(out, 0);
  append32(out, layout.samples_offset());
  append32(out, layout.header_bytes);
  append32(out, static_cast<uint32_t>(image.width_px));
  append32(out, static_cast<uint32_t>(image.height_px));
  append_number(out, 1, 2, Endian::kLittle);  // planes
  append_number(out, layout.bits_per_pixel, 2, Endian::kLittle);
  append32(out, has_masks ? kBitFields : 0);
  append32(out, samples_bytes);
  append32(out, kPixelsPerMetre);
  append32(out, kPixelsPerMetre);
  append32(out, layout.palette_entries);
  append32(out, 0);
  if (has_masks) {
    for (const uint32_t mask : {0x00FF0000u, 0x0000FF00u, 0x000000FFu, 0xFF000000u}) append32(out, mask);
    append_text(out, "BGRs");  // sRGB; the colour points that follow are not looked at then
  }
  out.resize(kFileHeaderBytes + layout.header_bytes);
  for (uint32_t i = 0; i < layout.palette_entries; ++i) append32(out, i * 0x010101u);
  return out;
}

}  // namespace

Status write_bmp(const Image& image, ByteSink& sink) {
  const BmpLayout layout = layout_for(image);
  const uint64_t file_bytes = layout.samples_offset() + layout.row_bytes * static_cast<uint64_t>(image.height_px);
  if (file_bytes > UINT32_MAX) return invalid_argument("the BMP would be longer than the 4 GiB its header can say");
  LACONIC_RETURN_IF_ERROR(sink.append(make_header(image, layout)));
  const auto channels = static_cast<size_t>(image.num_channels);
  Bytes row(layout.row_bytes);
  for (int y = image.height_px - 1; y >= 0; --y) {
    const uint8_t* from = image.samples.data() + static_cast<size_t>(y) * image.row_bytes();
    for (size_t at = 0; at < image.row_bytes(); at += channels) {
      for (size_t c = 0; c < channels; ++c) row[at + c] = from[at + c];
      if (channels >= 3) std::swap(row[at], row[at + 2]);  // blue first
    }
    LACONIC_RETURN_IF_ERROR(sink.append(row));
  }
  return ok_status();
}

}  // namespace laconic
