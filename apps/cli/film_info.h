// What a film holds: the work behind `laconic info` when the input is a film.
#pragma once

#include <string>

#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {

struct FilmInfoOptions {
  CommonOptions common;
  std::string path;
  bool is_json = false;
  bool with_symbols = false;  // decodes all, and folds the hashes of all frames into one
};

// The text to print. Reads the whole film.
Result<std::string> describe_film(const FilmInfoOptions& options, Reporter& reporter);

}  // namespace laconic::cli
