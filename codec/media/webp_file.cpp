#include <cstring>

#include "codec/media/image_samples.h"
#include "codec/media/opencv_codec.h"
#include "codec/media/still_files.h"
#include "codec/media/webp_container.h"

namespace laconic {
namespace {

// On a transparent canvas, as players show it.
Result<Image> place_frame(const Image& frame, const WebpFrame& place, const WebpOutline& outline,
                          const Limits& limits) {
  LACONIC_ASSIGN_OR_RETURN(Image canvas, allocate_image(outline.width_px, outline.height_px, 4, 8, limits));
  for (int y = 0; y < frame.height_px; ++y) {
    for (int x = 0; x < frame.width_px; ++x) {
      const uint8_t* from = frame.samples.data() + y * frame.row_bytes() + static_cast<size_t>(x) * frame.num_channels;
      uint8_t* to = canvas.samples.data() + (y + place.y_px) * canvas.row_bytes() + (x + place.x_px) * size_t{4};
      std::memcpy(to, from, static_cast<size_t>(frame.num_channels));
      if (!frame.has_alpha()) to[3] = 255;
    }
  }
  return canvas;
}

Result<Image> decode_frame(const WebpFrame& frame, const WebpOutline& outline, const Limits& limits) {
  LACONIC_ASSIGN_OR_RETURN(Image image, allocate_image(frame.width_px, frame.height_px, 3, 8, limits));
  LACONIC_RETURN_IF_ERROR(decode_with_opencv(frame.file, "WebP", image));
  if (frame.width_px == outline.width_px && frame.height_px == outline.height_px) return image;
  return place_frame(image, frame, outline, limits);
}

Result<Image> decode_still(ByteSpan bytes, const WebpOutline& outline, const Limits& limits) {
  LACONIC_ASSIGN_OR_RETURN(Image image, allocate_image(outline.width_px, outline.height_px, outline.has_alpha ? 4 : 3,
                                                       8, limits));
  LACONIC_RETURN_IF_ERROR(decode_with_opencv(bytes, "WebP", image));
  return image;
}

}  // namespace

Result<Image> read_webp(ByteSpan bytes, const ImageReadOptions& options) {
  LACONIC_ASSIGN_OR_RETURN(WebpOutline outline, outline_webp(bytes, options.limits));
  if (outline.first_frame) add_warning(options.warnings, "the WebP is animated: only its first frame is read");
  LACONIC_ASSIGN_OR_RETURN(Image image, outline.first_frame
                                            ? decode_frame(*outline.first_frame, outline, options.limits)
                                            : decode_still(bytes, outline, options.limits));
  image.metadata = std::move(outline.metadata);
  return image;
}

}  // namespace laconic
