#include "entropy/section.h"

#include <string>

#include "codec/base/crc32.h"

namespace laconic {

Bytes seal_section(Bytes payload) {
  const uint32_t check = crc32(payload);
  payload.push_back(static_cast<uint8_t>(check));
  payload.push_back(static_cast<uint8_t>(check >> 8));
  return payload;
}

Result<ByteSpan> open_section(ByteSpan section) {
  if (section.size() < kSectionCheckBytes) {
    return need_more_data("a section has " + std::to_string(section.size()) + " bytes, at least 2 are needed");
  }
  const ByteSpan payload = section.first(section.size() - kSectionCheckBytes);
  const uint32_t stored = section[payload.size()] | uint32_t{section[payload.size() + 1]} << 8;
  const uint32_t computed = crc32(payload) & 0xFFFF;
  if (stored != computed) {
    return corrupt("a section's check is " + std::to_string(stored) + ", but its bytes give " +
                   std::to_string(computed));
  }
  return payload;
}

}  // namespace laconic
