// Integers of variable length (LEB128), and a reader that knows its end.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

// 7 bits a byte, lowest first; bit 7 set on all bytes but the last. 1 to 10 bytes, always the fewest.
void append_varint(Bytes& bytes, uint64_t value);
constexpr size_t kMaxVarintBytes = 10;

// Reads forward through a span that must outlive it. What does not fit gives kNeedMoreData and moves nothing.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  Result<uint8_t> read_u8();
  Result<uint16_t> read_u16();  // little-endian, as the following
  Result<uint32_t> read_u32();
  Result<uint64_t> read_u64();
  // kCorrupt when it is longer than it need be or passes 64 bits.
  Result<uint64_t> read_varint();
  // The next num_bytes, inside the span.
  Result<ByteSpan> read_bytes(uint64_t num_bytes);

 private:
  Result<uint64_t> read_little_endian(int num_bytes);

  ByteSpan bytes_;
  size_t position_ = 0;  // <= bytes_.size()
};

}  // namespace laconic
