// Everything the program says while it works. All of it goes to stderr; stdout belongs to results.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/exit_code.h"
#include "codec/image_codec.h"

namespace laconic::cli {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start);

// "standard input"/"standard output" for "-", else the path.
std::string display_name(const std::string& path, const char* stdio_name);

// Prints one line for each file, warnings, errors, and a progress line if stderr is a terminal and a file takes more
// than half a second. One thread at a time.
class Reporter {
 public:
  explicit Reporter(bool is_quiet);
  ~Reporter();

  // Starts the clock of one file; index counts from 0.
  void begin_file(const std::string& name, int index, int num_files);
  void set_activity(const std::string& activity) {
    activity_ = activity;
  }  // shown with the progress: "trying quality 41"
  // To be given to encoders and decoders: false once the user has interrupted.
  Progress progress();
  double file_seconds() const { return seconds_since(file_start_); }

  void line(const std::string& text);  // not with --quiet
  void warning(const std::string& name, const std::string& sentence);
  void error(const std::string& name, const std::string& sentence);

 private:
  bool draw_progress(double done);
  void clear_progress();

  const bool is_quiet_;
  const bool draws_progress_;
  std::string name_;
  std::string activity_;
  int file_index_ = 0;
  int num_files_ = 1;
  Clock::time_point file_start_ = Clock::now();
  Clock::time_point last_drawn_{};
  bool is_drawn_ = false;
};

// For commands whose result is text: to stdout, or the error to stderr. Returns what the program returns.
ExitCode print_result(const Result<std::string>& result, const std::string& name, Reporter& reporter);

// Seconds by stage for --verbose, in the order in which stages were first named.
class StageClock {
 public:
  void add(const std::string& stage, double seconds);
  void add(const std::vector<StageTime>& stages);
  // One line a stage, indented, and the sum.
  std::string table() const;

 private:
  std::vector<StageTime> stages_;
};

// Runs work() and adds its time to the clock.
template <typename Work>
auto timed(StageClock& clock, const std::string& stage, Work&& work) {
  const auto start = Clock::now();
  auto result = std::forward<Work>(work)();
  clock.add(stage, seconds_since(start));
  return result;
}

// Seconds from the start of the process to now, loading of shared libraries included; 10 ms steps, 0 if unknown.
double seconds_since_process_start();

}  // namespace laconic::cli
