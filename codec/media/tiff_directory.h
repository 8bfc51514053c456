// Image file directories of TIFF (TIFF 6.0, section 2), which are also what an Exif block is made of.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/media/byte_order.h"

namespace laconic {

// Where an entry's values lie; they have been compared with the end of the bytes.
struct TiffEntry {
  uint16_t type = 0;  // 1 byte, 2 text, 3 16 bit, 4 32 bit, 7 undefined; others are not needed here
  uint32_t count = 0;
  uint64_t offset = 0;  // of the first value
};

// The first directory. Borrows the bytes.
class TiffDirectory {
 public:
  static Result<TiffDirectory> open(ByteSpan bytes);

  // std::nullopt when absent, of a type not needed here, or outside the bytes.
  std::optional<TiffEntry> find(uint16_t tag) const;
  // Value number `index` of a byte, 16-bit or 32-bit entry; `otherwise` when there is none.
  uint32_t number(uint16_t tag, uint32_t otherwise, uint32_t index = 0) const;
  // The values of an entry as bytes; empty when absent.
  ByteSpan values(uint16_t tag) const;
  // Of a directory behind this one. Exif blocks may end without saying; files may not.
  bool says_next() const { return says_next_; }
  bool has_next() const { return next_ != 0; }

 private:
  ByteSpan bytes_;
  Endian endian_ = Endian::kLittle;
  uint64_t first_entry_ = 0;
  int num_entries_ = 0;
  bool says_next_ = false;
  uint32_t next_ = 0;
};

// 1..8; 1 when the block names none or another.
int tiff_orientation(ByteSpan tiff);
// Sets the orientation to 1 where there is one: two bytes change.
void reset_tiff_orientation(Bytes& tiff);

// Turns the samples as the Exif block of the picture says, and resets it there.
void apply_exif_orientation(Image& image);

}  // namespace laconic
