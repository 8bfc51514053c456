#include "codec/media/image_samples.h"
#include "codec/media/jpeg_segments.h"
#include "codec/media/opencv_codec.h"
#include "codec/media/still_files.h"

namespace laconic {
namespace {

// A block of 8 x 8 pixels takes at least one bit in the first scan. Arithmetic coding may take less: the factor allows
// for blank pictures while a header alone cannot ask for gigabytes.
constexpr uint64_t kMaxPixelsPerByte = 1u << 14;

}  // namespace

Result<Image> read_jpeg(ByteSpan bytes, const ImageReadOptions& options) {
  LACONIC_ASSIGN_OR_RETURN(JpegOutline outline, outline_jpeg(bytes, options.limits, options.warnings));
  const bool is_cmyk = outline.num_components == 4;
  // OpenCV reads all CMYK as Adobe's, which is stored inverted.
  if (is_cmyk && !outline.has_adobe_marker) return unsupported("CMYK JPEG without an Adobe marker is not read");
  const uint64_t num_pixels = static_cast<uint64_t>(outline.width_px) * outline.height_px;
  if (num_pixels / kMaxPixelsPerByte > outline.entropy_bytes) {
    return corrupt("the JPEG has " + std::to_string(outline.entropy_bytes) + " bytes of pixels, too few for " +
                   std::to_string(outline.width_px) + " x " + std::to_string(outline.height_px));
  }
  LACONIC_ASSIGN_OR_RETURN(Image image, allocate_image(outline.width_px, outline.height_px,
                                                       outline.num_components == 1 ? 1 : 3, 8, options.limits));
  LACONIC_RETURN_IF_ERROR(decode_with_opencv(bytes, "JPEG", image));
  image.metadata = std::move(outline.metadata);
  if (is_cmyk) {
    add_warning(options.warnings, "the JPEG is CMYK: it was converted to RGB without colour management");
    image.metadata.icc.clear();  // describes the inks
  }
  return image;
}

}  // namespace laconic
