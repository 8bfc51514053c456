#include "apps/cli/film_kind.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string_view>

#include "apps/cli/file_kind.h"
#include "codec/media/film_reader.h"
#include "codec/media/sound_reader.h"

namespace laconic::cli {
namespace {

constexpr size_t kSignatureBytes = 4096;  // the stream headers of our own QuickTime and NUT files lie within

enum class InputKind { kUnknown, kPicture, kFilm, kSound };

// Without taking them out. tee(2) needs a pipe on both sides.
Bytes peek_stdin() {
  Bytes bytes(kSignatureBytes);
  ssize_t num_bytes = ::pread(STDIN_FILENO, bytes.data(), bytes.size(), ::lseek(STDIN_FILENO, 0, SEEK_CUR));
  int copy[2];
  if (num_bytes < 0 && ::pipe(copy) == 0) {
    num_bytes = ::tee(STDIN_FILENO, copy[1], bytes.size(), 0);  // waits for the first bytes
    if (num_bytes > 0) num_bytes = ::read(copy[0], bytes.data(), static_cast<size_t>(num_bytes));
    ::close(copy[0]);
    ::close(copy[1]);
  }
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(num_bytes, 0)));
  return bytes;
}

Bytes first_bytes(const std::string& path) {
  if (path == "-") return peek_stdin();
  Bytes bytes(kSignatureBytes);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

bool names_any(const std::string& kind, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return kind.find(name) != std::string::npos; });
}

bool contains(ByteSpan bytes, std::string_view part) {
  return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

// What the first bytes tell. A container of films may hold sound alone.
InputKind kind_by_signature(ByteSpan bytes) {
  const std::string kind = describe_file_kind(bytes);
  if (is_laconic_stream(bytes) || kind.find("picture") != std::string::npos) return InputKind::kPicture;
  if (names_any(kind, {"WAV", "FLAC", "MP3", "AIFF"}) || contains(bytes.first(std::min<size_t>(bytes.size(), 16)), "ftypM4A")) {
    return InputKind::kSound;
  }
  return names_any(kind, {"MP4", "Matroska", "AVI", "NUT", "YUV4MPEG"}) ? InputKind::kFilm : InputKind::kUnknown;
}

InputKind kind_of_pipe(const std::string& path, InputKind otherwise) {
  const Bytes bytes = path == "-" ? first_bytes(path) : Bytes();
  const InputKind kind = kind_by_signature(bytes);
  if (contains(bytes, "LACA") && !contains(bytes, "LACV")) return InputKind::kSound;
  return kind == InputKind::kSound ? kind : otherwise;
}

InputKind kind_of_file(const std::string& path) {
  const InputKind kind = kind_by_signature(first_bytes(path));
  if (kind == InputKind::kPicture || kind == InputKind::kSound) return kind;
  if (FilmReader::is_film(path)) return InputKind::kFilm;
  if (SoundReader::is_sound(path)) return InputKind::kSound;
  return kind;  // by its signature, though it does not open: of a damaged film the film reader gives the better error
}

InputKind kind_of(const std::string& path, InputKind otherwise) {
  if (path == "-") return kind_of_pipe(path, otherwise);
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_regular_file(status)) return kind_of_file(path);
  return otherwise;  // of a file that is not there, too: the reader says so
}

}  // namespace

bool is_film_extension(const std::string& extension) {
  static constexpr std::string_view kExtensions[] = {"mov", "qt", "mkv", "nut", "mp4", "m4v", "y4m"};
  return std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
}

bool is_film_input(const std::string& path, bool film_output) {
  return kind_of(path, film_output ? InputKind::kFilm : InputKind::kUnknown) == InputKind::kFilm;
}

bool is_sound_input(const std::string& path, bool sound_output) {
  return kind_of(path, sound_output ? InputKind::kSound : InputKind::kUnknown) == InputKind::kSound;
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
