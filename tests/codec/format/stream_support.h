// Streams for the tests of codec/format: valid in form, with sections of arbitrary bytes.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "codec/format/crc24.h"
#include "codec/format/image_stream.h"

namespace laconic::testing {

inline Bytes random_bytes(std::mt19937& random, size_t size) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// Sections as the header asks for, 3..max_section_bytes bytes each.
inline void fill_sections(ImageStream& stream, std::mt19937& random, size_t max_section_bytes) {
  const auto grid = SuperblockGrid::create(stream.header.width_px, stream.header.height_px);
  const auto section = [&] {
    return random_bytes(random, kMinSectionBytes + random() % (max_section_bytes - kMinSectionBytes + 1));
  };
  const int64_t num_colour = grid->num_superblocks();
  const int64_t num_alpha = stream.header.has_alpha_plane() ? num_colour : stream.header.has_alpha_bitmap() ? 1 : 0;
  for (int64_t i = 0; i < num_colour; ++i) stream.colour_sections.push_back(section());
  for (int64_t i = 0; i < num_alpha; ++i) stream.alpha_sections.push_back(section());
}

// Any flags, 1..3000 pixels a side, 0..3 metadata blocks.
inline ImageStream random_stream(std::mt19937& random) {
  ImageStream stream;
  ImageHeader& header = stream.header;
  header.set_flag(kFlagGrey, random() & 1);
  header.set_flag(kFlagAlpha, random() & 1);
  header.set_flag(kFlag16Bit, random() & 1);
  const bool is_small = random() & 1;
  header.width_px = 1 + random() % (is_small ? 127 : 3000);
  header.height_px = 1 + random() % (is_small ? 127 : 3000);
  for (uint8_t& byte : header.model_id) byte = static_cast<uint8_t>(random());
  header.quality_step = random() % (kMaxQualityStep + 1);
  if (header.has_alpha()) header.alpha_coding = random() & 1;
  if (header.has_alpha_plane()) header.alpha_quality_step = random() % (kMaxQualityStep + 1);
  if (random() & 1) stream.metadata.icc = random_bytes(random, random() % 300);
  if (random() & 1) stream.metadata.exif = random_bytes(random, random() % 300);
  if (random() & 1) stream.metadata.xmp = random_bytes(random, random() % 300);
  header.set_flag(kFlagMetadata, has_metadata_blocks(stream.metadata));
  fill_sections(stream, random, 200);
  return stream;
}

// The 4..16 fixed bytes of a header with these dimensions, for tests that put a stream together by hand.
inline Bytes start_of_header(uint8_t flags, uint64_t width_px, uint64_t height_px) {
  Bytes bytes = {0xB1, 'L', 'A', 'C', static_cast<uint8_t>(0x10 | flags)};
  append_varint(bytes, width_px);
  append_varint(bytes, height_px);
  for (uint8_t i = 0; i < 8; ++i) bytes.push_back(i);
  return bytes;
}

inline void append_bytes(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

inline void append_check(Bytes& bytes) {
  const uint32_t check = crc24(bytes);
  append_bytes(bytes,
               {static_cast<uint8_t>(check), static_cast<uint8_t>(check >> 8), static_cast<uint8_t>(check >> 16)});
}

inline Bytes copy_of(ByteSpan span) { return Bytes(span.begin(), span.end()); }

}  // namespace laconic::testing
