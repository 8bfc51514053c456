#include "apps/cli/exit_code.h"

namespace laconic::cli {

ExitCode exit_code_for(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kIo:
      return kExitIo;
    case StatusCode::kNeedMoreData:
    case StatusCode::kCorrupt:
      return kExitBadInput;
    case StatusCode::kModelMismatch:
      return kExitModel;
    case StatusCode::kUnsupported:
    case StatusCode::kLimitExceeded:
      return kExitUnsupported;
    case StatusCode::kInternal:
      return kExitInternal;
  }
  return kExitInternal;
}

std::string exit_code_help() {
  return "Exit codes: 0 done, 1 wrong usage, 2 cannot read or write a file, 3 input is not a valid picture or\n"
         "stream (damaged, cut short, another format), 4 weights missing or not those of the stream, 5 a limit is\n"
         "exceeded, a target cannot be reached, or this build cannot do it, 6 internal error, 130 interrupted.\n"
         "With several inputs: the highest code of all.";
}

}  // namespace laconic::cli
