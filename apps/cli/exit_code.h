// What the program returns to the shell; the same table stands in README.md and in --help.
#pragma once

#include <string>

#include "codec/base/status.h"

namespace laconic::cli {

enum ExitCode {
  kExitOk = 0,
  kExitUsage = 1,        // unknown option, value out of range, arguments that contradict each other
  kExitIo = 2,           // a file cannot be read or written
  kExitBadInput = 3,     // not a picture or stream, damaged, or cut short
  kExitModel = 4,        // weights missing, damaged, or not those of the stream
  kExitUnsupported = 5,  // a limit is exceeded, a target cannot be reached, or this build cannot do it
  kExitInternal = 6,
  kExitInterrupted = 130,
};

ExitCode exit_code_for(const Status& status);

// The table for --help.
std::string exit_code_help();

}  // namespace laconic::cli
