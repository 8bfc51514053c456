#include "codec/media/film_check.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/base/crc32.h"
#include "codec/media/byte_order.h"

namespace laconic {
namespace {

constexpr uint8_t kCheckName[16] = {0xB1, 'L', 'a', 'c', 'o', 'n', 'i', 'c', ' ', 'C', 'R', 'C', '-', '3', '2', 0};
constexpr uint64_t kCheckBytes = 8 + sizeof(kCheckName) + 4;
constexpr size_t kChunkBytes = 1 << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class FileBytes {
 public:
  static std::optional<FileBytes> open(const std::string& path) {
    FileBytes bytes;
    bytes.file_.reset(std::fopen(path.c_str(), "rb"));
    if (!bytes.file_ || ::fseeko(bytes.file_.get(), 0, SEEK_END) != 0) return std::nullopt;
    bytes.size_ = static_cast<uint64_t>(std::max<off_t>(::ftello(bytes.file_.get()), 0));
    return bytes;
  }
  uint64_t size() const { return size_; }
  // As many as there are, then zeros.
  Bytes at(uint64_t offset, size_t num_bytes) const {
    Bytes bytes(num_bytes);
    const bool is_there = ::fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) == 0;
    bytes.resize(is_there ? std::fread(bytes.data(), 1, num_bytes, file_.get()) : 0);
    bytes.resize(num_bytes);
    return bytes;
  }
  uint32_t crc(uint64_t begin, uint64_t end) const {
    std::vector<uint8_t> chunk(kChunkBytes);
    uint32_t crc = 0;
    if (::fseeko(file_.get(), static_cast<off_t>(begin), SEEK_SET) != 0) return crc;
    while (begin < end) {
      const size_t wanted = static_cast<size_t>(std::min<uint64_t>(end - begin, chunk.size()));
      const size_t num_read = std::fread(chunk.data(), 1, wanted, file_.get());
      crc = crc32(ByteSpan(chunk.data(), num_read), crc);
      if (num_read < wanted) break;
      begin += num_read;
    }
    return crc;
  }

