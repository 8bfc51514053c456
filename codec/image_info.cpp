#include "codec/format/image_stream.h"
#include "codec/image_codec.h"

namespace laconic {
namespace {

uint64_t total_bytes(const std::vector<ByteSpan>& sections) {
  uint64_t size = 0;
  for (const ByteSpan section : sections) size += section.size();
  return size;
}

}  // namespace

Result<ImageStreamInfo> read_image_info(ByteSpan stream, const Limits& limits) {
  LACONIC_ASSIGN_OR_RETURN(const ImageStreamView view, parse_image_stream(stream, limits));
  ImageStreamInfo info;
  info.width_px = static_cast<int>(view.header.width_px);
  info.height_px = static_cast<int>(view.header.height_px);
  info.num_channels = view.header.num_channels();
  info.bit_depth = view.header.bit_depth();
  info.quality = quality_of_step(view.header.quality_step);
  info.model_id = model_id_to_hex(view.header.model_id);
  info.format_version = view.header.format_version;
  info.num_superblocks = static_cast<int>(view.colour_sections.size());
  info.header_bytes = view.header_bytes;
  info.icc_bytes = view.metadata.icc.size();
  info.exif_bytes = view.metadata.exif.size();
  info.xmp_bytes = view.metadata.xmp.size();
  info.colour_bytes = total_bytes(view.colour_sections);
  info.alpha_bytes = total_bytes(view.alpha_sections);
  info.stream_bytes = stream.size();
  return info;
}

}  // namespace laconic
