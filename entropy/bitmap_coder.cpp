#include "entropy/bitmap_coder.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/base/checked.h"
#include "entropy/adaptive_bit.h"
#include "entropy/range_coder.h"

namespace laconic {
namespace {

// Note [Bitmap model]
// Each row starts with one adaptive bit: 1 = the row equals the one above (zeros above the first), nothing more
// follows. Otherwise each pixel x is coded with one of 4096 adaptive bits, chosen by 12 pixels decoded before, 0
// outside the bitmap:
//            a b c        two rows above: x - 1 .. x + 1
//          d e f g h      the row above:  x - 2 .. x + 2
//      i j k l x          this row:       x - 4 .. x - 1
// The index of the model has a as highest and l as lowest bit.
struct BitmapModel {
  AdaptiveBit row_repeats;
  std::array<AdaptiveBit, 4096> pixels;
};

constexpr size_t kMargin = 3;  // zeros on both sides of a row, so that the template may look outside

// A row of the bitmap between zeros.
class PaddedRow {
 public:
  explicit PaddedRow(size_t width) : pixels_(width + 2 * kMargin) {}
  uint8_t* pixels() { return pixels_.data() + kMargin; }

 private:
  std::vector<uint8_t> pixels_;
};

// Codes one row that differs from the one above; code_bit(pixel, model) reads or writes the pixel. See Note [Bitmap
// model].
template <typename CodeBit>
Status code_row(uint8_t* row, const uint8_t* above, const uint8_t* above2, size_t width, BitmapModel& model,
                const CodeBit& code_bit) {
  uint32_t abc = above2[0];
  uint32_t defgh = static_cast<uint32_t>(above[0] << 1 | above[1]);
  uint32_t ijkl = 0;
  for (size_t x = 0; x < width; ++x) {
    abc = (abc << 1 | above2[x + 1]) & 0x7;
    defgh = (defgh << 1 | above[x + 2]) & 0x1F;
    LACONIC_RETURN_IF_ERROR(code_bit(row[x], model.pixels[abc << 9 | defgh << 4 | ijkl]));
    ijkl = (ijkl << 1 | row[x]) & 0xF;
  }
  return ok_status();
}

Result<size_t> checked_size(int width, int height) {
  if (width < 1 || height < 1) {
    return invalid_argument("a bitmap of " + std::to_string(width) + "x" + std::to_string(height) +
                            ", at least 1x1 is needed");
  }
  const auto size = checked_mul(static_cast<uint64_t>(width), static_cast<uint64_t>(height));
  if (!size || *size > SIZE_MAX / 2) return limit_exceeded("the bitmap exceeds the address space");
  return static_cast<size_t>(*size);
}

}  // namespace

Result<Bytes> encode_bitmap(Span<const uint8_t> bitmap, int width, int height) {
  LACONIC_ASSIGN_OR_RETURN(const size_t size, checked_size(width, height));
  if (bitmap.size() != size) {
    return invalid_argument("the bitmap has " + std::to_string(bitmap.size()) + " pixels, not " + std::to_string(size));
  }
  if (std::any_of(bitmap.begin(), bitmap.end(), [](uint8_t pixel) { return pixel > 1; })) {
    return invalid_argument("the bitmap holds values other than 0 and 1");
  }
  const size_t row_size = static_cast<size_t>(width);
  BitmapModel model;
  RangeEncoder encoder;
  PaddedRow row(row_size), above(row_size), above2(row_size);
  for (size_t begin = 0; begin < size; begin += row_size) {
    std::copy_n(bitmap.begin() + begin, row_size, row.pixels());
    const bool repeats = std::equal(row.pixels(), row.pixels() + row_size, above.pixels());
    encode_bit(repeats, model.row_repeats, encoder);
    if (!repeats) {
      LACONIC_RETURN_IF_ERROR(code_row(row.pixels(), above.pixels(), above2.pixels(), row_size, model,
                                       [&](uint8_t pixel, AdaptiveBit& bit_model) {
                                         encode_bit(pixel != 0, bit_model, encoder);
                                         return ok_status();
                                       }));
    }
    std::swap(above2, above);
    std::swap(above, row);
  }
  return encoder.finish();
}

Result<std::vector<uint8_t>> decode_bitmap(ByteSpan section, int width, int height) {
  LACONIC_ASSIGN_OR_RETURN(const size_t size, checked_size(width, height));
  const size_t row_size = static_cast<size_t>(width);
  std::vector<uint8_t> bitmap(size);
  BitmapModel model;
  RangeDecoder decoder(section);
  PaddedRow row(row_size), above(row_size), above2(row_size);
  for (size_t begin = 0; begin < size; begin += row_size) {
    bool repeats = false;
    LACONIC_RETURN_IF_ERROR(decode_bit(model.row_repeats, decoder, repeats));
    if (repeats) {
      std::copy_n(above.pixels(), row_size, row.pixels());
    } else {
      LACONIC_RETURN_IF_ERROR(code_row(row.pixels(), above.pixels(), above2.pixels(), row_size, model,
                                       [&](uint8_t& pixel, AdaptiveBit& bit_model) {
                                         bool bit = false;
                                         Status status = decode_bit(bit_model, decoder, bit);
                                         pixel = bit ? 1 : 0;
                                         return status;
                                       }));
    }
    std::copy_n(row.pixels(), row_size, bitmap.begin() + static_cast<std::ptrdiff_t>(begin));
    std::swap(above2, above);
    std::swap(above, row);
  }
  LACONIC_RETURN_IF_ERROR(decoder.finish());
  return bitmap;
}

}  // namespace laconic
