#include <algorithm>
#include <limits>
#include <string>

#include "entropy/range_coder.h"

namespace laconic {
namespace {

uint16_t largest_index(Span<const uint16_t> table_indexes) {
  uint16_t largest = 0;
  for (const uint16_t index : table_indexes) largest = std::max(largest, index);
  return largest;
}

Status bad_value() { return corrupt("the range coder's state lies outside its range: the section is damaged"); }

// False if more is needed than a regular symbol: an escape or an error. Then decode_one goes on where has_ended is not
// set. See Note [Table layout].
template <typename Lane>
inline bool decode_regular(Lane& lane, const CdfTables::Entry& entry, const uint16_t* cells, int16_t& symbol) {
  const uint64_t value = lane.code / (lane.range >> kCdfBits);
  if (__builtin_expect(value >= kCdfTotal, 0)) return false;
  const uint16_t* last = cells + entry.last_offset;
  uint32_t k = cells[entry.first_offset + (value >> entry.bucket_shift)];
  // Two steps without a branch are enough nearly always.
  k += static_cast<uint32_t>(value > last[k]) + static_cast<uint32_t>(value > last[k + 1]);
  while (__builtin_expect(value > last[k], 0)) ++k;
  if (__builtin_expect(k == entry.num_symbols, 0)) return false;
  lane.narrow(CdfTables::start_of(last + k), CdfTables::count_of(last + k), kCdfBits);
  symbol = static_cast<int16_t>(entry.min_symbol + static_cast<int>(k));
  return !lane.has_ended;
}

}  // namespace

Status RangeDecoder::ended() const {
  return need_more_data("the section ends after " + std::to_string(lane0_.section.size()) + " bytes, at least " +
                        std::to_string(std::max(lane0_.position, lane1_.position) - 8) + " are needed");
}

Status RangeDecoder::binary_error() const { return has_bad_value_ ? bad_value() : ended(); }

Status RangeDecoder::decode_symbols(Span<const uint16_t> table_indexes, const CdfTables& tables,
                                    Span<int16_t> symbols) {
  LACONIC_CHECK(symbols.size() == table_indexes.size());
  LACONIC_CHECK(symbols.empty() || largest_index(table_indexes) < tables.size());
  const CdfTables::Entry* const entries = tables.entries_.data();
  const uint16_t* const cells = tables.cells_.data();
  size_t i = 0;
  for (; i < symbols.size() && (num_symbols_ < kSingleLaneSymbols || num_symbols_ % 2 != 0); ++i) {
    LACONIC_RETURN_IF_ERROR(decode_one(entries[table_indexes[i]], cells, symbols[i]));
  }
  while (symbols.size() - i >= 2) {
    DecoderLane<false> lane0 = lane0_;  // copies, to live in registers
    DecoderLane<true> lane1 = lane1_;
    const size_t begin = i;
    bool is_regular0 = true, is_regular1 = true;
    for (; symbols.size() - i >= 2; i += 2) {
      is_regular0 = decode_regular(lane0, entries[table_indexes[i]], cells, symbols[i]);
      is_regular1 = decode_regular(lane1, entries[table_indexes[i + 1]], cells, symbols[i + 1]);
      if (__builtin_expect(!(is_regular0 && is_regular1), 0)) break;
    }
    lane0_ = lane0;
    lane1_ = lane1;
    num_symbols_ += i - begin;
    if (is_regular0 && is_regular1) break;
    if (!is_regular0) LACONIC_RETURN_IF_ERROR(decode_one(lane0_, entries[table_indexes[i]], cells, symbols[i]));
    if (!is_regular1) LACONIC_RETURN_IF_ERROR(decode_one(lane1_, entries[table_indexes[i + 1]], cells, symbols[i + 1]));
    num_symbols_ += 2;
    i += 2;
  }
  if (i < symbols.size()) return decode_one(entries[table_indexes[i]], cells, symbols[i]);
  return ok_status();
}

Result<int> RangeDecoder::decode_symbol(int table_index, const CdfTables& tables) {
  LACONIC_CHECK(table_index >= 0 && static_cast<size_t>(table_index) < tables.size());
  int16_t symbol = 0;
  LACONIC_RETURN_IF_ERROR(decode_one(tables.entries_[static_cast<size_t>(table_index)], tables.cells_.data(), symbol));
  return int{symbol};
}

Status RangeDecoder::decode_one(const CdfTables::Entry& entry, const uint16_t* cells, int16_t& symbol) {
  const bool is_lane1 = num_symbols_ >= kSingleLaneSymbols && num_symbols_ % 2 != 0;
  ++num_symbols_;
  return is_lane1 ? decode_one(lane1_, entry, cells, symbol) : decode_one(lane0_, entry, cells, symbol);
}

template <typename Lane>
Status RangeDecoder::decode_one(Lane& lane, const CdfTables::Entry& entry, const uint16_t* cells, int16_t& symbol) {
  if (lane.has_ended) return ended();
  if (decode_regular(lane, entry, cells, symbol)) return ok_status();
  if (lane.has_ended) return ended();
  if (lane.code / (lane.range >> kCdfBits) >= kCdfTotal) return bad_value();
  const uint16_t* const last = cells + entry.last_offset + entry.num_symbols;
  lane.narrow(CdfTables::start_of(last), CdfTables::count_of(last), kCdfBits);
  return decode_escape(lane, entry.min_symbol, entry.min_symbol + static_cast<int>(entry.num_symbols) - 1, symbol);
}

// Mirrors EncoderLane::encode_escape.
template <typename Lane>
Status RangeDecoder::decode_escape(Lane& lane, int min_symbol, int max_symbol, int16_t& symbol) {
  LACONIC_ASSIGN_OR_RETURN(const uint32_t is_below, decode_bits(lane, 1));
  int num_low_bits = 0;
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const uint32_t goes_on, decode_bits(lane, 1));
    if (goes_on == 0) break;
    if (++num_low_bits > 15) return corrupt("an escape code starts with more than 15 ones");
  }
  LACONIC_ASSIGN_OR_RETURN(const uint32_t low_bits, decode_bits(lane, num_low_bits));
  const int distance = static_cast<int>((1u << num_low_bits) | low_bits);
  const int value = is_below != 0 ? min_symbol - distance : max_symbol + distance;
  if (value < std::numeric_limits<int16_t>::min() || value > std::numeric_limits<int16_t>::max()) {
    return corrupt("an escape code gives symbol " + std::to_string(value) + ", allowed are -32768..32767");
  }
  symbol = static_cast<int16_t>(value);
  return ok_status();
}

