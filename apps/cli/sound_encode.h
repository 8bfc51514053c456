// Sound to Laconic sound: the work behind `laconic encode` when the input is a file of sound.
//
//   file --SoundReader--> frames at 48 kHz --AudioEncoder--> packets --SoundWriter--> file.part --> file
//                    \--------- tags -------------------------------/
#pragma once

#include <optional>
#include <string>

#include "apps/cli/jobs.h"
#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {

struct SoundEncodeOptions {
  CommonOptions common;
  std::optional<float> quality;
  std::optional<double> bits_per_second;  // empty: constant quality
};

// The line to print. Interrupted: the output is finished with what there is, and the error says so.
Result<std::string> encode_sound(const Job& job, const SoundEncodeOptions& options, ModelStore& store, Reporter& reporter);

}  // namespace laconic::cli
