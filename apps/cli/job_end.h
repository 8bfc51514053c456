// How jobs on films and sound end: their errors where only a part was done, and the lines for --verbose.
#pragma once

#include <string>
#include <vector>

#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {

// Whether an output is worth keeping although `status` or an interrupt has stopped the work: something is in it, and it could be
// written.
bool keeps_part(const Status& status, bool has_something);

// Of a job that keeps its part. kept: "a.mov holds the first 250 frames and plays". may_conceal: --conceal was not given, and
// would go on after damage. Ok if nothing has stopped the work.
Status end_of_job(const Status& status, const std::string& kept, bool may_conceal);

// Of a job that keeps nothing.
Status end_without_output(const Status& status);

// To follow the line of a job: empty unless is_verbose.
std::string stage_lines(bool is_verbose, const ModelStore& store, const std::vector<StageTime>& stages);

}  // namespace laconic::cli
