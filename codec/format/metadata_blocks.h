// Metadata blocks of a .lac file (FORMAT.md 4.3): ICC profile, Exif, XMP, byte for byte.
#pragma once

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/image.h"
#include "entropy/varint.h"

namespace laconic {

// Borrows from the stream it was read from; empty means absent.
struct MetadataView {
  ByteSpan icc;
  ByteSpan exif;
  ByteSpan xmp;
};

// Reads the blocks and their end mark.
Result<MetadataView> read_metadata_blocks(ByteReader& reader, const Limits& limits);

bool has_metadata_blocks(const ImageMetadata& metadata);
// At least one block is present.
void append_metadata_blocks(Bytes& bytes, const ImageMetadata& metadata);

ImageMetadata copy_metadata(const MetadataView& view);

}  // namespace laconic
