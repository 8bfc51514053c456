// Films to Laconic films: the work behind `laconic encode` when the input is a film.
//
//   file --FilmReader--> frames ----> VideoEncoder --> packets ----> FilmWriter --> file.part --> file
//        a thread        queue of 8   a thread         queue         this thread
//                        packets of other streams go along
#pragma once

#include <optional>
#include <string>

#include "apps/cli/jobs.h"
#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {

struct FilmEncodeOptions {
  CommonOptions common;
  std::optional<float> quality;
  std::optional<int> key_interval;        // empty: two seconds' worth of frames
  std::optional<double> bits_per_second;  // empty: constant quality
  std::string audio = "copy";             // copy, opus or laconic
};

// The line to print. Interrupted: the output is finished with what there is, and the error says so.
Result<std::string> encode_film(const Job& job, const FilmEncodeOptions& options, ModelStore& store, Reporter& reporter);

}  // namespace laconic::cli
