// What shards of pictures (shards.h) and of sound (sound_shards.h) have in common:
//
//   magic | u32 count | count x { u64 offset_bytes, description } | items
//
// The magic is eight characters, the description of an item has a length fixed for its kind. Integers are little-endian, offsets
// count from the start of the file, count is at least 1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/train/mapped_file.h"
#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic::train {

struct ShardKind {
  const char* magic;           // eight characters
  const char* item;            // "picture", for messages; the plural adds an s
  uint64_t description_bytes;
};

uint64_t read_little_endian(const uint8_t* bytes, int num_bytes);
void append_little_endian(Bytes* out, uint64_t value, int num_bytes);

// One shard, mapped: items are read when they are touched.
class ShardFile {
 public:
  // Compares the magic, and the index with the size of the file; items are compared when they are asked for.
  static Result<ShardFile> open(const std::string& path, const ShardKind& kind);

  uint64_t count() const { return count_; }
  // i < count(). Valid as long as this object.
  const uint8_t* description(uint64_t i) const { return entry(i) + 8; }
  // i < count(). Where the item lies, aligned as its offset is; keeps the mapping alive. Errors begin with name(i).
  Result<std::shared_ptr<const uint8_t>> item(uint64_t i, uint64_t size_bytes) const;
  // "path, picture 3: ", for messages
  std::string name(uint64_t i) const;

 private:
  ShardFile(std::string path, const ShardKind& kind, MappedFile mapping, uint64_t count)
      : path_(std::move(path)), kind_(kind), mapping_(std::move(mapping)), count_(count) {}
  const uint8_t* entry(uint64_t i) const;

  std::string path_;
  ShardKind kind_;
  MappedFile mapping_;
  uint64_t count_;
};

// The *.shard files of a folder in the order of their names.
Result<std::vector<std::string>> list_shards(const std::string& folder);

// All items of all *.shard files of a folder in the order of their names; at least one item, or an error. `open` takes a path.
template <typename Item>
Result<std::vector<Item>> open_all_shards(const std::string& folder, Result<std::vector<Item>> (*open)(const std::string&)) {
  LACONIC_ASSIGN_OR_RETURN(const std::vector<std::string> paths, list_shards(folder));
  if (paths.empty()) return invalid_argument(folder + " holds no *.shard files (make them with laconic-pack)");
  std::vector<Item> all;
  for (const auto& path : paths) {
    LACONIC_ASSIGN_OR_RETURN(const std::vector<Item> items, open(path));
    all.insert(all.end(), items.begin(), items.end());
  }
  return all;
}

// Collects items in memory and writes 00000.shard, 00001.shard, ... each as a temporary file that is then renamed.
class ShardFileWriter {
 public:
  // Makes the folder if needed; refuses one that holds shards already, since they would be mixed.
  static Result<ShardFileWriter> create(const std::string& folder, uint64_t shard_bytes, const ShardKind& kind);

  // The description has kind.description_bytes.
  Status add(const Bytes& description, ByteSpan item);
  Status finish();  // writes what is left; without it the last shard is lost

  int64_t num_items() const { return num_items_; }
  int64_t num_shards() const { return num_shards_; }

 private:
  struct Entry {
    uint64_t offset_bytes;  // into items_
    Bytes description;
  };
  ShardFileWriter(std::string folder, uint64_t shard_bytes, const ShardKind& kind)
      : folder_(std::move(folder)), shard_bytes_(shard_bytes), kind_(kind) {}
  Status write_shard();

  std::string folder_;
  uint64_t shard_bytes_;  // a shard is closed before its items would pass this; one item always fits
  ShardKind kind_;
  std::vector<Entry> entries_;
  Bytes items_;
  int64_t num_items_ = 0;
  int64_t num_shards_ = 0;
};

}  // namespace laconic::train
