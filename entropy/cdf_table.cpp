#include "entropy/cdf_table.h"

#include <algorithm>
#include <limits>
#include <string>

namespace laconic {
namespace {

constexpr size_t kMaxCells = size_t{1} << 30;  // all tables together; offsets are 32 bits
constexpr int kMinBucketBits = 4;
constexpr int kMaxBucketBits = 10;  // a bucket holds at most 64 values then, which bounds the search

int bit_width(uint64_t value) {
  int width = 0;
  for (; value != 0; value >>= 1) ++width;
  return width;
}

Status validate(const CdfTable& table, size_t table_index) {
  const std::string name = "CDF table " + std::to_string(table_index);
  const size_t size = table.cdf.size();
  if (size < 3 || size > kCdfTotal + 1) {
    return corrupt(name + " has " + std::to_string(size) + " values, allowed are 3 to 65537");
  }
  if (table.cdf.front() != 0) return corrupt(name + " starts at " + std::to_string(table.cdf.front()) + ", not at 0");
  if (table.cdf.back() != kCdfTotal) {
    return corrupt(name + " ends at " + std::to_string(table.cdf.back()) + ", not at 65536");
  }
  for (size_t i = 1; i < size; ++i) {
    if (table.cdf[i] <= table.cdf[i - 1]) {
      return corrupt(name + " does not increase at value " + std::to_string(i) + " (" + std::to_string(table.cdf[i]) +
                     ")");
    }
  }
  const int64_t max_symbol = int64_t{table.min_symbol} + static_cast<int64_t>(size) - 3;
  if (table.min_symbol < std::numeric_limits<int16_t>::min() || max_symbol > std::numeric_limits<int16_t>::max()) {
    return corrupt(name + " covers symbols " + std::to_string(table.min_symbol) + ".." + std::to_string(max_symbol) +
                   ", allowed are -32768..32767");
  }
  return ok_status();
}

// Moves `amount` counts, one at a time, to (step = +1) or from (step = -1) the symbols where that changes the code
// length of the counted symbols most favourably: its derivative is weight / count, taken half a step on.
void move_counts(int step, uint64_t amount, const std::vector<uint64_t>& weights, std::vector<uint32_t>& result) {
  const auto worse = [&](uint32_t a, uint32_t b) {
    const uint64_t left = weights[a] * (2 * uint64_t{result[b]} + step);
    const uint64_t right = weights[b] * (2 * uint64_t{result[a]} + step);
    if (left != right) return step > 0 ? left < right : left > right;
    return a > b;  // ties: lower symbols first
  };
  std::vector<uint32_t> heap;
  for (uint32_t i = 0; i < result.size(); ++i) {
    if (step > 0 || result[i] > 1) heap.push_back(i);
  }
  std::make_heap(heap.begin(), heap.end(), worse);
  for (; amount > 0; --amount) {
    std::pop_heap(heap.begin(), heap.end(), worse);
    uint32_t& count = result[heap.back()];
    count += step;
    if (step < 0 && count == 1) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), worse);
    }
  }
}

}  // namespace

CdfTable make_cdf_table(int min_symbol, Span<const uint64_t> counts) {
  CdfTable table;
  table.min_symbol = min_symbol;
  if (counts.size() < 2 || counts.size() > kCdfTotal) return table;

  // Scaled so that the sum stays below 2^46: no product below passes 64 bits.
  const uint64_t largest = *std::max_element(counts.begin(), counts.end());
  const int shift = std::max(0, bit_width(largest) + bit_width(counts.size()) - 46);
  std::vector<uint64_t> weights(counts.size());
  uint64_t sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    weights[i] = largest == 0 ? 1 : counts[i] >> shift;
    sum += weights[i];
  }

  std::vector<uint32_t> result(counts.size());
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    result[i] = std::max<uint32_t>(1, static_cast<uint32_t>(weights[i] * kCdfTotal / sum));
    total += result[i];
  }
  if (total < kCdfTotal) move_counts(+1, kCdfTotal - total, weights, result);
  if (total > kCdfTotal) move_counts(-1, total - kCdfTotal, weights, result);

  table.cdf.assign(1, 0);
  for (const uint32_t count : result) table.cdf.push_back(table.cdf.back() + count);
  return table;
}

Result<CdfTables> CdfTables::create(const std::vector<CdfTable>& tables) {
  if (tables.empty()) return corrupt("the set of CDF tables is empty, at least 1 is needed");
  if (tables.size() > kMaxTables) {
    return limit_exceeded(std::to_string(tables.size()) + " CDF tables, allowed are 65536");
  }
  CdfTables result;
  result.entries_.reserve(tables.size());
  for (size_t i = 0; i < tables.size(); ++i) {
    LACONIC_RETURN_IF_ERROR(validate(tables[i], i));
    LACONIC_RETURN_IF_ERROR(result.append(tables[i], i));
  }
  return result;
}

Status CdfTables::append(const CdfTable& table, size_t table_index) {
  const size_t num_coded = table.cdf.size() - 1;  // regular symbols and the escape
  const int bucket_bits = std::clamp(bit_width(num_coded), kMinBucketBits, kMaxBucketBits);
  const size_t num_buckets = size_t{1} << bucket_bits;
  if (cells_.size() + num_coded + 3 + num_buckets > kMaxCells) {
    return limit_exceeded("the CDF tables up to table " + std::to_string(table_index) + " exceed " +
                          std::to_string(kMaxCells) + " cells");
  }
  // See Note [Table layout].
  Entry entry;
  entry.min_symbol = table.min_symbol;
  entry.num_symbols = static_cast<uint16_t>(num_coded - 1);
  entry.bucket_shift = static_cast<uint16_t>(kCdfBits - bucket_bits);
  entry.last_offset = static_cast<uint32_t>(cells_.size() + 1);
  for (const uint32_t value : table.cdf) cells_.push_back(static_cast<uint16_t>(value - 1));
  cells_.insert(cells_.end(), 2, 0xFFFF);
  entry.first_offset = static_cast<uint32_t>(cells_.size());
  size_t symbol = 0;
  for (size_t bucket = 0; bucket < num_buckets; ++bucket) {
    while (table.cdf[symbol + 1] <= bucket << entry.bucket_shift) ++symbol;
    cells_.push_back(static_cast<uint16_t>(symbol));
  }
  entries_.push_back(entry);
  return ok_status();
}

}  // namespace laconic
