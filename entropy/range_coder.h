// The range coder: symbols with stored tables, raw bits, binary decisions; decoded in the order written.
//
// Note [Arithmetic]
// A lane is a big-endian fraction V = 0.b0 b1 b2 ... in base 256. The encoder narrows an interval [low, low + range),
// of which it keeps a 64-bit window (at first low = 0, range = 2^64 - 1); the decoder keeps code = V - low in the same
// window. To code the interval [start, start + count) out of 1 << bits, bits <= 16: unit = range >> bits;
// low += start * unit; range = count * unit. When range is below 2^32 then, the window moves on by 32 bits, once. So
// range >= 2^32 before each step, and truncation costs below 2^-15 bits. A low that overflows carries into bytes
// written.
//
// Note [Lanes]
// A section holds two lanes, so that decoding two symbols overlaps: lane 0 from the first byte forward, lane 1 from the
// last byte backward. Of the symbols coded with tables the first kSingleLaneSymbols of a section go to lane 0 (short
// sections then pay for one lane), later ones to lane 0 and 1 in turn: number n, from 0, to lane n & 1. An escape's
// bits go to the lane of the symbol; all else goes to lane 0. How symbols are grouped into calls does not matter.
//
// Note [Final state]
// A section in which nothing was coded is empty. Otherwise kEndMark (6 raw bits) is coded last, in lane 0; then each
// lane used is cut to the fewest bytes of its window, 1 to 5, such that the smallest possible V with these bytes stays
// inside the interval whatever follows. The decoder checks the mark, that the bytes of both lanes are all there is, and
// the cut bytes. Beyond the information coded that is below 6 + 9 bits with one lane, below 6 + 9 + 9 = 3 bytes with
// two.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/base/span.h"
#include "codec/base/status.h"
#include "entropy/cdf_table.h"
#include "entropy/range_lanes.h"

namespace laconic {

// One section is written by one encoder. One thread at a time.
class RangeEncoder {
 public:
  RangeEncoder() = default;
  RangeEncoder(const RangeEncoder&) = delete;
  RangeEncoder& operator=(const RangeEncoder&) = delete;

  // The hot path. symbols[i] is coded with tables[table_indexes[i]]; symbols outside their table are coded as escapes.
  // Fails (nothing is coded then) only if the lengths differ or an index is not below tables.size(): the caller's
  // mistake.
  Status encode_symbols(Span<const int16_t> symbols, Span<const uint16_t> table_indexes, const CdfTables& tables);

  // symbol: -32768..32767.
  Status encode_symbol(int symbol, int table_index, const CdfTables& tables);

  // num_bits: 0..32; value below 1 << num_bits. Costs num_bits bits.
  Status encode_bypass(uint32_t value, int num_bits);

  // A binary decision with a probability of the caller's: `first` has first_count out of 1 << bits, the other the rest.
  // 1 <= first_count < 1 << bits, bits <= 16; not checked.
  void encode_binary(bool first, uint32_t first_count, int bits) {
    EncoderLane& lane = lanes_[0];
    lane.reserve_words(1);
    lane.window.narrow(first ? 0 : first_count, first ? first_count : (1u << bits) - first_count, bits);
  }

  // The bytes of the section; the encoder is then as new.
  Bytes finish();

 private:
  void encode_one(int symbol, const CdfTables::Entry& entry, const uint16_t* cells);

  std::array<EncoderLane, 2> lanes_;
  uint64_t num_symbols_ = 0;  // coded with tables so far
};

// Reads what a RangeEncoder wrote, by calls of the same kinds in the same order, whatever the bytes are: it never reads
// outside its span and every call takes a bounded time. After an error its results mean nothing.
// kNeedMoreData: the section is too short for what was asked for. kCorrupt: no encoder writes this. A section cut short
// can give either, for lane 1 begins at its end.
class RangeDecoder {
 public:
  // section must outlive the decoder.
  explicit RangeDecoder(ByteSpan section) : lane0_(section), lane1_(section) {}

  // Lengths and indexes as for encode_symbols. symbols is written as far as decoding came.
  Status decode_symbols(Span<const uint16_t> table_indexes, const CdfTables& tables, Span<int16_t> symbols);
  Result<int> decode_symbol(int table_index, const CdfTables& tables);
  Result<uint32_t> decode_bypass(int num_bits);  // 0..32

  // Mirrors encode_binary. False on an error; binary_error() then says which. Inline, as it runs once a pixel.
  bool decode_binary(uint32_t first_count, int bits, bool& first) {
    const uint64_t unit = lane0_.range >> bits;
    first = lane0_.code < unit * first_count;
    has_bad_value_ |= lane0_.code >= unit << bits;
    lane0_.narrow(first ? 0 : first_count, first ? first_count : (1u << bits) - first_count, bits);
    return !(lane0_.has_ended || has_bad_value_);
  }
  Status binary_error() const;

  // To be called when everything is decoded: see Note [Final state].
  Status finish();

 private:
  Status ended() const;
  Status decode_one(const CdfTables::Entry& entry, const uint16_t* cells, int16_t& symbol);
  template <typename Lane>
  Status decode_one(Lane& lane, const CdfTables::Entry& entry, const uint16_t* cells, int16_t& symbol);
  template <typename Lane>
  Status decode_escape(Lane& lane, int min_symbol, int max_symbol, int16_t& symbol);
  template <typename Lane>
  Result<uint32_t> decode_bits(Lane& lane, int num_bits);

  DecoderLane<false> lane0_;
  DecoderLane<true> lane1_;
  uint64_t num_symbols_ = 0;    // decoded with tables so far
  bool has_bad_value_ = false;  // met by decode_binary
};

}  // namespace laconic
