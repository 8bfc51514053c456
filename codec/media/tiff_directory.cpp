#include "codec/media/tiff_directory.h"

#include <string_view>

#include "codec/media/image_samples.h"

namespace laconic {
namespace {

using std::string_view_literals::operator""sv;

constexpr uint16_t kOrientation = 274;
constexpr uint64_t kEntryBytes = 12;
constexpr uint16_t kShort = 3;

// 0: of no use here.
uint64_t bytes_per_value(uint16_t type) {
  switch (type) {
    case 1: case 2: case 7: return 1;
    case 3: return 2;
    case 4: return 4;
    default: return 0;
  }
}

std::optional<TiffEntry> find_orientation(ByteSpan tiff) {
  const Result<TiffDirectory> directory = TiffDirectory::open(tiff);
  if (!directory.ok()) return std::nullopt;
  const std::optional<TiffEntry> entry = directory->find(kOrientation);
  if (!entry || entry->type != kShort || entry->count != 1) return std::nullopt;
  return entry;
}

}  // namespace

Result<TiffDirectory> TiffDirectory::open(ByteSpan bytes) {
  TiffDirectory directory;
  directory.bytes_ = bytes;
  if (starts_with(bytes, "MM\0\x2A"sv)) {
    directory.endian_ = Endian::kBig;
  } else if (!starts_with(bytes, "II\x2A\0"sv)) {
    return corrupt("this is no TIFF structure");
  }
  const uint32_t offset = load32(bytes, 4, directory.endian_);
  if (!has_bytes(bytes, 4, 4) || !has_bytes(bytes, offset, 2)) {
    return need_more_data("the TIFF is truncated: its directory lies behind its end");
  }
  directory.num_entries_ = load16(bytes, offset, directory.endian_);
  directory.first_entry_ = offset + 2ull;
  const uint64_t entries_bytes = kEntryBytes * static_cast<uint64_t>(directory.num_entries_);
  if (!has_bytes(bytes, directory.first_entry_, entries_bytes)) {
    return need_more_data("the TIFF is truncated: it ends inside its directory");
  }
  directory.says_next_ = has_bytes(bytes, directory.first_entry_ + entries_bytes, 4);
  directory.next_ = load32(bytes, directory.first_entry_ + entries_bytes, directory.endian_);
  return directory;
}

std::optional<TiffEntry> TiffDirectory::find(uint16_t tag) const {
  for (int i = 0; i < num_entries_; ++i) {
    const uint64_t at = first_entry_ + kEntryBytes * static_cast<uint64_t>(i);
    if (load16(bytes_, at, endian_) != tag) continue;
    TiffEntry entry;
    entry.type = load16(bytes_, at + 2, endian_);
    entry.count = load32(bytes_, at + 4, endian_);
    const uint64_t size = bytes_per_value(entry.type) * entry.count;
    entry.offset = size <= 4 ? at + 8 : load32(bytes_, at + 8, endian_);
    if (size == 0 || !has_bytes(bytes_, entry.offset, size)) return std::nullopt;
    return entry;
  }
  return std::nullopt;
}

uint32_t TiffDirectory::number(uint16_t tag, uint32_t otherwise, uint32_t index) const {
  const std::optional<TiffEntry> entry = find(tag);
  if (!entry || index >= entry->count) return otherwise;
  const uint64_t size = bytes_per_value(entry->type);
  return load_bytes(bytes_, entry->offset + size * index, static_cast<int>(size), endian_);
}

ByteSpan TiffDirectory::values(uint16_t tag) const {
  const std::optional<TiffEntry> entry = find(tag);
  if (!entry) return {};
  return bytes_.subspan(entry->offset, bytes_per_value(entry->type) * entry->count);
}

int tiff_orientation(ByteSpan tiff) {
  const std::optional<TiffEntry> entry = find_orientation(tiff);
  if (!entry) return 1;
  const uint16_t value = load16(tiff, entry->offset, starts_with(tiff, "MM"sv) ? Endian::kBig : Endian::kLittle);
  return value >= 1 && value <= 8 ? value : 1;
}

void reset_tiff_orientation(Bytes& tiff) {
  const std::optional<TiffEntry> entry = find_orientation(tiff);
  if (!entry) return;
  const bool is_big = starts_with(tiff, "MM"sv);
  tiff[entry->offset] = is_big ? 0 : 1;
  tiff[entry->offset + 1] = is_big ? 1 : 0;
}

void apply_exif_orientation(Image& image) {
  const int orientation = tiff_orientation(image.metadata.exif);
  if (orientation == 1) return;
  turn_upright(image, orientation);
  reset_tiff_orientation(image.metadata.exif);
}

}  // namespace laconic
