// Laconic films to films that others play: the work behind `laconic decode` when the input is a film.
//
//   file --FilmFrames: FilmReader, VideoDecoder--> frames ----> FilmFrameWriter --> file.part --> file
//        a thread                                  queue of 8   this thread
#pragma once

#include <limits>
#include <string>

#include "apps/cli/jobs.h"
#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {

struct FilmDecodeOptions {
  CommonOptions common;
  double from_seconds = 0;
  double to_seconds = std::numeric_limits<double>::infinity();
  bool conceals = false;
};

// The line to print. Where damage or an interrupt ends the work early, the output is finished with what there is, and the
// error says so.
Result<std::string> decode_film(const Job& job, const FilmDecodeOptions& options, ModelStore& store, Reporter& reporter);

}  // namespace laconic::cli
