#include "codec/media/bmp_file.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "codec/media/byte_order.h"
#include "codec/media/image_samples.h"

namespace laconic {
namespace {

constexpr uint32_t kFileHeaderBytes = 14;
constexpr uint32_t kCoreHeaderBytes = 12;  // OS/2
constexpr uint32_t kInfoHeaderBytes = 40;
constexpr uint32_t kUncompressed = 0, kRunLengths8 = 1, kRunLengths4 = 2, kBitFields = 3, kAlphaBitFields = 6;

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
};

struct BmpHeader {
  uint32_t samples_offset = 0;
  uint32_t header_bytes = 0;
  uint64_t width_px = 0;
  uint64_t height_px = 0;
  bool is_top_down = false;
  uint32_t bits_per_pixel = 0;
  uint32_t compression = kUncompressed;
  std::array<uint32_t, 4> masks = {};  // red, green, blue, alpha (0: none) of 16 and 32 bits a pixel
  std::vector<Colour> palette;         // of up to 8 bits a pixel, as many as indexes can be
  bool has_grey_palette = false;

  bool has_runs() const { return compression == kRunLengths8 || compression == kRunLengths4; }
  uint64_t row_bytes() const { return (width_px * bits_per_pixel + 31) / 32 * 4; }
  int num_channels() const { return has_grey_palette ? 1 : masks[3] != 0 ? 4 : 3; }
};

Status truncated(ByteSpan bytes) {
  return need_more_data("the BMP is truncated: it ends after " + std::to_string(bytes.size()) +
                        " bytes, before its last row");
}

Status read_sizes(ByteSpan bytes, BmpHeader& header) {
  header.samples_offset = load32(bytes, 10, Endian::kLittle);
  header.header_bytes = load32(bytes, kFileHeaderBytes, Endian::kLittle);
  if (!has_bytes(bytes, kFileHeaderBytes, header.header_bytes)) return truncated(bytes);
  if (header.header_bytes == kCoreHeaderBytes) {
    header.width_px = load16(bytes, 18, Endian::kLittle);
    header.height_px = load16(bytes, 20, Endian::kLittle);
    header.bits_per_pixel = load16(bytes, 24, Endian::kLittle);
    return ok_status();
  }
  const auto width = static_cast<int32_t>(load32(bytes, 18, Endian::kLittle));
  const auto height = static_cast<int32_t>(load32(bytes, 22, Endian::kLittle));
  if (width < 0) return corrupt("the BMP declares a width of " + std::to_string(width));
  header.width_px = static_cast<uint64_t>(width);
  header.height_px = static_cast<uint64_t>(std::llabs(height));
  header.is_top_down = height < 0;
  header.bits_per_pixel = load16(bytes, 28, Endian::kLittle);
  header.compression = load32(bytes, 30, Endian::kLittle);
  return ok_status();
}

Status check_kind(const BmpHeader& header) {
  const uint32_t bits = header.bits_per_pixel;
  bool is_read = false;
  switch (header.compression) {
    case kUncompressed: is_read = bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32; break;
    case kRunLengths8: is_read = bits == 8; break;
    case kRunLengths4: is_read = bits == 4; break;
    case kBitFields: case kAlphaBitFields: is_read = bits == 16 || bits == 32; break;
    default: break;
  }
  if (is_read) return ok_status();
  return unsupported("BMP with " + std::to_string(bits) + " bits a pixel and compression " +
                     std::to_string(header.compression) + " is not read");
}

// The masks follow the 40 bytes of the plain header, inside longer headers as well as behind it.
Status read_masks(ByteSpan bytes, BmpHeader& header) {
  if (header.bits_per_pixel == 16) header.masks = {0x7C00, 0x03E0, 0x001F, 0};
  if (header.bits_per_pixel == 32) header.masks = {0xFF0000, 0x00FF00, 0x0000FF, 0};
  if (header.compression != kBitFields && header.compression != kAlphaBitFields) return ok_status();
  const bool has_alpha_mask = header.header_bytes >= 56 || header.compression == kAlphaBitFields;
  const uint32_t num_masks = has_alpha_mask ? 4 : 3;
  if (!has_bytes(bytes, kFileHeaderBytes + kInfoHeaderBytes, 4 * num_masks)) return truncated(bytes);
  for (uint32_t i = 0; i < num_masks; ++i) {
    header.masks[i] = load32(bytes, kFileHeaderBytes + kInfoHeaderBytes + 4 * i, Endian::kLittle);
  }
  return ok_status();
}

Status read_palette(ByteSpan bytes, BmpHeader& header) {
  if (header.bits_per_pixel > 8) return ok_status();
  const bool is_core = header.header_bytes == kCoreHeaderBytes;
  const uint32_t entry_bytes = is_core ? 3 : 4;
  const uint32_t num_indexes = 1u << header.bits_per_pixel;
  const uint32_t declared = is_core ? 0 : load32(bytes, 46, Endian::kLittle);
  const uint32_t num_entries = declared == 0 ? num_indexes : std::min(declared, num_indexes);
  const uint64_t offset = uint64_t{kFileHeaderBytes} + header.header_bytes;
  if (!has_bytes(bytes, offset, uint64_t{entry_bytes} * num_entries)) return truncated(bytes);
  header.palette.resize(num_indexes);  // indexes beyond the entries are black
  header.has_grey_palette = true;
  for (uint32_t i = 0; i < num_entries; ++i) {
    const ByteSpan entry = bytes.subspan(offset + entry_bytes * i, 3);
    header.palette[i] = {entry[2], entry[1], entry[0]};
    header.has_grey_palette = header.has_grey_palette && entry[0] == entry[1] && entry[1] == entry[2];
  }
  return ok_status();
}

void put_colour(const BmpHeader& header, const Colour& colour, uint8_t* pixel) {
  pixel[0] = colour.red;
  if (header.has_grey_palette) return;
  pixel[1] = colour.green;
  pixel[2] = colour.blue;
}

// A field of a pixel, scaled to 0..255.
uint8_t masked_sample(uint32_t value, uint32_t mask) {
  if (mask == 0) return 0;
  const int shift = __builtin_ctz(mask);
  const uint64_t most = mask >> shift;
  const uint64_t field = (value & mask) >> shift;
  return static_cast<uint8_t>((field * 255 + most / 2) / most);
}

void unpack_row(const BmpHeader& header, ByteSpan row, uint8_t* target) {
  const uint32_t bits = header.bits_per_pixel;
  const int num_channels = header.num_channels();
  for (uint64_t x = 0; x < header.width_px; ++x, target += num_channels) {
    if (bits <= 8) {
      const uint64_t first_bit = x * bits;
      const int shift = static_cast<int>(8 - bits - first_bit % 8);
      put_colour(header, header.palette[(row[first_bit / 8] >> shift) & ((1u << bits) - 1)], target);
    } else if (bits == 24) {
      put_colour(header, {row[3 * x + 2], row[3 * x + 1], row[3 * x]}, target);
    } else {
      const uint32_t value = load_bytes(row, x * bits / 8, static_cast<int>(bits / 8), Endian::kLittle);
      for (int c = 0; c < num_channels; ++c) target[c] = masked_sample(value, header.masks[static_cast<size_t>(c)]);
    }
  }
}

uint8_t* row_of(const BmpHeader& header, uint64_t y, Image& image) {
  const uint64_t row = header.is_top_down ? y : header.height_px - 1 - y;
  return image.samples.data() + row * image.row_bytes();
}

// Pixels of run-length coded files in file order; what lies outside the picture is passed over.
class RunTarget {
 public:
  RunTarget(const BmpHeader& header, Image& image) : header_(header), image_(image) {}

