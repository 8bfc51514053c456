// What a file of sound holds: the work behind `laconic info` when the input is one.
#pragma once

#include <string>

#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {

struct SoundInfoOptions {
  CommonOptions common;
  std::string path;
  bool is_json = false;
  bool with_symbols = false;  // decodes all, and folds the hashes of all packets into one
};

// The text to print. Reads the whole file.
Result<std::string> describe_sound(const SoundInfoOptions& options, Reporter& reporter);

}  // namespace laconic::cli
