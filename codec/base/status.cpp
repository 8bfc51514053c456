#include "codec/base/status.h"

#include <cstdio>
#include <cstdlib>

namespace laconic {

const char* status_code_name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "ok";
    case StatusCode::kNeedMoreData: return "need-more-data";
    case StatusCode::kCorrupt: return "corrupt";
    case StatusCode::kUnsupported: return "unsupported";
    case StatusCode::kLimitExceeded: return "limit-exceeded";
    case StatusCode::kModelMismatch: return "model-mismatch";
    case StatusCode::kInvalidArgument: return "invalid-argument";
    case StatusCode::kIo: return "io";
    case StatusCode::kInternal: return "internal";
  }
  return "internal";
}

Status check_failed(const char* condition, const char* file, int line) {
  const std::string message =
      std::string("internal error: '") + condition + "' does not hold at " + file + ":" + std::to_string(line);
#ifndef NDEBUG
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
#endif
  return internal_error(message);
}

}  // namespace laconic
