#include "codec/format/video_header.h"

#include "codec/format/header_fields.h"
#include "codec/format/section_table.h"

namespace laconic {
namespace {

constexpr uint8_t kFlagFullRange = 1;

// FORMAT.md 15: what the single fields' ranges do not say.
Status check(const VideoHeader& header) {
  if (header.bit_depth != 8 && header.bit_depth != 10)
    return corrupt("bit_depth is " + std::to_string(header.bit_depth) + ", allowed are 8 and 10");
  if (header.flags > kFlagFullRange) return corrupt("flags are " + std::to_string(header.flags) + ", allowed are 0 and 1");
  return ok_status();
}

}  // namespace

VideoFormat VideoHeader::format() const {
  VideoFormat format;
  format.width_px = static_cast<int>(width_px);
  format.height_px = static_cast<int>(height_px);
  format.chroma = static_cast<ChromaFormat>(chroma);
  format.bit_depth = bit_depth;
  format.colour = {primaries, transfer, matrix, (flags & kFlagFullRange) != 0};
  return format;
}

VideoHeader VideoHeader::of(const VideoFormat& format, const ModelId& image_model_id, const ModelId& video_model_id) {
  VideoHeader header;
  header.flags = format.colour.is_full_range ? kFlagFullRange : 0;
  header.width_px = static_cast<uint32_t>(format.width_px);
  header.height_px = static_cast<uint32_t>(format.height_px);
  header.chroma = static_cast<uint8_t>(format.chroma);
  header.bit_depth = static_cast<uint8_t>(format.bit_depth);
  header.primaries = format.colour.primaries;
  header.transfer = format.colour.transfer;
  header.matrix = format.colour.matrix;
  header.image_model_id = image_model_id;
  header.video_model_id = video_model_id;
  return header;
}

Result<VideoHeader> parse_video_header(ByteSpan bytes, const Limits& limits) {
  ByteReader reader(bytes);
  VideoHeader header;
  FieldReader fields(reader, limits, kVideoFormatVersion, "the stream header of a Laconic film");
  LACONIC_RETURN_IF_ERROR(visit_video_header(header, fields));
  LACONIC_RETURN_IF_ERROR(read_header_check(reader, bytes.first(reader.position())));
  const bool is_padded = reader.remaining() == 1 && bytes.size() % 2 == 0 && bytes[bytes.size() - 1] == 0;  // FORMAT.md 15: by Matroska
  if (reader.remaining() > 0 && !is_padded) return corrupt(std::to_string(reader.remaining()) + " bytes after the stream header");
  LACONIC_RETURN_IF_ERROR(check(header));
  if (uint64_t{header.width_px} * header.height_px > limits.max_pixels) {
    return limit_exceeded("frames of " + std::to_string(header.width_px) + " x " + std::to_string(header.height_px) +
                          " pixels, allowed are " + std::to_string(limits.max_pixels) + " in all");
  }
  return header;
}

Result<Bytes> write_video_header(const VideoHeader& header) {
  LACONIC_RETURN_IF_ERROR(check(header));
  Bytes bytes;
  FieldWriter fields(bytes, kVideoFormatVersion);
  LACONIC_RETURN_IF_ERROR(visit_video_header(header, fields));
  append_header_check(bytes);
  return bytes;
}

}  // namespace laconic
