#include "codec/format/metadata_blocks.h"

#include <cstdint>
#include <string>

namespace laconic {
namespace {

enum BlockType : uint8_t { kEnd = 0, kIcc = 1, kExif = 2, kXmp = 3 };

void append_block(Bytes& bytes, BlockType type, const Bytes& content) {
  if (content.empty()) return;
  bytes.push_back(type);
  append_varint(bytes, content.size());
  bytes.insert(bytes.end(), content.begin(), content.end());
}

}  // namespace

Result<MetadataView> read_metadata_blocks(ByteReader& reader, const Limits& limits) {
  MetadataView view;
  ByteSpan* const contents[] = {nullptr, &view.icc, &view.exif, &view.xmp};
  uint64_t bytes_allowed = limits.max_metadata_bytes;
  int previous_type = kEnd;
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const uint8_t type, reader.read_u8());
    if (type == kEnd) break;
    // FORMAT.md 4.3: ascending order, each type at most once.
    if (type > kXmp || type <= previous_type) {
      return corrupt("metadata block of type " + std::to_string(type) + " after type " + std::to_string(previous_type) +
                     ", allowed are ascending types 1..3");
    }
    LACONIC_ASSIGN_OR_RETURN(const uint64_t length, reader.read_varint());
    if (length == 0) return corrupt("metadata block of type " + std::to_string(type) + " is empty");
    if (length > bytes_allowed) {
      return limit_exceeded("metadata block of " + std::to_string(length) + " bytes; all blocks together may have " +
                            std::to_string(limits.max_metadata_bytes));
    }
    LACONIC_ASSIGN_OR_RETURN(*contents[type], reader.read_bytes(length));
    bytes_allowed -= length;
    previous_type = type;
  }
  if (previous_type == kEnd) return corrupt("the header announces metadata blocks and has none");
  return view;
}

bool has_metadata_blocks(const ImageMetadata& metadata) {
  return !metadata.icc.empty() || !metadata.exif.empty() || !metadata.xmp.empty();
}

void append_metadata_blocks(Bytes& bytes, const ImageMetadata& metadata) {
  append_block(bytes, kIcc, metadata.icc);
  append_block(bytes, kExif, metadata.exif);
  append_block(bytes, kXmp, metadata.xmp);
  bytes.push_back(kEnd);
}

ImageMetadata copy_metadata(const MetadataView& view) {
  return {Bytes(view.icc.begin(), view.icc.end()), Bytes(view.exif.begin(), view.exif.end()),
          Bytes(view.xmp.begin(), view.xmp.end())};
}

}  // namespace laconic
