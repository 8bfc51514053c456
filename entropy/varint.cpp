#include "entropy/varint.h"

#include <string>

namespace laconic {

void append_varint(Bytes& bytes, uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<uint8_t>(value | 0x80));
  bytes.push_back(static_cast<uint8_t>(value));
}

Result<ByteSpan> ByteReader::read_bytes(uint64_t num_bytes) {
  if (num_bytes > remaining()) {
    return need_more_data(std::to_string(num_bytes) + " bytes are needed at offset " + std::to_string(position_) +
                          ", " + std::to_string(remaining()) + " are left");
  }
  const ByteSpan result = bytes_.subspan(position_, static_cast<size_t>(num_bytes));
  position_ += static_cast<size_t>(num_bytes);
  return result;
}

Result<uint64_t> ByteReader::read_little_endian(int num_bytes) {
  LACONIC_ASSIGN_OR_RETURN(const ByteSpan bytes, read_bytes(static_cast<uint64_t>(num_bytes)));
  uint64_t value = 0;
  for (int i = 0; i < num_bytes; ++i) value |= uint64_t{bytes[static_cast<size_t>(i)]} << (8 * i);
  return value;
}

Result<uint8_t> ByteReader::read_u8() {
  LACONIC_ASSIGN_OR_RETURN(const uint64_t value, read_little_endian(1));
  return static_cast<uint8_t>(value);
}

Result<uint16_t> ByteReader::read_u16() {
  LACONIC_ASSIGN_OR_RETURN(const uint64_t value, read_little_endian(2));
  return static_cast<uint16_t>(value);
}

Result<uint32_t> ByteReader::read_u32() {
  LACONIC_ASSIGN_OR_RETURN(const uint64_t value, read_little_endian(4));
  return static_cast<uint32_t>(value);
}

Result<uint64_t> ByteReader::read_u64() { return read_little_endian(8); }

Result<uint64_t> ByteReader::read_varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < kMaxVarintBytes; ++i) {
    if (i >= remaining()) {
      return need_more_data("the input ends within a varint at offset " + std::to_string(position_));
    }
    const uint8_t byte = bytes_[position_ + i];
    // The tenth byte holds bit 63 alone.
    if (i == kMaxVarintBytes - 1 && byte > 1) break;
    value |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) {
        return corrupt("the varint at offset " + std::to_string(position_) + " has " + std::to_string(i + 1) +
                       " bytes, more than its value needs");
      }
      position_ += i + 1;
      return value;
    }
  }
  return corrupt("the varint at offset " + std::to_string(position_) + " exceeds 64 bits");
}

}  // namespace laconic
