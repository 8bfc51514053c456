// laconic-pack IN... -o OUT_DIR: pictures to shards (shards.h), for laconic-train; with --sound, sound (sound_shards.h).
//
// Exit codes: 0 all packed; 1 some files could not be read and were left out; 2 wrong usage; 3 a folder cannot be
// read or a shard not written; 4 nothing found.
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

#include "apps/train/pack_sound.h"
#include "apps/train/shards.h"
#include "apps/train/sound_shards.h"

namespace {

namespace fs = std::filesystem;
using laconic::Result;
using laconic::Status;

enum ExitCode { kAllPacked = 0, kSomeUnreadable = 1, kWrongUsage = 2, kIoFailure = 3, kNothingFound = 4 };

// Kept equal to pack_shards.py's list.
const std::set<std::string> kPictureExtensions = {".bmp", ".jpeg", ".jpg", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"};
const std::set<std::string> kSoundExtensions = {".aac", ".aif", ".aiff", ".caf", ".flac", ".m4a", ".mka", ".mp3",
                                                ".oga", ".ogg", ".opus", ".w64", ".wav",  ".wma", ".wv"};

struct Options {
  std::vector<std::string> inputs;
  std::string output;
  uint64_t shard_bytes = 0;
  int max_side = 0;  // of pictures; 0: as they are
};

// A file named itself is taken whatever it is called.
std::vector<std::string> find_files(const std::string& input, const std::set<std::string>& extensions, std::error_code* error) {
  if (fs::is_regular_file(input, *error)) return {input};
  std::vector<std::string> paths;
  for (fs::recursive_directory_iterator entry(input, *error), end; !*error && entry != end; entry.increment(*error)) {
    std::string extension = entry->path().extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
    if (extensions.count(extension) > 0 && entry->is_regular_file()) paths.push_back(entry->path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// 8-bit RGB, turned as its EXIF orientation says.
Result<cv::Mat> read_rgb(const std::string& path, int max_side) {
  cv::Mat picture;
  try {
    picture = cv::imread(path, cv::IMREAD_COLOR);
    if (picture.empty()) return laconic::corrupt("is not a picture, or damaged");
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
  } catch (const cv::Exception& error) {  // such as a picture over OpenCV's own limit
    return laconic::unsupported(error.what());
  }
  return picture;
}

int fail(const Status& status) {
  std::fprintf(stderr, "laconic-pack: %s\n", status.message().c_str());
  return status.code() == laconic::StatusCode::kInvalidArgument ? kWrongUsage : kIoFailure;
}

// `kind` is the plural, for messages. read(path) gives a Result; what is in it, add(&writer, it) adds.
template <typename Writer, typename Read, typename Add>
int pack(const Options& options, const char* kind, const std::set<std::string>& extensions, Read read, Add add) {
  std::vector<std::string> paths;
  for (const auto& input : options.inputs) {
    std::error_code error;
    const auto found = find_files(input, extensions, &error);
    if (error) return fail(laconic::io_error("cannot list " + input + ": " + error.message()));
    paths.insert(paths.end(), found.begin(), found.end());
  }
  if (paths.empty()) {
    std::fprintf(stderr, "laconic-pack: no %s found\n", kind);
    return kNothingFound;
  }
  auto writer = Writer::create(options.output, options.shard_bytes);
  if (!writer.ok()) return fail(writer.status());
  const bool shows_progress = ::isatty(STDERR_FILENO);
  size_t num_packed = 0, num_unreadable = 0;
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto item = read(paths[i]);
    if (!item.ok()) {
      std::fprintf(stderr, "laconic-pack: warning: left out: %s: %s\n", paths[i].c_str(), item.status().message().c_str());
      ++num_unreadable;
      continue;
    }
    if (const Status status = add(&*writer, *item); !status.ok()) return fail(status);
    ++num_packed;
    if (shows_progress && (i % 20 == 0 || i + 1 == paths.size())) {
      std::fprintf(stderr, "\r%zu of %zu %s", i + 1, paths.size(), kind);
    }
  }
  if (shows_progress) std::fputc('\n', stderr);
  if (const Status status = writer->finish(); !status.ok()) return fail(status);
  std::printf("%zu %s in %lld shards, %zu left out\n", num_packed, kind, static_cast<long long>(writer->num_shards()),
              num_unreadable);
  if (num_packed == 0) return kNothingFound;
  return num_unreadable > 0 ? kSomeUnreadable : kAllPacked;
}

int pack_pictures(const Options& options) {
  return pack<laconic::train::ShardWriter>(
      options, "pictures", kPictureExtensions, [&](const std::string& path) { return read_rgb(path, options.max_side); },
      [](laconic::train::ShardWriter* writer, const cv::Mat& rgb) {
        return writer->add({rgb.data, rgb.total() * rgb.elemSize()}, rgb.cols, rgb.rows);
      });
}

int pack_sound(const Options& options) {
  return pack<laconic::train::SoundShardWriter>(
      options, "recordings", kSoundExtensions, laconic::train::read_sound,
      [](laconic::train::SoundShardWriter* writer, const laconic::train::DecodedSound& sound) {
        return writer->add(sound.samples, sound.num_channels);
      });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Packs pictures, or sound, into shards for laconic-train");
  Options options;
  int shard_mb = 256;
  bool is_sound = false;
  app.add_option("IN", options.inputs, "folders, searched recursively, or files")->required()->check(CLI::ExistingPath);
  app.add_option("-o,--out", options.output, "folder for the shards; must not hold any yet")->required();
  app.add_option("--shard-mb", shard_mb, "size of a shard in MiB (256; of sound that is about 23 minutes of stereo)")
      ->check(CLI::Range(1, 65536));
  auto* max_side = app.add_option("--max-side", options.max_side, "reduce pictures with a longer side to this many pixels");
  max_side->check(CLI::Range(1, 65536));
  app.add_flag("--sound", is_sound, "pack sound: any format, resampled to 48 kHz, one or two channels")->excludes(max_side);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kAllPacked : kWrongUsage;
  }
  options.shard_bytes = static_cast<uint64_t>(shard_mb) << 20;
  return is_sound ? pack_sound(options) : pack_pictures(options);
}
