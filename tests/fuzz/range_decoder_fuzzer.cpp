// The entropy coder on hostile bytes. Byte 0 chooses the part; see the functions below for what follows.
// Besides "no crash": kInternal never appears, and a section that decodes without error is byte for byte what the
// encoder writes for the decoded symbols.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "entropy/bitmap_coder.h"
#include "entropy/range_coder.h"
#include "entropy/section.h"
#include "entropy/varint.h"

namespace laconic {
namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "found: %s\n", what);
  std::abort();
}

const Status& known(const Status& status) {
  require(status.code() != StatusCode::kInternal, "an internal error");
  return status;
}

const CdfTables& fixed_tables() {
  static const CdfTables tables = *CdfTables::create({
      make_cdf_table(0, std::vector<uint64_t>{1, 1}),
      make_cdf_table(-1, std::vector<uint64_t>{1, 1000, 1, 1}),
      make_cdf_table(-4, std::vector<uint64_t>{1, 2, 4, 8, 16, 8, 4, 2, 1, 1}),
      make_cdf_table(-300, std::vector<uint64_t>(600, 3)),
      make_cdf_table(-32768, std::vector<uint64_t>(65536, 0)),
  });
  return tables;
}

// What was decoded, coded again.
class Twin {
 public:
  Twin(ByteSpan section, const CdfTables& tables) : section_(section), decoder_(section), tables_(tables) {}

  bool symbols(const std::vector<uint16_t>& indexes) {
    std::vector<int16_t> symbols(indexes.size());
    if (!known(decoder_.decode_symbols(indexes, tables_, symbols)).ok()) return false;
    require(encoder_.encode_symbols(symbols, indexes, tables_).ok(), "decoded symbols that cannot be encoded");
    return true;
  }

  bool bypass(int num_bits) {
    const Result<uint32_t> value = decoder_.decode_bypass(num_bits);
    if (!known(value.status()).ok()) return false;
    require(encoder_.encode_bypass(*value, num_bits).ok(), "decoded bits that cannot be encoded");
    return true;
  }

  void finish() {
    if (!known(decoder_.finish()).ok()) return;
    const Bytes again = encoder_.finish();
    require(again.size() == section_.size() && std::equal(again.begin(), again.end(), section_.begin()),
            "a section accepted that no encoder writes");
  }

 private:
  ByteSpan section_;
  RangeDecoder decoder_;
  RangeEncoder encoder_;
  const CdfTables& tables_;
};

// A count of steps, a byte for each, then the section. Step: lower 2 bits the kind, upper 6 a parameter.
void fuzz_steps(ByteReader& reader) {
  const Result<uint8_t> num_steps = reader.read_u8();
  if (!num_steps.ok()) return;
  const Result<ByteSpan> steps = reader.read_bytes(*num_steps % 16);
  if (!steps.ok()) return;
  Twin twin(*reader.read_bytes(reader.remaining()), fixed_tables());
  for (const uint8_t step : *steps) {
    const size_t parameter = step >> 2;
    std::vector<uint16_t> indexes(step % 4 == 0 ? 64 * parameter : parameter);
    for (size_t i = 0; i < indexes.size(); ++i) {
      indexes[i] = static_cast<uint16_t>(step % 4 == 1 ? i % fixed_tables().size() : 1 + i % 2);
    }
    if (!(step % 4 == 2 ? twin.bypass(static_cast<int>(parameter % 33)) : twin.symbols(indexes))) return;
  }
  twin.finish();
}

// Width - 1, height - 1, then the section.
void fuzz_bitmap(ByteReader& reader) {
  const Result<uint16_t> size = reader.read_u16();
  if (!size.ok()) return;
  const int width = 1 + (*size & 0xFF), height = 1 + (*size >> 8);
  const auto bitmap = decode_bitmap(*reader.read_bytes(reader.remaining()), width, height);
  if (!known(bitmap.status()).ok()) return;
  require(bitmap->size() == static_cast<size_t>(width) * static_cast<size_t>(height), "a bitmap of another size");
  const auto again = encode_bitmap(*bitmap, width, height);
  require(again.ok() && *decode_bitmap(*again, width, height) == *bitmap, "a bitmap that does not come back");
}

// A sealed section, read with the reader's calls by the values found.
void fuzz_reader(ByteReader& reader) {
  const auto payload = open_section(*reader.read_bytes(reader.remaining()));
  if (!known(payload.status()).ok()) return;
  ByteReader inner(*payload);
  for (Status status; status.ok();) {
    const Result<uint8_t> call = inner.read_u8();
    status = call.status();
    if (!status.ok()) break;
    const size_t before = inner.position();
    switch (*call % 5) {
      case 0:
        status = inner.read_u16().status();
        break;
      case 1:
        status = inner.read_u32().status();
        break;
      case 2:
        status = inner.read_u64().status();
        break;
      case 3:
        status = inner.read_bytes(*call).status();
        break;
      case 4: {
        const Result<uint64_t> value = inner.read_varint();
        status = value.status();
        if (!status.ok()) break;
        Bytes again;
        append_varint(again, *value);
        require(again.size() == inner.position() - before, "a varint longer than needed");
      }
    }
    require(known(status).ok() || inner.position() == before, "a failed read that moved");
  }
}

// A first symbol, a count, as many 16-bit increments of a CDF, then a section of up to 4096 symbols.
void fuzz_table(ByteReader& reader) {
  CdfTable table;
  const Result<uint16_t> min_symbol = reader.read_u16();
  const Result<uint8_t> count = reader.read_u8();
  if (!min_symbol.ok() || !count.ok()) return;
  table.min_symbol = static_cast<int16_t>(*min_symbol);
  table.cdf.push_back(0);
  for (int i = 0; i < *count; ++i) {
    const Result<uint16_t> increment = reader.read_u16();
    if (!increment.ok()) return;
    table.cdf.push_back(table.cdf.back() + *increment);
  }
  table.cdf.push_back(kCdfTotal);
  const Result<CdfTables> tables = CdfTables::create({table});
  if (!known(tables.status()).ok()) return;
  Twin twin(*reader.read_bytes(reader.remaining()), *tables);
  for (int i = 0; i < 64; ++i) {
    if (!twin.symbols(std::vector<uint16_t>(64, 0))) return;
  }
  twin.finish();
}

}  // namespace
}  // namespace laconic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  using namespace laconic;
  const std::unique_ptr<uint8_t[]> exact(new uint8_t[size]);
  std::copy_n(input, size, exact.get());
  ByteReader reader(ByteSpan(exact.get(), size));
  const Result<uint8_t> part = reader.read_u8();
  if (!part.ok()) return 0;
  switch (*part % 4) {
    case 0:
      fuzz_steps(reader);
      break;
    case 1:
      fuzz_bitmap(reader);
      break;
    case 2:
      fuzz_reader(reader);
      break;
    case 3:
      fuzz_table(reader);
      break;
  }
  return 0;
}
