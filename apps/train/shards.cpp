#include "apps/train/shards.h"

namespace laconic::train {
namespace {

constexpr ShardKind kPictures = {"LACSHRD1", "picture", 8};

}  // namespace

Result<std::vector<Picture>> open_shard(const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const ShardFile shard, ShardFile::open(path, kPictures));
  std::vector<Picture> pictures;
  pictures.reserve(shard.count());
  for (uint64_t i = 0; i < shard.count(); ++i) {
    const uint64_t width = read_little_endian(shard.description(i), 4);
    const uint64_t height = read_little_endian(shard.description(i) + 4, 4);
    if (width == 0 || height == 0 || width > kMaxShardSidePx || height > kMaxShardSidePx) {
      return corrupt(shard.name(i) + "size " + std::to_string(width) + "x" + std::to_string(height) + ", sides are 1 to " +
                     std::to_string(kMaxShardSidePx));
    }
    LACONIC_ASSIGN_OR_RETURN(std::shared_ptr<const uint8_t> rgb, shard.item(i, 3 * width * height));  // at most 3 * 2^32
    pictures.push_back({std::move(rgb), static_cast<int64_t>(width), static_cast<int64_t>(height)});
  }
  return pictures;
}

Result<std::vector<Picture>> open_shards(const std::string& folder) { return open_all_shards(folder, open_shard); }

Result<ShardWriter> ShardWriter::create(const std::string& folder, uint64_t shard_bytes) {
  LACONIC_ASSIGN_OR_RETURN(ShardFileWriter files, ShardFileWriter::create(folder, shard_bytes, kPictures));
  return ShardWriter(std::move(files));
}

Status ShardWriter::add(ByteSpan rgb, uint32_t width_px, uint32_t height_px) {
  if (width_px == 0 || height_px == 0 || width_px > kMaxShardSidePx || height_px > kMaxShardSidePx) {
    return invalid_argument("picture of " + std::to_string(width_px) + "x" + std::to_string(height_px) +
                            ", sides must be 1 to " + std::to_string(kMaxShardSidePx));
  }
  LACONIC_CHECK(rgb.size() == uint64_t{3} * width_px * height_px);
  Bytes description;
  append_little_endian(&description, width_px, 4);
  append_little_endian(&description, height_px, 4);
  return files_.add(description, rgb);
}

}  // namespace laconic::train
