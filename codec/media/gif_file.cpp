#include "codec/media/byte_order.h"
#include "codec/media/ffmpeg_frame.h"
#include "codec/media/image_samples.h"
#include "codec/media/still_files.h"

namespace laconic {
namespace {

constexpr uint8_t kExtension = 0x21, kImage = 0x2C;
constexpr uint64_t kScreenBytes = 13;  // signature and screen descriptor

// A flag byte says whether a palette follows and how long it is.
uint64_t palette_bytes(uint8_t flags) { return (flags & 0x80) != 0 ? 3ull << ((flags & 7) + 1) : 0; }

// Sub-blocks up to the empty one; false when the bytes end before it.
bool skip_sub_blocks(ByteSpan bytes, uint64_t& at) {
  while (has_bytes(bytes, at, 1)) {
    const uint8_t size = bytes[at];
    at += 1ull + size;
    if (size == 0) return has_bytes(bytes, at, 0);
  }
  return false;
}

// Complete frames, counted up to 2: more makes no difference. GIF89a specification, sections 18 to 27.
int count_frames(ByteSpan bytes) {
  uint64_t at = kScreenBytes + palette_bytes(bytes[10]);
  int num_frames = 0;
  while (num_frames < 2 && has_bytes(bytes, at, 10)) {
    const uint8_t kind = bytes[at];
    if (kind != kExtension && kind != kImage) break;  // the trailer, or damage
    at += kind == kExtension ? 2 : 10 + palette_bytes(bytes[at + 9]) + 1;
    if (!skip_sub_blocks(bytes, at)) break;
    if (kind == kImage) ++num_frames;
  }
  return num_frames;
}

}  // namespace

Result<Image> read_gif(ByteSpan bytes, const ImageReadOptions& options) {
  const int num_frames = has_bytes(bytes, 0, kScreenBytes) ? count_frames(bytes) : 0;
  if (num_frames == 0) return need_more_data("the GIF is truncated: it ends before its first frame does");
  const uint16_t width = load16(bytes, 6, Endian::kLittle);
  const uint16_t height = load16(bytes, 8, Endian::kLittle);
  LACONIC_RETURN_IF_ERROR(check_image_size(width, height, options.limits));
  LACONIC_ASSIGN_OR_RETURN(Image image, decode_frame_with_ffmpeg(StillDecoder::kGif, bytes, options.limits));
  if (num_frames > 1) add_warning(options.warnings, "the GIF is animated: only its first frame is read");
  if (image.num_channels == 4 && is_opaque(image)) drop_alpha(image);
  return image;
}

}  // namespace laconic
