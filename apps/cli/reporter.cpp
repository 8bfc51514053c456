#include "apps/cli/reporter.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "apps/cli/interrupt.h"

namespace laconic::cli {
namespace {

constexpr double kQuietStartSeconds = 0.5;
constexpr double kRedrawSeconds = 0.1;

size_t terminal_columns() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string format_duration(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const int whole = static_cast<int>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

// One sentence stays one line, whatever file names hold.
std::string single_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, '?');
  return text;
}

// "cannot read 'a.png': ..." after "a.png: " says the name twice.
std::string without_name(std::string sentence, const std::string& name) {
  const std::string quoted = "'" + name + "'";
  const size_t at = sentence.find(quoted);
  if (at == std::string::npos) return sentence;
  sentence.erase(at, quoted.size());
  if (at == 0 && sentence.compare(0, 2, ": ") == 0) {
    sentence.erase(0, 2);
  } else if (at < sentence.size() && sentence[at] == ' ') {
    sentence.erase(at, 1);
  } else if (at > 0 && sentence[at - 1] == ' ') {
    sentence.erase(at - 1, 1);
  }
  return sentence;
}

void print(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

}  // namespace

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string display_name(const std::string& path, const char* stdio_name) { return path == "-" ? stdio_name : path; }

Reporter::Reporter(bool is_quiet) : is_quiet_(is_quiet), draws_progress_(!is_quiet && isatty(STDERR_FILENO) == 1) {}

Reporter::~Reporter() { clear_progress(); }

void Reporter::begin_file(const std::string& name, int index, int num_files) {
  clear_progress();
  name_ = single_line(name);
  activity_.clear();
  file_index_ = index;
  num_files_ = num_files;
  file_start_ = Clock::now();
}

Progress Reporter::progress() {
  return [this](double done) { return draw_progress(done); };
}

bool Reporter::draw_progress(double done) {
  if (is_interrupted()) return false;
  const double elapsed = file_seconds();
  if (!draws_progress_ || elapsed < kQuietStartSeconds) return true;
  if (is_drawn_ && seconds_since(last_drawn_) < kRedrawSeconds) return true;
  done = std::clamp(done, 0.0, 1.0);
  std::string text = num_files_ > 1 ? fmt::format("{}/{} ", file_index_ + 1, num_files_) : "";
  text += fmt::format("{}: {:3.0f} %, {}", name_, done * 100, format_duration(elapsed));
  if (!activity_.empty()) {
    text += ", " + activity_;  // a search: the time left is not known
  } else if (done > 0.02) {
    text += fmt::format(", {} left", format_duration(elapsed / done * (1 - done)));
  }
  if (text.size() >= terminal_columns()) text.resize(terminal_columns() - 1);
  std::fprintf(stderr, "\r%s\033[K", text.c_str());
  std::fflush(stderr);
  is_drawn_ = true;
  last_drawn_ = Clock::now();
  return true;
}

void Reporter::clear_progress() {
  if (is_drawn_) std::fprintf(stderr, "\r\033[K");
  is_drawn_ = false;
}

void Reporter::line(const std::string& text) {
  clear_progress();
  if (!is_quiet_) print(text);
}

void Reporter::warning(const std::string& name, const std::string& sentence) {
  clear_progress();
  if (!is_quiet_) print(single_line(fmt::format("laconic: {}: warning: {}", name, sentence)));
}

void Reporter::error(const std::string& name, const std::string& sentence) {
  clear_progress();
  print(single_line(name.empty() ? "laconic: " + sentence
                                 : fmt::format("laconic: {}: {}", name, without_name(sentence, name))));
}

ExitCode print_result(const Result<std::string>& result, const std::string& name, Reporter& reporter) {
  if (!result.ok()) {
    reporter.error(name, is_interrupted() ? "interrupted" : result.status().message());
    return is_interrupted() ? kExitInterrupted : exit_code_for(result.status());
  }
  if (std::printf("%s\n", result->c_str()) < 0 || std::fflush(stdout) != 0) {
    reporter.error("standard output", std::string("cannot write: ") + std::strerror(errno));
    return kExitIo;
  }
  return kExitOk;
}

void StageClock::add(const std::string& stage, double seconds) {
  const auto same = std::find_if(stages_.begin(), stages_.end(), [&](const StageTime& s) { return s.stage == stage; });
  if (same != stages_.end()) {
    same->seconds += seconds;
  } else {
    stages_.push_back({stage, seconds});
  }
}

void StageClock::add(const std::vector<StageTime>& stages) {
  for (const StageTime& s : stages) add(s.stage, s.seconds);
}

std::string StageClock::table() const {
  std::string text;
  double sum = 0;
  for (const StageTime& s : stages_) {
    text += fmt::format("  {:<24}{:>9.3f} s\n", s.stage, s.seconds);
    sum += s.seconds;
  }
  return text + fmt::format("  {:<24}{:>9.3f} s", "sum", sum);
}

double seconds_since_process_start() {
  std::ifstream stat("/proc/self/stat");
  std::string text;
  std::getline(stat, text);
  const size_t name_end = text.rfind(')');  // proc(5): the name may hold anything, fields after it are plain
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  unsigned long long start_ticks = 0;
  timespec now = {};
  if (!(fields >> start_ticks) || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
  const double start = static_cast<double>(start_ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return std::max(0.0, static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec) - start);
}

}  // namespace laconic::cli
