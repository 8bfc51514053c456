#include "apps/train/shard_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace laconic::train {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMagicBytes = 8;
constexpr uint64_t kHeaderBytes = kMagicBytes + 4;

uint64_t index_end(const ShardKind& kind, uint64_t count) {
  return kHeaderBytes + count * (8 + kind.description_bytes);  // count < 2^32: no overflow
}

}  // namespace

uint64_t read_little_endian(const uint8_t* bytes, int num_bytes) {
  uint64_t value = 0;
  for (int i = num_bytes - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

void append_little_endian(Bytes* out, uint64_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) out->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

Result<ShardFile> ShardFile::open(const std::string& path, const ShardKind& kind) {
  LACONIC_ASSIGN_OR_RETURN(MappedFile mapping, map_file(path));
  const uint8_t* bytes = mapping.bytes.get();
  const uint64_t size = mapping.size_bytes;
  const std::string items = std::string(kind.item) + "s";
  if (std::memcmp(bytes, kind.magic, std::min(size, kMagicBytes)) != 0) return corrupt(path + " is not a shard of " + items);
  if (size < kHeaderBytes) return need_more_data(path + " ends inside the header");
  const uint64_t count = read_little_endian(bytes + kMagicBytes, 4);
  if (count == 0) return corrupt(path + " holds no " + items);
  if (index_end(kind, count) > size) {
    return need_more_data(path + " ends inside the index of " + std::to_string(count) + " " + items);
  }
  return ShardFile(path, kind, std::move(mapping), count);
}

const uint8_t* ShardFile::entry(uint64_t i) const { return mapping_.bytes.get() + index_end(kind_, i); }

std::string ShardFile::name(uint64_t i) const { return path_ + ", " + kind_.item + " " + std::to_string(i) + ": "; }

Result<std::shared_ptr<const uint8_t>> ShardFile::item(uint64_t i, uint64_t size_bytes) const {
  const uint64_t offset = read_little_endian(entry(i), 8);
  if (offset < index_end(kind_, count_)) return corrupt(name(i) + "offset " + std::to_string(offset) + " lies inside the index");
  if (offset > mapping_.size_bytes || size_bytes > mapping_.size_bytes - offset) {
    return need_more_data(name(i) + "ends behind the end of the file");
  }
  return std::shared_ptr<const uint8_t>(mapping_.bytes, mapping_.bytes.get() + offset);
}

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

Result<ShardFileWriter> ShardFileWriter::create(const std::string& folder, uint64_t shard_bytes, const ShardKind& kind) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return io_error("cannot make " + folder + ": " + error.message());
  LACONIC_ASSIGN_OR_RETURN(const std::vector<std::string> present, list_shards(folder));
  if (!present.empty()) {
    return invalid_argument(folder + " holds " + std::to_string(present.size()) + " shards already; remove them first");
  }
  return ShardFileWriter(folder, shard_bytes, kind);
}

Status ShardFileWriter::add(const Bytes& description, ByteSpan item) {
  LACONIC_CHECK(description.size() == kind_.description_bytes);
  if (!entries_.empty() && items_.size() + item.size() > shard_bytes_) LACONIC_RETURN_IF_ERROR(write_shard());
  entries_.push_back({items_.size(), description});
  items_.insert(items_.end(), item.begin(), item.end());
  ++num_items_;
  return ok_status();
}

Status ShardFileWriter::finish() { return entries_.empty() ? ok_status() : write_shard(); }

Status ShardFileWriter::write_shard() {
  Bytes head(kind_.magic, kind_.magic + kMagicBytes);
  append_little_endian(&head, entries_.size(), 4);
  const uint64_t items_start = index_end(kind_, entries_.size());
  for (const Entry& entry : entries_) {
    append_little_endian(&head, items_start + entry.offset_bytes, 8);
    head.insert(head.end(), entry.description.begin(), entry.description.end());
  }
  std::string name = std::to_string(num_shards_);
  name.insert(0, 5 - std::min<size_t>(5, name.size()), '0');
  const std::string path = (fs::path(folder_) / (name + ".shard")).string();
  const std::string temporary = path + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(head.data()), static_cast<std::streamsize>(head.size()));
    file.write(reinterpret_cast<const char*>(items_.data()), static_cast<std::streamsize>(items_.size()));
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
  items_.clear();
  return ok_status();
}

}  // namespace laconic::train
