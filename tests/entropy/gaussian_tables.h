// Test material: tables like those of the codec, symbols drawn from them, and what they cost. Floats are free to use
// here.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "entropy/cdf_table.h"

namespace laconic::testing {

// num_tables zero-mean Gaussians, sigma log-spaced from 0.11 to 64, cut where a symbol falls below 1e-6.
inline std::vector<CdfTable> gaussian_tables(int num_tables) {
  std::vector<CdfTable> tables;
  for (int i = 0; i < num_tables; ++i) {
    const double sigma = 0.11 * std::pow(64 / 0.11, num_tables > 1 ? i / (num_tables - 1.0) : 0.0);
    const auto below = [&](double x) { return 0.5 * std::erfc(-x / (sigma * std::sqrt(2.0))); };
    const int edge = std::max(1, static_cast<int>(std::ceil(4.6 * sigma)));
    std::vector<uint64_t> counts;
    for (int symbol = -edge; symbol <= edge; ++symbol) {
      counts.push_back(static_cast<uint64_t>(std::ldexp(below(symbol + 0.5) - below(symbol - 0.5), 40)));
    }
    counts.push_back(static_cast<uint64_t>(std::ldexp(2 * below(-edge - 0.5), 40)));
    tables.push_back(make_cdf_table(-edge, counts));
  }
  return tables;
}

struct Draw {
  std::vector<uint16_t> table_indexes;
  std::vector<int16_t> symbols;
  std::vector<float> bits_of;  // -log2 p of each symbol by its table, and the bits of escapes
  double bits = 0;             // their sum
};

// Table indexes uniform, symbols by their tables; an escape becomes the first value above the table.
inline Draw draw_symbols(const std::vector<CdfTable>& tables, size_t num_symbols, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<uint16_t>> symbol_of(tables.size(), std::vector<uint16_t>(kCdfTotal));
  for (size_t t = 0; t < tables.size(); ++t) {
    for (size_t k = 0; k + 1 < tables[t].cdf.size(); ++k) {
      for (uint32_t v = tables[t].cdf[k]; v < tables[t].cdf[k + 1]; ++v) symbol_of[t][v] = static_cast<uint16_t>(k);
    }
  }
  Draw draw;
  draw.table_indexes.resize(num_symbols);
  draw.symbols.resize(num_symbols);
  draw.bits_of.resize(num_symbols);
  for (size_t i = 0; i < num_symbols; ++i) {
    const uint64_t drawn = random();
    const size_t t = (drawn >> 32) % tables.size();
    const size_t k = symbol_of[t][drawn & 0xFFFF];
    draw.table_indexes[i] = static_cast<uint16_t>(t);
    draw.symbols[i] = static_cast<int16_t>(tables[t].min_symbol + static_cast<int>(k));
    double bits_here = kCdfBits - std::log2(tables[t].cdf[k + 1] - tables[t].cdf[k]);
    if (k + 2 == tables[t].cdf.size()) bits_here += 2;  // the sign, and the Exp-Golomb code of 1
    draw.bits_of[i] = static_cast<float>(bits_here);
    draw.bits += bits_here;
  }
  return draw;
}

}  // namespace laconic::testing
