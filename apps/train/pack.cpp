// laconic-pack IN_DIR... -o OUT_DIR: pictures to shards (shards.h), for laconic-train.
//
// Exit codes: 0 all packed; 1 some pictures could not be read and were left out; 2 wrong usage; 3 a folder cannot be
// read or a shard not written; 4 no picture found.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <set>
#include <string>
#include <vector>

#include "apps/train/shards.h"

namespace {

namespace fs = std::filesystem;
using laconic::Status;

enum ExitCode { kAllPacked = 0, kSomeUnreadable = 1, kWrongUsage = 2, kIoFailure = 3, kNothingFound = 4 };

// Kept equal to pack_shards.py's list.
const std::set<std::string> kExtensions = {".bmp", ".jpeg", ".jpg", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"};

std::vector<std::string> find_pictures(const std::string& folder, std::error_code* error) {
  std::vector<std::string> paths;
  for (fs::recursive_directory_iterator entry(folder, *error), end; !*error && entry != end; entry.increment(*error)) {
    std::string extension = entry->path().extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
    if (kExtensions.count(extension) > 0 && entry->is_regular_file()) paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// 8-bit RGB, turned as its EXIF orientation says; empty if it cannot be read.
cv::Mat read_rgb(const std::string& path, int max_side) {
  cv::Mat picture;
  try {
    picture = cv::imread(path, cv::IMREAD_COLOR);
    if (picture.empty()) return picture;
    const int side = std::max(picture.cols, picture.rows);
    if (max_side > 0 && side > max_side) {
      const auto reduced = [&](int size) {
        return static_cast<int>(std::max<int64_t>(1, (int64_t{size} * max_side + side / 2) / side));
      };
      cv::Mat smaller;
      cv::resize(picture, smaller, {reduced(picture.cols), reduced(picture.rows)}, 0, 0, cv::INTER_AREA);
      picture = smaller;
    }
    cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
  } catch (const cv::Exception&) {  // such as a picture over OpenCV's own limit
    return {};
  }
  return picture;
}

int fail(const Status& status) {
  std::fprintf(stderr, "laconic-pack: %s\n", status.message().c_str());
  return status.code() == laconic::StatusCode::kInvalidArgument ? kWrongUsage : kIoFailure;
}

int pack(const std::vector<std::string>& inputs, const std::string& output, int shard_mb, int max_side) {
  std::vector<std::string> paths;
  for (const auto& folder : inputs) {
    std::error_code error;
    const auto found = find_pictures(folder, &error);
    if (error) return fail(laconic::io_error("cannot list " + folder + ": " + error.message()));
    paths.insert(paths.end(), found.begin(), found.end());
  }
  if (paths.empty()) {
    std::fprintf(stderr, "laconic-pack: no pictures found\n");
    return kNothingFound;
  }
  auto writer = laconic::train::ShardWriter::create(output, static_cast<uint64_t>(shard_mb) << 20);
  if (!writer.ok()) return fail(writer.status());
  const bool shows_progress = ::isatty(STDERR_FILENO);
  size_t num_unreadable = 0;
  for (size_t i = 0; i < paths.size(); ++i) {
    const cv::Mat rgb = read_rgb(paths[i], max_side);
    if (rgb.empty()) {
      std::fprintf(stderr, "laconic-pack: warning: cannot read %s, left out\n", paths[i].c_str());
      ++num_unreadable;
      continue;
    }
    const laconic::ByteSpan bytes(rgb.data, rgb.total() * rgb.elemSize());
    if (const Status status = writer->add(bytes, rgb.cols, rgb.rows); !status.ok()) return fail(status);
    if (shows_progress && (i % 20 == 0 || i + 1 == paths.size())) {
      std::fprintf(stderr, "\r%zu of %zu pictures", i + 1, paths.size());
    }
  }
  if (shows_progress) std::fputc('\n', stderr);
  if (const Status status = writer->finish(); !status.ok()) return fail(status);
  std::printf("%lld pictures in %lld shards, %zu left out\n", static_cast<long long>(writer->num_pictures()),
              static_cast<long long>(writer->num_shards()), num_unreadable);
  if (writer->num_pictures() == 0) return kNothingFound;
  return num_unreadable > 0 ? kSomeUnreadable : kAllPacked;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Packs pictures into shards for laconic-train");
  std::vector<std::string> inputs;
  std::string output;
  int shard_mb = 256;
  int max_side = 0;
  app.add_option("IN_DIR", inputs, "folders, searched recursively")->required()->check(CLI::ExistingDirectory);
  app.add_option("-o,--out", output, "folder for the shards; must not hold any yet")->required();
  app.add_option("--shard-mb", shard_mb, "size of a shard in MiB (256)")->check(CLI::Range(1, 65536));
  app.add_option("--max-side", max_side, "reduce pictures with a longer side to this many pixels")
      ->check(CLI::Range(1, 65536));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kAllPacked : kWrongUsage;
  }
  return pack(inputs, output, shard_mb, max_side);
}
