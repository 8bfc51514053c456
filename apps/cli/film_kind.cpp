#include "apps/cli/film_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "apps/cli/file_kind.h"
#include "codec/media/film_reader.h"

namespace laconic::cli {
namespace {

constexpr size_t kSignatureBytes = 512;

Bytes first_bytes(const std::string& path) {
  Bytes bytes(kSignatureBytes);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

}  // namespace

bool is_film_extension(const std::string& extension) {
  static constexpr std::string_view kExtensions[] = {"mov", "qt", "mkv", "nut", "mp4", "m4v", "y4m"};
  return std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
}

bool is_film_input(const std::string& path, bool film_output) {
  if (path == "-") return film_output;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::is_regular_file(status)) return std::filesystem::exists(status) && film_output;
  const Bytes bytes = first_bytes(path);
  const std::string kind = describe_file_kind(bytes);
  if (is_laconic_stream(bytes) || kind.find("picture") != std::string::npos) return false;
  // By their signature, not by whether they open: of a damaged film the film reader gives the better error.
  for (const char* container : {"MP4", "Matroska", "AVI", "NUT", "YUV4MPEG"}) {
    if (kind.find(container) != std::string::npos) return true;
  }
  return FilmReader::is_film(path);
}

Result<double> parse_time(const std::string& text) {
  double seconds = 0;
  const char* next = text.c_str();
  for (int part = 0; part < 3; ++part) {
    char* end = nullptr;
    const bool starts_well = *next >= '0' && *next <= '9';
    const double value = starts_well ? std::strtod(next, &end) : -1;
    if (!starts_well || !std::isfinite(value) || (part > 0 && value >= 60)) break;
    seconds = seconds * 60 + value;
    if (*end == '\0' && seconds < 1e9) return seconds;
    if (*end != ':' || value != std::floor(value)) break;
    next = end + 1;
  }
  return invalid_argument(fmt::format("'{}' is not a time; write seconds (90.5), minutes (1:30) or hours (1:02:03)", text));
}

std::string format_time(double seconds) {
  const auto milliseconds = std::llround(std::max(seconds, 0.0) * 1000);
  return fmt::format("{}:{:02}:{:02}.{:03}", milliseconds / 3600000, milliseconds / 60000 % 60, milliseconds / 1000 % 60,
                     milliseconds % 1000);
}

}  // namespace laconic::cli
