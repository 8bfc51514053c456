#include "codec/media/image_format.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "codec/media/byte_order.h"

namespace laconic {
namespace {

using std::string_view_literals::operator""sv;

constexpr char kReadFormats[] = "PNG, JPEG, WebP, TIFF, GIF, BMP and PNM are read";

struct Signature {
  size_t offset;
  std::string_view magic;
  const char* name;
};

// Not read; named so that the message helps.
constexpr Signature kForeign[] = {
    {0, "\x76\x2F\x31\x01"sv, "OpenEXR, whose samples are floating point"},
    {0, "#?RADIANCE"sv, "Radiance HDR, whose samples are floating point"},
    {0, "#?RGBE"sv, "Radiance HDR, whose samples are floating point"},
    {0, "PF\n"sv, "PFM, whose samples are floating point"},
    {0, "Pf\n"sv, "PFM, whose samples are floating point"},
    {0, "P7\n"sv, "PAM"},
    {0, "II\x2B\0"sv, "BigTIFF"},
    {0, "MM\0\x2B"sv, "BigTIFF"},
    {4, "ftypavif"sv, "AVIF"},
    {4, "ftypavis"sv, "AVIF"},
    {4, "ftypheic"sv, "HEIC"},
    {4, "ftypheix"sv, "HEIC"},
    {4, "ftypmif1"sv, "HEIF"},
    {4, "ftypmsf1"sv, "HEIF"},
    {4, "ftyp"sv, "a film (MP4 or QuickTime)"},
    {0, "\xFF\x0A"sv, "JPEG XL"},
    {0, "\0\0\0\x0CJXL "sv, "JPEG XL"},
    {0, "\0\0\0\x0CjP  "sv, "JPEG 2000"},
    {0, "\xFF\x4F\xFF\x51"sv, "JPEG 2000"},
    {0, "8BPS"sv, "Photoshop"},
    {0, "%PDF"sv, "PDF"},
    {0, "<svg"sv, "SVG"},
    {0, "<?xml"sv, "XML"},
};

bool matches(ByteSpan bytes, size_t offset, std::string_view magic) {
  return has_bytes(bytes, offset, magic.size()) && starts_with(bytes.subspan(offset, magic.size()), magic);
}

bool is_pnm(ByteSpan bytes) {
  if (bytes.size() < 3 || bytes[0] != 'P' || bytes[1] < '1' || bytes[1] > '6') return false;
  return std::isspace(bytes[2]) != 0 || bytes[2] == '#';
}

bool is_bmp(ByteSpan bytes) {
  if (!matches(bytes, 0, "BM"sv)) return false;
  const uint32_t header_bytes = load32(bytes, 14, Endian::kLittle);
  return header_bytes == 12 || (header_bytes >= 40 && header_bytes <= 124);
}

constexpr uint32_t kMaxInt = 0x7FFFFFFF;
//   extension name     format              grey   colour alpha  g+a    16 bit max side  icc    exif   xmp
constexpr ImageTarget kTargets[] = {
    {"png", "PNG", ImageFormat::kPng, true, true, true, true, true, kMaxInt, true, true, true},
    {"jpg", "JPEG", ImageFormat::kJpeg, true, true, false, false, false, 65535, true, true, true},
    {"jpeg", "JPEG", ImageFormat::kJpeg, true, true, false, false, false, 65535, true, true, true},
    {"webp", "WebP", ImageFormat::kWebp, false, true, true, false, false, 16383, true, true, true},
    {"tif", "TIFF", ImageFormat::kTiff, true, true, true, true, true, kMaxInt, true, false, true},
    {"tiff", "TIFF", ImageFormat::kTiff, true, true, true, true, true, kMaxInt, true, false, true},
    {"ppm", "PPM", ImageFormat::kPnm, false, true, false, false, true, kMaxInt, false, false, false},
    {"pgm", "PGM", ImageFormat::kPnm, true, false, false, false, true, kMaxInt, false, false, false},
    {"pnm", "PNM", ImageFormat::kPnm, true, true, false, false, true, kMaxInt, false, false, false},
    {"bmp", "BMP", ImageFormat::kBmp, true, true, true, false, false, kMaxInt, false, false, false},
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string extension_of(const std::string& path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  return path.substr(dot + 1);
}

}  // namespace

Result<ImageFormat> detect_image_format(ByteSpan bytes) {
  if (bytes.empty()) return need_more_data("the file is empty");
  if (matches(bytes, 0, "\x89PNG\r\n\x1A\n"sv)) return ImageFormat::kPng;
  if (matches(bytes, 0, "\xFF\xD8\xFF"sv)) return ImageFormat::kJpeg;
  if (matches(bytes, 0, "RIFF"sv) && matches(bytes, 8, "WEBP"sv)) return ImageFormat::kWebp;
  if (matches(bytes, 0, "II\x2A\0"sv) || matches(bytes, 0, "MM\0\x2A"sv)) return ImageFormat::kTiff;
  if (matches(bytes, 0, "GIF87a"sv) || matches(bytes, 0, "GIF89a"sv)) return ImageFormat::kGif;
  if (is_bmp(bytes)) return ImageFormat::kBmp;
  if (is_pnm(bytes)) return ImageFormat::kPnm;
  for (const Signature& foreign : kForeign) {
    if (!matches(bytes, foreign.offset, foreign.magic)) continue;
    return unsupported(std::string("this is ") + foreign.name + ", which is not read; " + kReadFormats);
  }
  return unsupported(std::string("this is no picture format that is known; ") + kReadFormats);
}

Result<const ImageTarget*> find_image_target(const std::string& format, const std::string& path) {
  if (format.empty() && path == "-") return invalid_argument("writing to standard output needs the format to be given");
  const std::string wanted = lower(format.empty() ? extension_of(path) : format);
  for (const ImageTarget& target : kTargets) {
    if (wanted == target.extension) return &target;
  }
  const std::string known = "png, jpg, jpeg, webp, tif, tiff, ppm, pgm, pnm and bmp are written";
  if (wanted.empty()) return invalid_argument("'" + path + "' has no extension to tell the format; " + known);
  return invalid_argument("the picture format '" + wanted + "' is not known; " + known);
}

}  // namespace laconic
