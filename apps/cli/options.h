// Options that several commands share, and values that need more than a number.
#pragma once

#include <cstdint>
#include <string>

#include "codec/base/status.h"
#include "codec/image.h"
#include "codec/model_store.h"

namespace CLI {
class App;
}

namespace laconic::cli {

struct CommonOptions {
  int num_threads = 0;         // 0 = one per core
  std::string device = "cpu";  // "cpu" or "cuda"
  std::string model_path;      // empty: looked up (codec/model_store.h)
  bool is_verbose = false;
  bool is_quiet = false;
};

// For ModelStore. While weights are loaded an interrupt ends the program at once.
ModelStoreOptions store_options(const CommonOptions& options);

void add_model_options(CLI::App& command, CommonOptions& options);   // --model, --threads, --device
void add_output_options(CLI::App& command, CommonOptions& options);  // --verbose, --quiet

// "50k" is 50 000, "1.5M" 1 500 000, "64Ki" 65 536; at least 1.
Result<uint64_t> parse_size_bytes(const std::string& text);

// Bits a second: "800k" is 800 000, "2M" 2 000 000.
Result<double> parse_bit_rate(const std::string& text);

// "X,Y,W,H" in pixels.
Result<Rect> parse_region(const std::string& text);

}  // namespace laconic::cli
