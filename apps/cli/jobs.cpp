#include "apps/cli/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "apps/cli/interrupt.h"

namespace laconic::cli {
namespace {

namespace fs = std::filesystem;

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::string output_in_folder(const std::string& folder, const std::string& input, const std::string& extension) {
  const fs::path name = input == "-" ? fs::path("stdin") : fs::path(input).filename();
  return (fs::path(folder) / (name.stem().string() + "." + extension)).string();
}

// Refuses outputs that would destroy an input or an earlier output of the same call.
void check_pairs(std::vector<Job>& jobs) {
  std::set<std::string> outputs;
  for (Job& job : jobs) {
    if (job.output == "-") continue;
    std::error_code error;
    if (job.input != "-" && fs::equivalent(job.input, job.output, error)) {
      job.status = invalid_argument("output and input are the same file");
      continue;
    }
    if (!outputs.insert(fs::path(job.output).lexically_normal().string()).second) {
      job.status = invalid_argument(fmt::format("its output '{}' is that of an earlier input", job.output));
    }
  }
}

}  // namespace

Result<std::vector<Job>> plan_jobs(const JobPaths& given) {
  std::vector<std::string> inputs = given.paths;
  std::string folder = given.out_dir;
  if (inputs.empty()) return invalid_argument("no input is given");
  std::vector<Job> jobs;
  if (folder.empty()) {
    if (inputs.size() == 1)
      return invalid_argument("no output is given; add OUT, --out-dir DIR, or - for standard output");
    const std::string output = inputs.back();
    inputs.pop_back();
    if (output != "-" && is_folder(output)) {
      folder = output;
    } else if (inputs.size() == 1) {
      jobs.push_back({inputs[0], output, {}});
    } else {
      return invalid_argument(
          fmt::format("{} inputs need a folder as output, and '{}' is none; use --out-dir DIR", inputs.size(), output));
    }
  }
  if (!folder.empty()) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error && !is_folder(folder))
      return io_error(fmt::format("cannot create folder '{}': {}", folder, error.message()));
    for (const std::string& input : inputs) {
      const std::string extension = given.extension_for ? given.extension_for(input) : given.output_extension;
      jobs.push_back({input, output_in_folder(folder, input, extension), {}});
    }
  }
  if (std::count(inputs.begin(), inputs.end(), "-") > 1)
    return invalid_argument("standard input can be read only once");
  check_pairs(jobs);
  return jobs;
}

ExitCode run_jobs(const std::vector<Job>& jobs, Reporter& reporter,
                  const std::function<Result<std::string>(const Job&)>& work) {
  ExitCode worst = kExitOk;
  int num_failed = 0;
  const auto start = Clock::now();
  const int num_jobs = static_cast<int>(jobs.size());
  for (int i = 0; i < num_jobs; ++i) {
    const Job& job = jobs[i];
    const std::string name = display_name(job.input, "standard input");
    reporter.begin_file(name, i, num_jobs);
    const Result<std::string> done = job.status.ok() ? work(job) : Result<std::string>(job.status);
    if (done.ok()) {
      reporter.line(*done);
    } else if (is_interrupted()) {
      const std::string message = done.status().message();
      reporter.error(name, message.rfind("interrupted", 0) == 0 ? message : "interrupted");
      return kExitInterrupted;
    } else {
      reporter.error(name, done.status().message());
      worst = std::max(worst, exit_code_for(done.status()));
      ++num_failed;
    }
  }
  if (num_jobs > 1) {
    reporter.line(fmt::format("{} files: {} done, {} failed, {:.2f} s", num_jobs, num_jobs - num_failed, num_failed,
                              seconds_since(start)));
  }
  return worst;
}

}  // namespace laconic::cli
