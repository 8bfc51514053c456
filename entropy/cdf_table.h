// Stored probability tables: what the range coder codes symbols with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

constexpr int kCdfBits = 16;
constexpr uint32_t kCdfTotal = 1u << kCdfBits;

// One table as it is made, stored and exchanged. It covers the regular symbols min_symbol .. min_symbol + n - 1 and, at
// the end, the escape symbol that stands for every other int16 value.
struct CdfTable {
  int min_symbol = 0;
  std::vector<uint32_t> cdf;  // n + 2 values: 0, strictly increasing, 1 << kCdfBits
};

// Turns counts (last one = escape; at least 2, at most 65536 of them) into a valid CDF: every symbol gets at least 1,
// the rest is as close to proportional as 16 bits allow. Integers only: the same table on every machine. All counts 0
// count as all equal. Another number of counts gives a table that CdfTables::create refuses.
CdfTable make_cdf_table(int min_symbol, Span<const uint64_t> counts);

// An immutable, checked set of tables in the layout the coders want. Safe to share between threads.
class CdfTables {
 public:
  static constexpr size_t kMaxTables = 65536;

  // Tables are input like any other bytes: an invalid one gives kCorrupt, too many kLimitExceeded. Empty sets are
  // refused.
  static Result<CdfTables> create(const std::vector<CdfTable>& tables);

  size_t size() const { return entries_.size(); }
  int min_symbol(size_t table_index) const { return entries_[table_index].min_symbol; }
  int num_symbols(size_t table_index) const { return entries_[table_index].num_symbols; }  // regular ones

  // Note [Table layout]
  // All tables lie in one array of 16-bit cells. A table is
  //   0xFFFF, last[0], ..., last[n], 0xFFFF, 0xFFFF     then     first[0], ..., first[num_buckets - 1]
  // last[k] = cdf[k + 1] - 1 is the last of the 65536 values that mean symbol k (k == n: escape), so it fits 16 bits, a
  // symbol starts at uint16_t(last[k - 1] + 1), and its count is uint16_t(last[k] - last[k - 1]); the cells around
  // make k = -1 and two cells behind the end readable. first[b] is the symbol of the first value of bucket
  // b = value >> bucket_shift: decoding starts there and goes on while value > last[k], mostly for 0 or 1 steps.
  struct Entry {
    uint32_t last_offset = 0;   // of last[0] in cells_
    uint32_t first_offset = 0;  // of first[0] in cells_
    int32_t min_symbol = 0;
    uint16_t num_symbols = 0;  // n, 1..65535
    uint16_t bucket_shift = 0;
  };
  // Of symbol k, given &last[k].
  static uint32_t start_of(const uint16_t* last) { return static_cast<uint16_t>(last[-1] + 1); }
  static uint32_t count_of(const uint16_t* last) { return static_cast<uint16_t>(last[0] - last[-1]); }

 private:
  friend class RangeEncoder;
  friend class RangeDecoder;

  CdfTables() = default;
  Status append(const CdfTable& table, size_t table_index);

  std::vector<Entry> entries_;
  std::vector<uint16_t> cells_;
};

}  // namespace laconic
