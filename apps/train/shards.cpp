#include "apps/train/shards.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "apps/train/mapped_file.h"

namespace laconic::train {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[] = "LACSHRD1";
constexpr uint64_t kMagicBytes = 8;
constexpr uint64_t kHeaderBytes = kMagicBytes + 4;
constexpr uint64_t kEntryBytes = 16;

uint64_t read_little_endian(const uint8_t* bytes, int num_bytes) {
  uint64_t value = 0;
  for (int i = num_bytes - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

void append_little_endian(Bytes* out, uint64_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) out->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace

Result<std::vector<Picture>> open_shard(const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const MappedFile mapping, map_file(path));
  const uint8_t* bytes = mapping.bytes.get();
  const uint64_t size = mapping.size_bytes;
  if (std::memcmp(bytes, kMagic, std::min(size, kMagicBytes)) != 0) return corrupt(path + " is not a shard");
  if (size < kHeaderBytes) return need_more_data(path + " ends inside the header");
  const uint64_t count = read_little_endian(bytes + kMagicBytes, 4);
  if (count == 0) return corrupt(path + " holds no pictures");
  const uint64_t index_end = kHeaderBytes + count * kEntryBytes;  // count < 2^32: no overflow
  if (index_end > size) return need_more_data(path + " ends inside the index of " + std::to_string(count) + " pictures");

  std::vector<Picture> pictures;
  pictures.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint8_t* entry = bytes + kHeaderBytes + i * kEntryBytes;
    const uint64_t offset = read_little_endian(entry, 8);
    const uint64_t width = read_little_endian(entry + 8, 4);
    const uint64_t height = read_little_endian(entry + 12, 4);
    const std::string which = path + ", picture " + std::to_string(i) + ": ";
    if (width == 0 || height == 0 || width > kMaxShardSidePx || height > kMaxShardSidePx) {
      return corrupt(which + "size " + std::to_string(width) + "x" + std::to_string(height) + ", sides are 1 to " +
                     std::to_string(kMaxShardSidePx));
    }
    const uint64_t picture_bytes = 3 * width * height;  // at most 3 * 2^32
    if (offset < index_end) return corrupt(which + "offset " + std::to_string(offset) + " lies inside the index");
    if (offset > size || picture_bytes > size - offset) return need_more_data(which + "ends behind the end of the file");
    pictures.push_back({std::shared_ptr<const uint8_t>(mapping.bytes, bytes + offset), static_cast<int64_t>(width),
                        static_cast<int64_t>(height)});
  }
  return pictures;
}

namespace {

Result<std::vector<std::string>> list_shards(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".shard") paths.push_back(entry->path().string());
  }
  if (error) return io_error("cannot list " + folder + ": " + error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Result<std::vector<Picture>> open_shards(const std::string& folder) {
  LACONIC_ASSIGN_OR_RETURN(const std::vector<std::string> paths, list_shards(folder));
  if (paths.empty()) return invalid_argument(folder + " holds no *.shard files (make them with laconic-pack)");
  std::vector<Picture> all;
  for (const auto& path : paths) {
    LACONIC_ASSIGN_OR_RETURN(const std::vector<Picture> pictures, open_shard(path));
    all.insert(all.end(), pictures.begin(), pictures.end());
  }
  return all;
}

Result<ShardWriter> ShardWriter::create(const std::string& folder, uint64_t shard_bytes) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return io_error("cannot make " + folder + ": " + error.message());
  LACONIC_ASSIGN_OR_RETURN(const std::vector<std::string> present, list_shards(folder));
  if (!present.empty()) {
    return invalid_argument(folder + " holds " + std::to_string(present.size()) + " shards already; remove them first");
  }
  return ShardWriter(folder, shard_bytes);
}

Status ShardWriter::add(ByteSpan rgb, uint32_t width_px, uint32_t height_px) {
  if (width_px == 0 || height_px == 0 || width_px > kMaxShardSidePx || height_px > kMaxShardSidePx) {
    return invalid_argument("picture of " + std::to_string(width_px) + "x" + std::to_string(height_px) +
                            ", sides must be 1 to " + std::to_string(kMaxShardSidePx));
  }
  LACONIC_CHECK(rgb.size() == uint64_t{3} * width_px * height_px);
  if (!entries_.empty() && pixels_.size() + rgb.size() > shard_bytes_) LACONIC_RETURN_IF_ERROR(write_shard());
  entries_.push_back({pixels_.size(), width_px, height_px});
  pixels_.insert(pixels_.end(), rgb.begin(), rgb.end());
  ++num_pictures_;
  return ok_status();
}

Status ShardWriter::finish() { return entries_.empty() ? ok_status() : write_shard(); }

Status ShardWriter::write_shard() {
  Bytes head(kMagic, kMagic + kMagicBytes);
  append_little_endian(&head, entries_.size(), 4);
  const uint64_t pixels_start = kHeaderBytes + entries_.size() * kEntryBytes;
  for (const Entry& entry : entries_) {
    append_little_endian(&head, pixels_start + entry.offset_bytes, 8);
    append_little_endian(&head, entry.width_px, 4);
    append_little_endian(&head, entry.height_px, 4);
  }
  std::string name = std::to_string(num_shards_);
  name.insert(0, 5 - std::min<size_t>(5, name.size()), '0');
  const std::string path = (fs::path(folder_) / (name + ".shard")).string();
  const std::string temporary = path + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(head.data()), static_cast<std::streamsize>(head.size()));
    file.write(reinterpret_cast<const char*>(pixels_.data()), static_cast<std::streamsize>(pixels_.size()));
    file.close();
    if (!file) {
      const std::string reason = std::strerror(errno);
      std::remove(temporary.c_str());
      return io_error("cannot write " + temporary + ": " + reason);
    }
  }
  std::error_code error;
  fs::rename(temporary, path, error);
  if (error) return io_error("cannot rename " + temporary + ": " + error.message());
  ++num_shards_;
  entries_.clear();
  pixels_.clear();
  return ok_status();
}

}  // namespace laconic::train
