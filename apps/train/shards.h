// Shards: pictures decoded and packed beforehand, so that training needs no picture library and no decoding time.
//
//   "LACSHRD1" | u32 count | count x { u64 offset_bytes, u32 width_px, u32 height_px } | RGB bytes, rows without padding
//
// Integers are little-endian, offsets count from the start of the file, count is at least 1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "apps/train/shard_file.h"
#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic::train {

constexpr uint32_t kMaxShardSidePx = 1u << 16;

// An 8-bit RGB picture, interleaved, [height, width, 3]. Keeps what it lies in (a mapped file, say) alive.
struct Picture {
  std::shared_ptr<const uint8_t> rgb;
  int64_t width_px = 0;
  int64_t height_px = 0;
};

// Maps one shard; pixels are read when they are touched.
Result<std::vector<Picture>> open_shard(const std::string& path);

// All pictures of all *.shard files of a folder, files in the order of their names. At least one picture, or an error.
Result<std::vector<Picture>> open_shards(const std::string& folder);

// Collects pictures in memory and writes 00000.shard, 00001.shard, ... each as a temporary file that is then renamed.
class ShardWriter {
 public:
  // Makes the folder if needed; refuses one that holds shards already, since they would be mixed. A shard is closed before its
  // pixels would pass shard_bytes; one picture always fits.
  static Result<ShardWriter> create(const std::string& folder, uint64_t shard_bytes);

  Status add(ByteSpan rgb, uint32_t width_px, uint32_t height_px);
  Status finish() { return files_.finish(); }  // writes what is left; without it the last shard is lost

  int64_t num_pictures() const { return files_.num_items(); }
  int64_t num_shards() const { return files_.num_shards(); }

 private:
  explicit ShardWriter(ShardFileWriter files) : files_(std::move(files)) {}

  ShardFileWriter files_;
};

}  // namespace laconic::train
