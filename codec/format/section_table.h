// What the headers of pictures and of film packets end in, and what follows them: section lengths, check, sections.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "entropy/varint.h"

namespace laconic {

// FORMAT.md 4.4: a byte of payload and the section's check.
constexpr uint64_t kMinSectionBytes = 3;

// FORMAT.md 4.4. The lengths' sum is at most max_total.
Result<std::vector<uint64_t>> read_section_table(ByteReader& reader, uint64_t num_sections, uint64_t max_total);
Status append_lengths(Bytes& bytes, const std::vector<Bytes>& sections);

// FORMAT.md 4.5: over everything before it.
Status read_header_check(ByteReader& reader, ByteSpan checked_bytes);
void append_header_check(Bytes& bytes);

Result<ByteSpan> read_section(ByteReader& reader, uint64_t length);
void append_sections(Bytes& bytes, const std::vector<Bytes>& sections);
uint64_t size_of_all(const std::vector<Bytes>& sections);

}  // namespace laconic
