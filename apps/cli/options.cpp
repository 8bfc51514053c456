#include "apps/cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>

#include "apps/cli/interrupt.h"

namespace laconic::cli {
namespace {

struct Unit {
  const char* suffix;
  double bytes;
};

constexpr std::array<Unit, 12> kUnits = {{{"", 1},
                                          {"B", 1},
                                          {"k", 1e3},
                                          {"K", 1e3},
                                          {"kB", 1e3},
                                          {"KB", 1e3},
                                          {"M", 1e6},
                                          {"MB", 1e6},
                                          {"G", 1e9},
                                          {"Ki", 1024},
                                          {"KiB", 1024},
                                          {"Mi", 1048576}}};

}  // namespace

ModelStoreOptions store_options(const CommonOptions& options) {
  ModelStoreOptions store;
  store.path = options.model_path;
  store.device = options.device;
  store.guard_loading = [] { return std::make_shared<EndOnInterrupt>(); };
  return store;
}

void add_model_options(CLI::App& command, CommonOptions& options) {
  command.add_option("--model", options.model_path, "Weights: a .safetensors file, or a folder with some")
      ->type_name("PATH");
  command.add_option("--threads", options.num_threads, "Threads; 0 is one per core")
      ->check(CLI::Range(0, 1024))
      ->type_name("N");
  command.add_option("--device", options.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->type_name("NAME")
      ->capture_default_str();
}

void add_output_options(CLI::App& command, CommonOptions& options) {
  auto* verbose = command.add_flag("-v,--verbose", options.is_verbose, "Show where the time goes");
  command.add_flag("--quiet", options.is_quiet, "Say nothing but errors")->excludes(verbose);
}

Result<uint64_t> parse_size_bytes(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const bool starts_well = !text.empty() && (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '.');
  for (const Unit& unit : kUnits) {
    if (!starts_well || std::string(end) != unit.suffix) continue;
    const double bytes = std::floor(number * unit.bytes);
    if (bytes >= 1 && bytes <= 9e15) return static_cast<uint64_t>(bytes);
  }
  return invalid_argument(fmt::format("'{}' is not a size; write bytes like 50000, 50k or 1.5M", text));
}

Result<double> parse_bit_rate(const std::string& text) {
  const auto bits = text.find('B') == std::string::npos && text.find('i') == std::string::npos
                        ? parse_size_bytes(text)
                        : Result<uint64_t>(invalid_argument(""));
  if (!bits.ok()) return invalid_argument(fmt::format("'{}' is not a bit rate; write bits a second like 800000, 800k or 2M", text));
  return static_cast<double>(*bits);
}

Result<Rect> parse_region(const std::string& text) {
  std::array<long long, 4> values{};
  const char* next = text.c_str();
  for (size_t i = 0; i < values.size(); ++i) {
    char* end = nullptr;
    values[i] = std::strtoll(next, &end, 10);
    const bool is_number = end != next && values[i] >= 0 && values[i] <= std::numeric_limits<int>::max();
    if (!is_number || *end != (i + 1 < values.size() ? ',' : '\0')) {
      return invalid_argument(fmt::format("'{}' is not a region; write X,Y,WIDTH,HEIGHT in pixels", text));
    }
    next = end + 1;
  }
  if (values[2] == 0 || values[3] == 0) {
    return invalid_argument(fmt::format("region '{}' is empty; width and height are at least 1", text));
  }
  return Rect{static_cast<int>(values[0]), static_cast<int>(values[1]), static_cast<int>(values[2]),
              static_cast<int>(values[3])};
}

}  // namespace laconic::cli
