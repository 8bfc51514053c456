// How far two films are apart: the work behind `laconic compare` when the inputs are films.
#pragma once

#include <string>

#include "apps/cli/options.h"
#include "apps/cli/reporter.h"

namespace laconic::cli {

struct FilmCompareOptions {
  CommonOptions common;
  std::string reference, distorted;
  std::string plot_path;  // empty: none
  bool is_json = false;
};

// The text to print. Frames are paired in order of time; where one film is shorter, the rest of the other is not measured
// and a warning says so.
Result<std::string> compare_films(const FilmCompareOptions& options, Reporter& reporter);

}  // namespace laconic::cli
