#include "apps/cli/file_kind.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace laconic::cli {
namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t offset;
  std::string_view bytes;
  const char* kind;
};

// Longer and later signatures first where one contains another.
constexpr Signature kSignatures[] = {
    {0, "\x89PNG\r\n\x1a\n"sv, "a PNG picture"},
    {0, "\xff\xd8\xff"sv, "a JPEG picture"},
    {8, "WEBP"sv, "a WebP picture"},
    {0, "GIF8"sv, "a GIF picture"},
    {0, "II*\0"sv, "a TIFF picture"},
    {0, "MM\0*"sv, "a TIFF picture"},
    {0, "BM"sv, "a BMP picture"},
    {0, "\x76\x2f\x31\x01"sv, "an OpenEXR picture"},
    {0, "\xff\x0a"sv, "a JPEG XL picture"},
    {0, "\0\0\0\x0cJXL \r\n\x87\n"sv, "a JPEG XL picture"},
    {0, "\0\0\0\x0cjP  \r\n\x87\n"sv, "a JPEG 2000 picture"},
    {4, "ftypavif"sv, "an AVIF picture"},
    {4, "ftypheic"sv, "a HEIC picture"},
    {4, "ftypmif1"sv, "a HEIF picture"},
    {4, "ftyp"sv, "an MP4 or QuickTime file"},
    {0, "\x1a\x45\xdf\xa3"sv, "a Matroska or WebM file"},
    {8, "AVI "sv, "an AVI file"},
    {0, "nut/multimedia container\0"sv, "a NUT file"},
    {0, "YUV4MPEG2 "sv, "a YUV4MPEG file"},
    {8, "WAVE"sv, "a WAV file"},
    {0, "fLaC"sv, "a FLAC file"},
    {0, "OggS"sv, "an Ogg file"},
    {0, "ID3"sv, "an MP3 file"},
    {8, "AIFF"sv, "an AIFF file"},
    {0, "8BPS"sv, "a Photoshop file"},
    {0, "%PDF"sv, "a PDF document"},
    {0, "PK\x03\x04"sv, "a ZIP archive"},
    {0, "\x1f\x8b"sv, "a gzip file"},
    {0, "\177ELF"sv, "a program"},
    {0, "<svg"sv, "an SVG drawing"},
    {0, "<?xml"sv, "an XML file"},
};

bool matches(ByteSpan bytes, size_t offset, std::string_view signature) {
  return bytes.size() >= offset + signature.size() &&
         std::memcmp(bytes.data() + offset, signature.data(), signature.size()) == 0;
}

// "P1" to "P7" and white space, as netpbm files begin.
bool is_netpbm(ByteSpan bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' && std::isspace(bytes[2]);
}

bool is_safetensors(ByteSpan bytes) { return bytes.size() > 10 && bytes[7] == 0 && bytes[8] == '{' && bytes[9] == '"'; }

}  // namespace

// FORMAT.md §4.1: magic.
bool is_laconic_stream(ByteSpan bytes) { return matches(bytes, 0, "\xb1LAC"sv); }

std::string describe_file_kind(ByteSpan bytes) {
  if (is_laconic_stream(bytes)) return "a Laconic stream";
  for (const Signature& s : kSignatures) {
    if (matches(bytes, s.offset, s.bytes)) return s.kind;
  }
  if (is_netpbm(bytes)) return "a PNM picture";
  if (is_safetensors(bytes)) return "a weights file (safetensors)";
  const bool is_text =
      !bytes.empty() && std::all_of(bytes.begin(), bytes.begin() + std::min<size_t>(bytes.size(), 256), [](uint8_t b) {
        return b == '\n' || b == '\r' || b == '\t' || (b >= 32 && b < 127);
      });
  return is_text ? "a text file" : "";
}

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_picture_extension(const std::string& extension) {
  static constexpr std::string_view kExtensions[] = {"png", "jpg",  "jpeg", "webp", "tif", "tiff", "bmp",
                                                     "gif", "ppm",  "pgm",  "pnm",  "pam", "pbm",  "exr",
                                                     "jxl", "avif", "heic", "heif", "jp2", "svg"};
  return std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
}

}  // namespace laconic::cli
