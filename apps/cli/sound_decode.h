// Laconic sound to files that others play: the work behind `laconic decode` when the input is a file of sound.
//
//   file --SoundFrames: SoundReader, AudioDecoder--> frames at 48 kHz --SoundFileWriter--> file.part --> file
#pragma once

#include <limits>
#include <string>

#include "apps/cli/jobs.h"
#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {

struct SoundDecodeOptions {
  CommonOptions common;
  double from_seconds = 0;  // these two to the nearest sample of the source
  double to_seconds = std::numeric_limits<double>::infinity();
  bool conceals = false;
};

// The line to print. Where damage or an interrupt ends the work early, the output is finished with what there is, and the
// error says so.
Result<std::string> decode_sound(const Job& job, const SoundDecodeOptions& options, ModelStore& store, Reporter& reporter);

}  // namespace laconic::cli