Result<uint32_t> RangeDecoder::decode_bypass(int num_bits) {
  LACONIC_CHECK(num_bits >= 0 && num_bits <= 32);
  return decode_bits(lane0_, num_bits);
}

template <typename Lane>
Result<uint32_t> RangeDecoder::decode_bits(Lane& lane, int num_bits) {
  uint32_t result = 0;
  while (num_bits > 0) {
    const int bits = num_bits > 16 ? num_bits - 16 : num_bits;
    const uint64_t value = lane.code / (lane.range >> bits);
    if (value >> bits != 0) return bad_value();
    lane.narrow(static_cast<uint32_t>(value), 1, bits);
    result = result << bits | static_cast<uint32_t>(value);
    num_bits -= bits;
  }
  if (lane.has_ended) return ended();
  return result;
}

namespace {

// The bytes a lane has in a section that ends here; is_valid becomes false if the bytes it was cut to differ from what
// the encoder writes. See Note [Final state].
template <typename Lane>
uint64_t check_cut(const Lane& lane, bool& is_valid) {
  if (!lane.is_used()) return 0;
  const uint64_t window_begin = lane.position - 8;
  const uint64_t v = lane.bytes_at(window_begin, 8);
  const FinalState final_state = final_state_of(v - lane.code, lane.range);
  if ((v ^ final_state.v) >> (64 - 8 * final_state.num_bytes) != 0) is_valid = false;
  return window_begin + static_cast<uint64_t>(final_state.num_bytes);
}

}  // namespace

// The length is compared first: a section that was cut has wrong values as well.
Status RangeDecoder::finish() {
  const size_t size = lane0_.section.size();
  bool is_valid = true;
  if (lane0_.is_used()) {
    is_valid = lane0_.code / (lane0_.range >> kEndMarkBits) == kEndMark;
    lane0_.narrow(kEndMark, 1, kEndMarkBits);
  }
  const uint64_t expected_size = check_cut(lane0_, is_valid) + check_cut(lane1_, is_valid);
  if (size < expected_size) {
    return need_more_data("the section has " + std::to_string(size) + " bytes, but its symbols take " +
                          std::to_string(expected_size));
  }
  if (size > expected_size) {
    return corrupt("the section has " + std::to_string(size) + " bytes, but its symbols take only " +
                   std::to_string(expected_size));
  }
  if (!is_valid) {
    return corrupt("the range coder's final state is wrong: damaged bytes, or other tables than the encoder's");
  }
  return ok_status();
}

}  // namespace laconic
