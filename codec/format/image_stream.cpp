#include "codec/format/image_stream.h"

#include <string>

#include "codec/format/section_table.h"

namespace laconic {
namespace {

uint64_t num_alpha_sections(const ImageHeader& header, const SuperblockGrid& grid) {
  if (header.has_alpha_bitmap()) return 1;
  return header.has_alpha_plane() ? static_cast<uint64_t>(grid.num_superblocks()) : 0;
}

}  // namespace

Result<ImageStreamView> parse_image_stream(ByteSpan stream, const Limits& limits) {
  if (stream.size() > limits.max_stream_bytes) {
    return limit_exceeded("stream of " + std::to_string(stream.size()) + " bytes, allowed are " +
                          std::to_string(limits.max_stream_bytes));
  }
  ByteReader reader(stream);
  ImageStreamView view;
  LACONIC_ASSIGN_OR_RETURN(view.header, read_image_header(reader, limits));
  LACONIC_ASSIGN_OR_RETURN(view.grid, SuperblockGrid::create(view.header.width_px, view.header.height_px));
  if (view.header.has_metadata()) {
    LACONIC_ASSIGN_OR_RETURN(view.metadata, read_metadata_blocks(reader, limits));
  }

  const uint64_t num_colour = static_cast<uint64_t>(view.grid.num_superblocks());
  const uint64_t num_sections = num_colour + num_alpha_sections(view.header, view.grid);
  LACONIC_ASSIGN_OR_RETURN(const std::vector<uint64_t> lengths,
                           read_section_table(reader, num_sections, limits.max_stream_bytes));
  LACONIC_RETURN_IF_ERROR(read_header_check(reader, stream.first(stream.size() - reader.remaining())));
  view.header_bytes = stream.size() - reader.remaining();

  for (uint64_t i = 0; i < num_sections; ++i) {
    LACONIC_ASSIGN_OR_RETURN(const ByteSpan section, read_section(reader, lengths[i]));
    (i < num_colour ? view.colour_sections : view.alpha_sections).push_back(section);
  }
  if (reader.remaining() > 0) {
    return corrupt(std::to_string(reader.remaining()) + " bytes after the last section");
  }
  return view;
}

Result<Bytes> write_image_stream(const ImageStream& stream) {
  ImageHeader header = stream.header;
  header.set_flag(kFlagMetadata, has_metadata_blocks(stream.metadata));
  Bytes bytes;
  LACONIC_RETURN_IF_ERROR(append_image_header(bytes, header));
  if (header.has_metadata()) append_metadata_blocks(bytes, stream.metadata);

  LACONIC_ASSIGN_OR_RETURN(const SuperblockGrid grid, SuperblockGrid::create(header.width_px, header.height_px));
  const uint64_t num_colour = static_cast<uint64_t>(grid.num_superblocks());
  if (stream.colour_sections.size() != num_colour || stream.alpha_sections.size() != num_alpha_sections(header, grid)) {
    return invalid_argument(std::to_string(stream.colour_sections.size()) + " colour and " +
                            std::to_string(stream.alpha_sections.size()) + " alpha sections; the picture has " +
                            std::to_string(num_colour) + " and " + std::to_string(num_alpha_sections(header, grid)));
  }
  LACONIC_RETURN_IF_ERROR(append_lengths(bytes, stream.colour_sections));
  LACONIC_RETURN_IF_ERROR(append_lengths(bytes, stream.alpha_sections));
  append_header_check(bytes);
  bytes.reserve(bytes.size() + size_of_all(stream.colour_sections) + size_of_all(stream.alpha_sections));
  append_sections(bytes, stream.colour_sections);
  append_sections(bytes, stream.alpha_sections);
  return bytes;
}

}  // namespace laconic
