#include <algorithm>
#include <iterator>
#include <limits>

#include "entropy/range_coder.h"

namespace laconic {
namespace {

constexpr size_t kBlockPairs = 1024;  // symbol pairs for which room is made at once

uint16_t largest_index(Span<const uint16_t> table_indexes) {
  uint16_t largest = 0;
  for (const uint16_t index : table_indexes) largest = std::max(largest, index);
  return largest;
}

// False, with nothing done, if the symbol needs an escape. See Note [Table layout].
inline bool encode_regular(EncoderWindow& window, int symbol, const CdfTables::Entry& entry, const uint16_t* cells) {
  const uint32_t k = static_cast<uint32_t>(symbol - entry.min_symbol);
  if (__builtin_expect(k >= entry.num_symbols, 0)) return false;
  const uint16_t* const last = cells + entry.last_offset + k;
  window.narrow(CdfTables::start_of(last), CdfTables::count_of(last), kCdfBits);
  return true;
}

}  // namespace

Status RangeEncoder::encode_symbols(Span<const int16_t> symbols, Span<const uint16_t> table_indexes,
                                    const CdfTables& tables) {
  LACONIC_CHECK(symbols.size() == table_indexes.size());
  LACONIC_CHECK(symbols.empty() || largest_index(table_indexes) < tables.size());
  const CdfTables::Entry* const entries = tables.entries_.data();
  const uint16_t* const cells = tables.cells_.data();
  size_t i = 0;
  for (; i < symbols.size() && (num_symbols_ < kSingleLaneSymbols || num_symbols_ % 2 != 0); ++i) {
    encode_one(symbols[i], entries[table_indexes[i]], cells);
  }
  while (symbols.size() - i >= 2) {
    const size_t num_pairs = std::min(kBlockPairs, (symbols.size() - i) / 2);
    for (EncoderLane& lane : lanes_) lane.reserve_words(num_pairs);
    EncoderWindow window0 = lanes_[0].window, window1 = lanes_[1].window;  // copies, to live in registers
    const size_t begin = i;
    bool is_regular = true;
    for (const size_t end = i + 2 * num_pairs; i < end && is_regular; i += is_regular ? 2 : 0) {
      // Both or none: a pair with an escape is left to encode_one.
      const CdfTables::Entry& entry0 = entries[table_indexes[i]];
      const CdfTables::Entry& entry1 = entries[table_indexes[i + 1]];
      is_regular = static_cast<uint32_t>(symbols[i + 1] - entry1.min_symbol) < entry1.num_symbols &&
                   encode_regular(window0, symbols[i], entry0, cells) &&
                   encode_regular(window1, symbols[i + 1], entry1, cells);
    }
    lanes_[0].window = window0;
    lanes_[1].window = window1;
    num_symbols_ += i - begin;
    if (!is_regular) {
      encode_one(symbols[i], entries[table_indexes[i]], cells);
      encode_one(symbols[i + 1], entries[table_indexes[i + 1]], cells);
      i += 2;
    }
  }
  if (i < symbols.size()) encode_one(symbols[i], entries[table_indexes[i]], cells);
  return ok_status();
}

Status RangeEncoder::encode_symbol(int symbol, int table_index, const CdfTables& tables) {
  LACONIC_CHECK(symbol >= std::numeric_limits<int16_t>::min() && symbol <= std::numeric_limits<int16_t>::max());
  LACONIC_CHECK(table_index >= 0 && static_cast<size_t>(table_index) < tables.size());
  encode_one(symbol, tables.entries_[static_cast<size_t>(table_index)], tables.cells_.data());
  return ok_status();
}

void RangeEncoder::encode_one(int symbol, const CdfTables::Entry& entry, const uint16_t* cells) {
  const bool is_lane1 = num_symbols_ >= kSingleLaneSymbols && num_symbols_ % 2 != 0;
  EncoderLane& lane = lanes_[is_lane1 ? 1 : 0];
  ++num_symbols_;
  lane.reserve_words(1);
  if (encode_regular(lane.window, symbol, entry, cells)) return;
  const uint16_t* const last = cells + entry.last_offset + entry.num_symbols;
  lane.window.narrow(CdfTables::start_of(last), CdfTables::count_of(last), kCdfBits);
  lane.encode_escape(symbol, entry.min_symbol, entry.min_symbol + static_cast<int>(entry.num_symbols) - 1);
}

Status RangeEncoder::encode_bypass(uint32_t value, int num_bits) {
  LACONIC_CHECK(num_bits >= 0 && num_bits <= 32 && uint64_t{value} >> num_bits == 0);
  lanes_[0].encode_bits(value, num_bits);
  return ok_status();
}

// See Note [Final state].
Bytes RangeEncoder::finish() {
  if (lanes_[0].is_used()) lanes_[0].encode_bits(kEndMark, kEndMarkBits);
  for (EncoderLane& lane : lanes_) {
    if (lane.is_used()) lane.cut();
  }
  Bytes section(lanes_[0].bytes.data(), lanes_[0].bytes.data() + lanes_[0].num_bytes());
  const uint8_t* const lane1 = lanes_[1].bytes.data();
  section.insert(section.end(), std::make_reverse_iterator(lane1 + lanes_[1].num_bytes()),
                 std::make_reverse_iterator(lane1));
  lanes_ = {};
  num_symbols_ = 0;
  return section;
}

void EncoderLane::grow(size_t size_bytes) {
  constexpr size_t kFirstSize = 256;
  const size_t used = num_bytes();
  bytes.resize(2 * bytes.size() + size_bytes + kFirstSize);
  window.next = bytes.data() + used;
}

// More than 16 bits are coded in two steps, upper ones first.
void EncoderLane::encode_bits(uint32_t value, int num_bits) {
  reserve_words(2);
  if (num_bits > 16) {
    window.narrow(value >> 16, 1, num_bits - 16);
    value &= 0xFFFF;
    num_bits = 16;
  }
  if (num_bits > 0) window.narrow(value, 1, num_bits);
}

// The sign (1 = below the table), then d = distance from the table's last symbol on that side (1..65535) as Exp-Golomb
// code of order 0: with w = bit width of d, w - 1 ones, a zero, and the lower w - 1 bits of d. Sign, ones and zero are
// coded one by one: as the ranges are truncated, several bits in one step are not the same as several steps.
void EncoderLane::encode_escape(int symbol, int min_symbol, int max_symbol) {
  const bool is_below = symbol < min_symbol;
  const uint32_t distance = static_cast<uint32_t>(is_below ? min_symbol - symbol : symbol - max_symbol);
  int num_low_bits = 0;
  while (distance >> (num_low_bits + 1) != 0) ++num_low_bits;
  encode_bits(is_below ? 1 : 0, 1);
  for (int i = 0; i < num_low_bits; ++i) encode_bits(1, 1);
  encode_bits(0, 1);
  encode_bits(distance - (1u << num_low_bits), num_low_bits);
}

void EncoderLane::cut() {
  reserve_words(2);
  const FinalState final_state = final_state_of(window.low, window.range);
  if (final_state.v < window.low) window.carry();
  window.write_bytes(final_state.v, final_state.num_bytes);
}

}  // namespace laconic
