// A whole .lac file (FORMAT.md 3): header, metadata, section table, header check, sections. What is inside a section is
// not looked at here: entropy/section.h opens it, codec/image decodes it.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/format/geometry.h"
#include "codec/format/image_header.h"
#include "codec/format/metadata_blocks.h"
#include "codec/format/section_table.h"
#include "codec/image.h"

namespace laconic {

// What an encoder hands over.
struct ImageStream {
  ImageHeader header;  // the metadata flag is set by write_image_stream
  ImageMetadata metadata;
  std::vector<Bytes> colour_sections;  // sealed; one for each superblock, raster order
  std::vector<Bytes> alpha_sections;   // sealed; none without alpha, one for a bitmap, else one for each superblock
};

// What a decoder gets. Every span borrows from the stream that was parsed.
struct ImageStreamView {
  ImageHeader header;
  SuperblockGrid grid;
  MetadataView metadata;
  std::vector<ByteSpan> colour_sections;  // sealed, as above
  std::vector<ByteSpan> alpha_sections;
  uint64_t header_bytes = 0;  // everything before the first section
};

// The number of sections is right, fields are in range, nothing follows the last section. kNeedMoreData exactly
// for a true beginning of a stream, and for damage that looks like one (FORMAT.md 13).
Result<ImageStreamView> parse_image_stream(ByteSpan stream, const Limits& limits);

// kInvalidArgument if a field is out of range or the number or size of the sections is not that of the picture.
Result<Bytes> write_image_stream(const ImageStream& stream);

}  // namespace laconic
