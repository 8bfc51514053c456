#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "codec/media/byte_order.h"
#include "codec/media/tiff_file.h"

namespace laconic {
namespace {

constexpr size_t kStripBytes = 1u << 18;  // before compression
constexpr int kDeflateLevel = 6;
constexpr uint16_t kByte = 1, kShort = 3, kLong = 4, kUndefined = 7;

// A directory entry and its values, little-endian.
struct Entry {
  uint16_t tag;
  uint16_t type;
  Bytes values;

  uint32_t count() const {
    const size_t value_bytes = type == kShort ? 2 : type == kLong ? 4 : 1;
    return static_cast<uint32_t>(values.size() / value_bytes);
  }
};

Entry numbers(uint16_t tag, uint16_t type, const std::vector<uint32_t>& values) {
  Entry entry = {tag, type, {}};
  for (const uint32_t value : values) append_number(entry.values, value, type == kShort ? 2 : 4, Endian::kLittle);
  return entry;
}

// Differences to the pixel on the left (TIFF 6.0, section 14), in little-endian samples.
void append_predicted_row(const uint8_t* row, const Image& image, Bytes& out) {
  const auto channels = static_cast<size_t>(image.num_channels);
  const size_t num_samples = channels * static_cast<size_t>(image.width_px);
  if (image.bit_depth == 8) {
    for (size_t i = 0; i < num_samples; ++i) {
      out.push_back(static_cast<uint8_t>(row[i] - (i < channels ? 0 : row[i - channels])));
    }
    return;
  }
  for (size_t i = 0; i < num_samples; ++i) {
    uint16_t value = 0;
    uint16_t left = 0;
    std::memcpy(&value, row + 2 * i, 2);
    if (i >= channels) std::memcpy(&left, row + 2 * (i - channels), 2);
    append_number(out, static_cast<uint16_t>(value - left), 2, Endian::kLittle);
  }
}

// Appends to out; offsets and lengths of the strips are collected.
Status append_strips(const Image& image, uint32_t rows_per_strip, Bytes& out, std::vector<uint32_t>& offsets,
                     std::vector<uint32_t>& lengths) {
  Bytes strip;
  for (int top = 0; top < image.height_px; top += static_cast<int>(rows_per_strip)) {
    strip.clear();
    const int bottom = static_cast<int>(std::min<int64_t>(int64_t{top} + rows_per_strip, image.height_px));
    for (int y = top; y < bottom; ++y) {
      append_predicted_row(image.samples.data() + static_cast<size_t>(y) * image.row_bytes(), image, strip);
    }
    const size_t offset = out.size();
    uLongf packed_size = compressBound(strip.size());
    out.resize(offset + packed_size);
    if (compress2(out.data() + offset, &packed_size, strip.data(), strip.size(), kDeflateLevel) != Z_OK) {
      return internal_error("zlib does not compress the TIFF");
    }
    out.resize(offset + packed_size);
    if (out.size() > UINT32_MAX) return invalid_argument("the TIFF would be longer than the 4 GiB its offsets reach");
    offsets.push_back(static_cast<uint32_t>(offset));
    lengths.push_back(static_cast<uint32_t>(packed_size));
  }
  return ok_status();
}

std::vector<Entry> make_entries(const Image& image, const ImageMetadata& metadata, uint32_t rows_per_strip,
                                const std::vector<uint32_t>& offsets, const std::vector<uint32_t>& lengths) {
  const auto channels = static_cast<uint32_t>(image.num_channels);
  std::vector<Entry> entries;  // ascending tags
  entries.push_back(numbers(256, kLong, {static_cast<uint32_t>(image.width_px)}));
  entries.push_back(numbers(257, kLong, {static_cast<uint32_t>(image.height_px)}));
  entries.push_back(numbers(258, kShort, std::vector<uint32_t>(channels, static_cast<uint32_t>(image.bit_depth))));
  entries.push_back(numbers(259, kShort, {8}));                        // Deflate
  entries.push_back(numbers(262, kShort, {image.is_grey() ? 1u : 2u}));  // black is zero, RGB
  entries.push_back(numbers(273, kLong, offsets));
  entries.push_back(numbers(277, kShort, {channels}));
  entries.push_back(numbers(278, kLong, {rows_per_strip}));
  entries.push_back(numbers(279, kLong, lengths));
  entries.push_back(numbers(284, kShort, {1}));  // channels interleaved
  entries.push_back(numbers(317, kShort, {2}));  // horizontal differences
  if (image.has_alpha()) entries.push_back(numbers(338, kShort, {2}));  // alpha, not premultiplied
  if (!metadata.xmp.empty()) entries.push_back({700, kByte, metadata.xmp});
  if (!metadata.icc.empty()) entries.push_back({34675, kUndefined, metadata.icc});
  return entries;
}

// Long values first, then the directory; gives the directory's offset.
size_t append_directory(const std::vector<Entry>& entries, Bytes& out) {
  std::vector<size_t> offsets;
  for (const Entry& entry : entries) {
    if (out.size() % 2 != 0) out.push_back(0);  // values and directories begin at even offsets
    offsets.push_back(out.size());
    if (entry.values.size() > 4) append_bytes(out, entry.values);
  }
  if (out.size() % 2 != 0) out.push_back(0);
  const size_t directory_offset = out.size();
  append_number(out, static_cast<uint32_t>(entries.size()), 2, Endian::kLittle);
  for (size_t i = 0; i < entries.size(); ++i) {
    append_number(out, entries[i].tag, 2, Endian::kLittle);
    append_number(out, entries[i].type, 2, Endian::kLittle);
    append_number(out, entries[i].count(), 4, Endian::kLittle);
    if (entries[i].values.size() > 4) {
      append_number(out, static_cast<uint32_t>(offsets[i]), 4, Endian::kLittle);
    } else {
      append_bytes(out, entries[i].values);
      out.resize(out.size() + 4 - entries[i].values.size());
    }
  }
  append_number(out, 0, 4, Endian::kLittle);  // no further directory
  return directory_offset;
}

}  // namespace

Result<Bytes> write_tiff(const Image& image, const ImageMetadata& metadata) {
  const size_t row_bytes = image.row_bytes();
  const auto rows_per_strip = static_cast<uint32_t>(
      std::min<size_t>(std::max<size_t>(1, kStripBytes / row_bytes), static_cast<size_t>(image.height_px)));
  Bytes out;
  append_text(out, "II");
  append_number(out, 42, 2, Endian::kLittle);
  append_number(out, 0, 4, Endian::kLittle);  // the directory's offset, set below
  std::vector<uint32_t> offsets;
  std::vector<uint32_t> lengths;
  LACONIC_RETURN_IF_ERROR(append_strips(image, rows_per_strip, out, offsets, lengths));
  const size_t directory = append_directory(make_entries(image, metadata, rows_per_strip, offsets, lengths), out);
  if (out.size() > UINT32_MAX) return invalid_argument("the TIFF would be longer than the 4 GiB its offsets reach");
  for (size_t i = 0; i < 4; ++i) out[4 + i] = static_cast<uint8_t>(directory >> (8 * i));
  return out;
}

}  // namespace laconic
