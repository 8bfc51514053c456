#include "tests/apps/cli/run_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "codec/media/image_file.h"

#ifndef LACONIC_PROGRAM
#error "LACONIC_PROGRAM, the path of the program under test, is not defined"
#endif

namespace laconic::cli {
namespace {

namespace fs = std::filesystem;

struct Pipe {
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(int i) {
    if (ends[i] >= 0) ::close(ends[i]);
    ends[i] = -1;
  }
  int ends[2];  // reading, writing; -1 once closed
};

[[noreturn]] void become_program(const std::vector<std::string>& arguments, const Surroundings& surroundings, Pipe& in,
                                 Pipe& out, Pipe& err) {
  ::dup2(in.ends[0], STDIN_FILENO);
  ::dup2(out.ends[1], STDOUT_FILENO);
  ::dup2(err.ends[1], STDERR_FILENO);
  ::unsetenv("LACONIC_MODEL");
  for (const auto& [name, value] : surroundings.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv = {const_cast<char*>("laconic")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(LACONIC_PROGRAM, argv.data());
  ::_exit(127);
}

// Moves one piece; closes the end when that side is done.
void feed(Pipe& pipe, const std::string& input, size_t& sent) {
  const ssize_t count = ::write(pipe.ends[1], input.data() + sent, std::min<size_t>(input.size() - sent, 65536));
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count < 0 || (sent += static_cast<size_t>(count)) == input.size()) pipe.close_end(1);
}

void drain(Pipe& pipe, std::string& text) {
  char piece[65536];
  const ssize_t count = ::read(pipe.ends[0], piece, sizeof(piece));
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) return pipe.close_end(0);
  text.append(piece, static_cast<size_t>(count));
}

}  // namespace

Outcome run_laconic(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Outcome outcome;
  ::signal(SIGPIPE, SIG_IGN);
  Pipe in, out, err;
  const pid_t child = ::fork();
  if (child == 0) become_program(arguments, surroundings, in, out, err);
  in.close_end(0);
  out.close_end(1);
  err.close_end(1);
  ::fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
  if (surroundings.input.empty()) in.close_end(1);

  const auto start = std::chrono::steady_clock::now();
  bool is_interrupt_due = surroundings.interrupt_after_ms >= 0;
  size_t sent = 0;
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    pollfd ends[3] = {{in.ends[1], POLLOUT, 0}, {out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}};
    ::poll(ends, 3, 5);
    if (ends[0].revents != 0) feed(in, surroundings.input, sent);
    if (ends[1].revents != 0) drain(out, outcome.out);
    if (ends[2].revents != 0) drain(err, outcome.err);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    if (is_interrupt_due && elapsed.count() >= surroundings.interrupt_after_ms) {
      ::kill(child, SIGINT);
      is_interrupt_due = false;
    }
  }
  int status = 0;
  rusage usage = {};
  while (::wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  outcome.max_rss_kib = usage.ru_maxrss;
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

TestFolder::TestFolder() {
  std::string pattern = (fs::path(::testing::TempDir()) / "laconic-cli-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TestFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path_)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
}

Image draw_picture(int width_px, int height_px) {
  Image image;
  image.width_px = width_px;
  image.height_px = height_px;
  uint32_t noise = 12345;
  for (int y = 0; y < height_px; ++y) {
    for (int x = 0; x < width_px; ++x) {
      const double wave = 60 * std::sin(x * 0.021 + y * 0.013) + (x > y ? 30 : -30);
      for (int c = 0; c < 3; ++c) {
        noise = noise * 1664525u + 1013904223u;
        const double value = 128 + wave * (1 - 0.3 * c) + static_cast<int>(noise >> 28) - 8;
        image.samples.push_back(static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)));
      }
    }
  }
  return image;
}

void write_picture(const Image& image, const std::string& path) {
  const Status status = write_image(image, path, {});
  ASSERT_TRUE(status.ok()) << status.message();
}

Image read_picture_file(const std::string& path) {
  auto image = read_image(path, {});
  EXPECT_TRUE(image.ok()) << image.status().message();
  return image.ok() ? *image : Image{};
}

bool has_weights() {
  static const bool has_some = run_laconic({"models"}).exit_code == 0;
  return has_some;
}

bool is_one_error_line(const std::string& text) {
  return text.rfind("laconic: ", 0) == 0 && std::count(text.begin(), text.end(), '\n') == 1 && text.back() == '\n';
}

}  // namespace laconic::cli
