#include "codec/format/section_table.h"

#include <string>

#include "codec/format/crc24.h"

namespace laconic {
namespace {

constexpr uint64_t kHeaderCheckBytes = 3;

}  // namespace

// FORMAT.md 4.4. The lengths' sum is at most max_total.
Result<std::vector<uint64_t>> read_section_table(ByteReader& reader, uint64_t num_sections, uint64_t max_total) {
  // num_sections is below 2^46 (geometry.h), so this cannot wrap.
  const uint64_t bytes_needed = num_sections * (1 + kMinSectionBytes) + kHeaderCheckBytes;
  if (reader.remaining() < bytes_needed) {
    return need_more_data(std::to_string(num_sections) + " sections need " + std::to_string(bytes_needed) +
                          " bytes or more, there are " + std::to_string(reader.remaining()));
  }
  std::vector<uint64_t> lengths;
  lengths.reserve(num_sections);
  uint64_t total = 0;
  for (uint64_t i = 0; i < num_sections; ++i) {
    LACONIC_ASSIGN_OR_RETURN(const uint64_t length, reader.read_varint());
    if (length < kMinSectionBytes) {
      return corrupt("section " + std::to_string(i) + " has " + std::to_string(length) + " bytes, allowed are " +
                     std::to_string(kMinSectionBytes) + " or more");
    }
    if (length > max_total - total) {
      return limit_exceeded("section " + std::to_string(i) + " has " + std::to_string(length) +
                            " bytes; all sections together may have " + std::to_string(max_total));
    }
    total += length;
    lengths.push_back(length);
  }
  return lengths;
}

// FORMAT.md 4.5.
Status read_header_check(ByteReader& reader, ByteSpan checked_bytes) {
  LACONIC_ASSIGN_OR_RETURN(const ByteSpan found, reader.read_bytes(kHeaderCheckBytes));
  const uint32_t stored = found[0] | static_cast<uint32_t>(found[1]) << 8 | static_cast<uint32_t>(found[2]) << 16;
  if (stored != crc24(checked_bytes)) return corrupt("the header check does not agree with the header");
  return ok_status();
}

void append_header_check(Bytes& bytes) {
  const uint32_t check = crc24(bytes);
  for (int shift = 0; shift < 24; shift += 8) bytes.push_back(static_cast<uint8_t>(check >> shift));
}

Result<ByteSpan> read_section(ByteReader& reader, uint64_t length) {
  if (length > reader.remaining()) {
    return need_more_data("a section of " + std::to_string(length) + " bytes, there are " +
                          std::to_string(reader.remaining()));
  }
  return reader.read_bytes(length);
}

Status append_lengths(Bytes& bytes, const std::vector<Bytes>& sections) {
  for (const Bytes& section : sections) {
    if (section.size() < kMinSectionBytes) {
      return invalid_argument("a section of " + std::to_string(section.size()) + " bytes, allowed are " +
                              std::to_string(kMinSectionBytes) + " or more");
    }
    append_varint(bytes, section.size());
  }
  return ok_status();
}

void append_sections(Bytes& bytes, const std::vector<Bytes>& sections) {
  for (const Bytes& section : sections) bytes.insert(bytes.end(), section.begin(), section.end());
}

uint64_t size_of_all(const std::vector<Bytes>& sections) {
  uint64_t size = 0;
  for (const Bytes& section : sections) size += section.size();
  return size;
}

}  // namespace laconic
