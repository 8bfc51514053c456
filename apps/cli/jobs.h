// From the paths on the command line to pairs of input and output, and the loop over them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/cli/exit_code.h"
#include "apps/cli/reporter.h"
#include "codec/base/status.h"

namespace laconic::cli {

struct Job {
  std::string input;   // path, or "-" for standard input
  std::string output;  // path, or "-" for standard output
  Status status;       // not ok: the pair makes no sense (output is the input, or the output of an earlier job)
};

struct JobPaths {
  std::vector<std::string> paths;  // IN... OUT, or IN... if out_dir is given
  std::string out_dir;
  std::string output_extension;  // of files in out_dir, without the dot
  // The same for one input; may be empty: then all have output_extension.
  std::function<std::string(const std::string& input)> extension_for = {};
};

// Creates out_dir if it is not there. The last path may be a folder, as with cp.
Result<std::vector<Job>> plan_jobs(const JobPaths& paths);

// Does one job after the other, goes on after a failure, stops when interrupted; ends with a summary of several jobs. A job
// that was interrupted may say what it left behind in an error that begins with "interrupted".
// work returns the line to print on success.
ExitCode run_jobs(const std::vector<Job>& jobs, Reporter& reporter,
                  const std::function<Result<std::string>(const Job&)>& work);

}  // namespace laconic::cli