 private:
  std::unique_ptr<std::FILE, CloseFile> file_;
  uint64_t size_ = 0;
};

Status ends_early(uint64_t offset, uint64_t end, uint64_t size) {
  return need_more_data("the file ends early: its part at byte " + std::to_string(offset) + " goes to byte " + std::to_string(end) +
                        ", there are " + std::to_string(size));
}

Status unknown_part(uint64_t offset) {
  return corrupt("the container is damaged at byte " + std::to_string(offset) + ": no part of a film begins like this");
}

Status wrong_check(uint32_t said, uint32_t found, const std::string& of) {
  return corrupt("the container is damaged: the check of " + of + " is " + std::to_string(said) + ", but its bytes give " +
                 std::to_string(found));
}

bool is_box_name(std::string_view name) {
  static constexpr std::string_view kNames[] = {"ftyp", "moov", "moof", "mdat", "mfra", "free", "skip", "wide", "sidx",
                                                "styp", "uuid", "emsg", "prft", "pdin", "meta", "udta", "pnot"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

struct Box {
  std::string name;
  uint64_t size_bytes = 0;  // below 8: not a box
};

Box read_box(const FileBytes& file, uint64_t offset) {
  const Bytes header = file.at(offset, 16);
  uint64_t size = load32(header, 0, Endian::kBig);
  if (size == 1) size = uint64_t{load32(header, 8, Endian::kBig)} << 32 | load32(header, 12, Endian::kBig);
  if (size == 0) size = file.size() - offset;  // to the end
  return {std::string(reinterpret_cast<const char*>(header.data()) + 4, 4), size};
}

Status check_quicktime(const FileBytes& file) {
  for (uint64_t offset = 0; offset < file.size();) {
    const auto [name, size] = read_box(file, offset);
    if (file.size() - offset < 8) return ends_early(offset, offset + 8, file.size());
    if (size < 8 || !is_box_name(name)) return unknown_part(offset);
    if (size > file.size() - offset) return ends_early(offset, offset + size, file.size());
    if (size == kCheckBytes && name == "uuid") {
      const Bytes box = file.at(offset, kCheckBytes);
      const uint32_t said = load32(box, 24, Endian::kBig);
      const bool is_ours = std::memcmp(box.data() + 8, kCheckName, sizeof(kCheckName)) == 0;
      const uint32_t found = is_ours ? file.crc(0, offset) : said;
      if (found != said) return wrong_check(said, found, "the file");
    }
    offset += size;
  }
  return ok_status();
}

// An element's number (its marker bit kept) or size (dropped). Length 0: neither.
struct Varint {
  uint64_t value = 0;
  int length = 0;
  bool is_unknown = false;  // all bits set: a size that the writer did not know yet
};

Varint read_varint(const FileBytes& file, uint64_t offset, bool keeps_marker) {
  const Bytes bytes = file.at(offset, 8);
  Varint out;
  while (out.length < 8 && (bytes[0] >> (7 - out.length) & 1) == 0) ++out.length;
  if (++out.length > 8 || offset + static_cast<uint64_t>(out.length) > file.size()) return {};
  const uint8_t marker = static_cast<uint8_t>(0x80 >> (out.length - 1));
  out.value = keeps_marker ? bytes[0] : static_cast<uint8_t>(bytes[0] & (marker - 1));
  for (int i = 1; i < out.length; ++i) out.value = out.value << 8 | bytes[static_cast<size_t>(i)];
  out.is_unknown = !keeps_marker && out.value == (uint64_t{1} << (7 * out.length)) - 1;
  return out;
}

constexpr uint64_t kEbmlHeader = 0x1A45DFA3, kSegment = 0x18538067;

bool is_element(uint64_t number) {
  static constexpr uint64_t kNumbers[] = {kEbmlHeader, kSegment,   0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1F43B675,
                                          0x1C53BB6B,  0x1254C367, 0x1043A770, 0x1941A469, 0xEC};
  return std::find(std::begin(kNumbers), std::end(kNumbers), number) != std::end(kNumbers);
}

Status check_matroska(const FileBytes& file) {
  for (uint64_t offset = 0; offset < file.size();) {
    const Varint number = read_varint(file, offset, /*keeps_marker=*/true);
    if (number.length == 0 || !is_element(number.value)) return unknown_part(offset);
    const Varint size = read_varint(file, offset + static_cast<uint64_t>(number.length), /*keeps_marker=*/false);
    if (size.length == 0) return unknown_part(offset);
    const uint64_t begin = offset + static_cast<uint64_t>(number.length + size.length);
    if (!size.is_unknown && size.value > file.size() - std::min(begin, file.size())) return ends_early(offset, begin + size.value, file.size());
    offset = begin;
    if (number.value == kSegment) continue;  // its parts follow, one by one
    if (size.is_unknown) return ok_status();
    offset += size.value;
    const Bytes first = file.at(begin, 6);
    if (size.value < 6 || first[0] != 0xBF || first[1] != 0x84) continue;
    const uint32_t said = load32(first, 2, Endian::kLittle);
    if (const uint32_t found = file.crc(begin + 6, offset); found != said) {
      return wrong_check(said, found, "its part at byte " + std::to_string(begin));
    }
  }
  return ok_status();
}

}  // namespace

Status append_check(const std::string& path) {
  const auto file = FileBytes::open(path);
  if (!file) return io_error("cannot read '" + path + "' again");
  Bytes box;
  append_number(box, kCheckBytes, 4, Endian::kBig);
  append_text(box, "uuid");
  append_bytes(box, ByteSpan(kCheckName, sizeof(kCheckName)));
  append_number(box, file->crc(0, file->size()), 4, Endian::kBig);
  const std::unique_ptr<std::FILE, CloseFile> end(std::fopen(path.c_str(), "ab"));
  if (end && std::fwrite(box.data(), 1, box.size(), end.get()) == box.size() && std::fflush(end.get()) == 0) return ok_status();
  [[maybe_unused]] const int ignored = ::truncate(path.c_str(), static_cast<off_t>(file->size()));
  return io_error("cannot write '" + path + "'");
}

std::optional<uint64_t> end_of_whole_fragments(const std::string& path) {
  const auto file = FileBytes::open(path);
  bool has_samples = false;
  for (uint64_t offset = 0; file && offset < file->size();) {
    const auto [name, size] = read_box(*file, offset);
    const bool is_whole_header = file->size() - offset >= 8;
    if (is_whole_header && (size < 8 || !is_box_name(name))) break;
    if (!is_whole_header || size > file->size() - offset) return has_samples ? std::optional(offset) : std::nullopt;
    has_samples |= name == "mdat";
    offset += size;
  }
  return std::nullopt;
}

Status check_film_file(const std::string& path, const std::string& container) {
  const bool is_quicktime = container.find("mov") != std::string::npos;
  if (!is_quicktime && container.find("matroska") == std::string::npos) return ok_status();
  const auto file = FileBytes::open(path);
  if (!file) return ok_status();
  return is_quicktime ? check_quicktime(*file) : check_matroska(*file);
}

}  // namespace laconic
