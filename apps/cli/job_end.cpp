#include "apps/cli/job_end.h"

#include <fmt/format.h>

#include "apps/cli/interrupt.h"

namespace laconic::cli {

bool keeps_part(const Status& status, bool has_something) { return has_something && status.code() != StatusCode::kIo; }

Status end_of_job(const Status& status, const std::string& kept, bool may_conceal) {
  if (is_interrupted()) return invalid_argument("interrupted; " + kept);
  if (status.ok()) return status;
  const bool is_damage = status.code() == StatusCode::kCorrupt || status.code() == StatusCode::kNeedMoreData;
  const char* advice = may_conceal && is_damage ? "; --conceal goes on after damage" : "";
  return Status(status.code(), fmt::format("{}; {}{}", status.message(), kept, advice));
}

Status end_without_output(const Status& status) { return status.ok() && is_interrupted() ? invalid_argument("interrupted") : status; }

std::string stage_lines(bool is_verbose, const ModelStore& store, const std::vector<StageTime>& stages) {
  if (!is_verbose) return "";
  StageClock clock;
  clock.add("loading weights", store.seconds_loading());
  clock.add(stages);
  return "\n" + clock.table();
}

}  // namespace laconic::cli
