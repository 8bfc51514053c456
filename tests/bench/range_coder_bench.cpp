// Speed of the entropy coder on one core, and its size against the tables' own probabilities.
//   range_coder_bench [--benchmark_repetitions=N ...]
// Google Benchmark's table, then one line a benchmark: csv,name,machine,threads,runs,best,median (items per second).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "entropy/bitmap_coder.h"
#include "entropy/range_coder.h"
#include "tests/entropy/gaussian_tables.h"

namespace laconic {
namespace {

constexpr size_t kNumSymbols = 10'000'000;
constexpr int kNumTables = 64;

struct Material {
  CdfTables tables;
  testing::Draw draw;
  Bytes section;
};

const Material& material() {
  static const Material* const result = [] {
    const std::vector<CdfTable> sources = testing::gaussian_tables(kNumTables);
    auto* made = new Material{*CdfTables::create(sources), testing::draw_symbols(sources, kNumSymbols, 1), {}};
    RangeEncoder encoder;
    if (!encoder.encode_symbols(made->draw.symbols, made->draw.table_indexes, made->tables).ok()) std::abort();
    made->section = encoder.finish();
    return made;
  }();
  return *result;
}

void BM_EncodeSymbols(benchmark::State& state) {
  const Material& m = material();
  for (auto _ : state) {
    RangeEncoder encoder;
    if (!encoder.encode_symbols(m.draw.symbols, m.draw.table_indexes, m.tables).ok()) state.SkipWithError("encode");
    if (encoder.finish() != m.section) state.SkipWithError("other bytes");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kNumSymbols));
}

void BM_DecodeSymbols(benchmark::State& state) {
  const Material& m = material();
  std::vector<int16_t> symbols(kNumSymbols);
  for (auto _ : state) {
    RangeDecoder decoder(m.section);
    const Status status = decoder.decode_symbols(m.draw.table_indexes, m.tables, symbols);
    if (!status.ok() || !decoder.finish().ok()) state.SkipWithError("decode");
  }
  if (symbols != m.draw.symbols) state.SkipWithError("other symbols");
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kNumSymbols));
}

// A disc in 2048 x 2048 pixels; items are pixels.
constexpr int kSide = 2048;

std::vector<uint8_t> disc() {
  std::vector<uint8_t> bitmap;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const int dx = 2 * x - kSide, dy = 2 * y - kSide;
      bitmap.push_back(dx * dx + dy * dy < kSide * kSide);
    }
  }
  return bitmap;
}

void BM_EncodeBitmap(benchmark::State& state) {
  const std::vector<uint8_t> bitmap = disc();
  for (auto _ : state) benchmark::DoNotOptimize(encode_bitmap(bitmap, kSide, kSide));
  state.SetItemsProcessed(state.iterations() * kSide * kSide);
}

void BM_DecodeBitmap(benchmark::State& state) {
  const std::vector<uint8_t> bitmap = disc();
  const Bytes section = *encode_bitmap(bitmap, kSide, kSide);
  for (auto _ : state) {
    if (*decode_bitmap(section, kSide, kSide) != bitmap) state.SkipWithError("other pixels");
  }
  state.SetItemsProcessed(state.iterations() * kSide * kSide);
}

BENCHMARK(BM_EncodeSymbols)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_DecodeSymbols)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_EncodeBitmap)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_DecodeBitmap)->Unit(benchmark::kMillisecond);

// The usual table, and all single rates kept for the CSV lines.
class RateReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto rate = run.counters.find("items_per_second");
      if (run.run_type != Run::RT_Iteration) continue;
      if (run.error_occurred || rate == run.counters.end()) {
        failed_ = true;
      } else {
        rates_[run.run_name.function_name].push_back(rate->second);
      }
    }
  }

  bool print_csv(const std::string& machine) {
    std::printf("csv,name,machine,threads,runs,best_per_s,median_per_s\n");
    for (auto& [name, rates] : rates_) {
      std::sort(rates.begin(), rates.end());
      std::printf("csv,%s,%s,1,%zu,%.4g,%.4g\n", name.c_str(), machine.c_str(), rates.size(), rates.back(),
                  rates[rates.size() / 2]);
    }
    return !failed_;
  }

 private:
  std::map<std::string, std::vector<double>> rates_;
  bool failed_ = false;
};

std::string machine_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "unknown";
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  using laconic::material;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const double ideal_bytes = material().draw.bits / 8;
  const double size_bytes = static_cast<double>(material().section.size());
  std::printf("%zu symbols, %d tables: %.0f bytes, ideal %.1f bytes, excess %.4f %%\n", laconic::kNumSymbols,
              laconic::kNumTables, size_bytes, ideal_bytes, 100 * (size_bytes / ideal_bytes - 1));
  laconic::RateReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.print_csv(laconic::machine_name()) ? 0 : 1;
}
