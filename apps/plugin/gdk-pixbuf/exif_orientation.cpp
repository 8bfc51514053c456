#include "apps/plugin/gdk-pixbuf/exif_orientation.h"

namespace laconic::gdk_pixbuf {
namespace {

constexpr uint32_t kOrientationTag = 274;
constexpr uint32_t kShort = 3;        // type of the entry: 16 bits
constexpr size_t kHeaderBytes = 8;    // byte order, 42, offset of the first directory
constexpr size_t kEntryBytes = 12;    // tag, type, count, value

// Numbers of a TIFF structure. Reading past its end gives 0, which no caller takes for something sensible.
class TiffNumbers {
 public:
  TiffNumbers(const uint8_t* bytes, size_t size) : bytes_(bytes), size_(size), is_big_endian_(size > 0 && bytes[0] == 'M') {}

  uint32_t u16(size_t offset) const { return read(offset, 2); }
  uint32_t u32(size_t offset) const { return read(offset, 4); }

 private:
  uint32_t read(size_t offset, size_t num_bytes) const {
    if (offset > size_ || size_ - offset < num_bytes) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < num_bytes; ++i) value = value << 8 | bytes_[offset + (is_big_endian_ ? i : num_bytes - 1 - i)];
    return value;
  }

  const uint8_t* const bytes_;
  const size_t size_;
  const bool is_big_endian_;
};

}  // namespace

int exif_orientation(const uint8_t* exif, size_t size) {
  if (size < kHeaderBytes || exif[0] != exif[1] || (exif[0] != 'I' && exif[0] != 'M')) return 0;
  const TiffNumbers tiff(exif, size);
  if (tiff.u16(2) != 42) return 0;
  const size_t directory = tiff.u32(4);
  const uint32_t num_entries = tiff.u16(directory);
  for (uint32_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (tiff.u16(entry) != kOrientationTag) continue;
    const uint32_t orientation = tiff.u16(entry + 8);  // a short lies at the beginning of the value's four bytes
    const bool is_sensible = tiff.u16(entry + 2) == kShort && tiff.u32(entry + 4) == 1 && orientation >= 1 && orientation <= 8;
    return is_sensible ? static_cast<int>(orientation) : 0;
  }
  return 0;
}

}  // namespace laconic::gdk_pixbuf
