// Runs the built program as a user would, and keeps what it said.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "codec/base/span.h"
#include "codec/image.h"

namespace laconic::cli {

struct Outcome {
  int exit_code = -1;  // 128 + signal if a signal ended it
  std::string out;
  std::string err;
  long max_rss_kib = 0;
};

struct Surroundings {
  std::string input;                               // standard input; empty input is an empty pipe
  std::map<std::string, std::string> environment;  // set on top of ours
  int interrupt_after_ms = -1;                     // sends SIGINT so long after the start; -1: never
};

Outcome run_laconic(const std::vector<std::string>& arguments, const Surroundings& surroundings = {});

// A folder of its own for one test, removed at its end.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  // Sorted names of what it holds.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::string& path);  // empty if it is not there
void write_text(const std::string& path, const std::string& bytes);

// A smooth picture with an edge and some noise, RGB, 8 bits; the same for the same size.
Image draw_picture(int width_px, int height_px);
// As PNG; fails the test if that cannot be done.
void write_picture(const Image& image, const std::string& path);
Image read_picture_file(const std::string& path);

// False where data/weights is empty: tests that need weights then skip.
bool has_weights();

// "laconic: NAME: sentence" and nothing else.
bool is_one_error_line(const std::string& text);

}  // namespace laconic::cli
