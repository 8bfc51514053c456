// How far two sounds are apart: the work behind `laconic compare` when the inputs are sounds.
#pragma once

#include <string>

#include "apps/cli/options.h"
#include "apps/cli/reporter.h"

namespace laconic::cli {

struct SoundCompareOptions {
  CommonOptions common;
  std::string reference, distorted;
  bool is_json = false;
};

// The text to print. Both are compared at 48 kHz, and must have the same number of channels; where one sound is shorter, the rest
// of the other is not measured and a warning says so.
Result<std::string> compare_sounds(const SoundCompareOptions& options, Reporter& reporter);

}  // namespace laconic::cli