  void put(uint8_t index) {
    if (x_ < header_.width_px && y_ < header_.height_px) {
      uint8_t* pixel = row_of(header_, y_, image_) + x_ * static_cast<uint64_t>(image_.num_channels);
      put_colour(header_, header_.palette[index & (header_.palette.size() - 1)], pixel);
    }
    ++x_;
  }
  void end_line() { x_ = 0; ++y_; }
  void move(uint8_t right, uint8_t up) { x_ += right; y_ += up; }
  bool is_full() const { return y_ >= header_.height_px || (y_ + 1 == header_.height_px && x_ >= header_.width_px); }

 private:
  const BmpHeader& header_;
  Image& image_;
  uint64_t x_ = 0;
  uint64_t y_ = 0;  // in file order
};

uint8_t index_in(ByteSpan packed, size_t i, bool is_4_bit) {
  if (!is_4_bit) return packed[i];
  return i % 2 == 0 ? packed[i / 2] >> 4 : packed[i / 2] & 0x0F;
}

// Pairs of count and value; count 0 escapes: 0 end of line, 1 end of picture, 2 move, else that many plain indexes.
Status unpack_runs(const BmpHeader& header, ByteSpan bytes, Image& image) {
  RunTarget target(header, image);
  const bool is_4_bit = header.compression == kRunLengths4;
  for (uint64_t at = header.samples_offset; has_bytes(bytes, at, 2); at += 2) {
    const uint8_t count = bytes[at];
    const uint8_t value = bytes[at + 1];
    if (count > 0) {
      for (size_t i = 0; i < count; ++i) target.put(index_in({&value, 1}, is_4_bit ? i % 2 : 0, is_4_bit));
    } else if (value == 0) {
      target.end_line();
    } else if (value == 1) {
      return ok_status();
    } else if (value == 2) {
      if (!has_bytes(bytes, at, 4)) break;
      target.move(bytes[at + 2], bytes[at + 3]);
      at += 2;
    } else {
      const uint64_t size = is_4_bit ? (value + 1u) / 2 : value;
      if (!has_bytes(bytes, at + 2, size)) break;
      for (size_t i = 0; i < value; ++i) target.put(index_in(bytes.subspan(at + 2, size), i, is_4_bit));
      at += size + size % 2;
    }
  }
  return target.is_full() ? ok_status() : truncated(bytes);  // some writers leave out the last mark
}

}  // namespace

Result<Image> read_bmp(ByteSpan bytes, const ImageReadOptions& options) {
  BmpHeader header;
  LACONIC_RETURN_IF_ERROR(read_sizes(bytes, header));
  LACONIC_RETURN_IF_ERROR(check_image_size(header.width_px, header.height_px, options.limits));
  LACONIC_RETURN_IF_ERROR(check_kind(header));
  LACONIC_RETURN_IF_ERROR(read_masks(bytes, header));
  LACONIC_RETURN_IF_ERROR(read_palette(bytes, header));
  // A run of 2 bytes makes at most 255 pixels, a move may pass over 255 rows.
  const uint64_t least_bytes = header.has_runs() ? header.height_px / 255 : header.row_bytes() * header.height_px;
  if (!has_bytes(bytes, header.samples_offset, least_bytes)) return truncated(bytes);
  LACONIC_ASSIGN_OR_RETURN(Image image, allocate_image(header.width_px, header.height_px, header.num_channels(), 8,
                                                       options.limits));
  if (header.has_runs()) {
    LACONIC_RETURN_IF_ERROR(unpack_runs(header, bytes, image));
    return image;
  }
  for (uint64_t y = 0; y < header.height_px; ++y) {
    const ByteSpan row = bytes.subspan(header.samples_offset + y * header.row_bytes(), header.row_bytes());
    unpack_row(header, row, row_of(header, y, image));
  }
  return image;
}

}  // namespace laconic
