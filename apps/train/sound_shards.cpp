#include "apps/train/sound_shards.h"

namespace laconic::train {
namespace {

constexpr ShardKind kSound = {"LACSND01", "recording", 12};

// Samples are mapped and written as they lie in memory.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "shards of sound are little-endian");

// Such as "3 channels of 0 samples"; empty if a shard may hold it.
std::string describe_if_refused(uint64_t num_channels, uint64_t num_samples) {
  const bool is_fine = (num_channels == 1 || num_channels == 2) && num_samples >= 1 && num_samples <= kMaxShardSamples;
  if (is_fine) return {};
  return std::to_string(num_channels) + " channels of " + std::to_string(num_samples) + " samples; shards hold 1 or 2 of 1 to " +
         std::to_string(kMaxShardSamples);
}

}  // namespace

Result<std::vector<Recording>> open_sound_shard(const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const ShardFile shard, ShardFile::open(path, kSound));
  std::vector<Recording> recordings;
  recordings.reserve(shard.count());
  for (uint64_t i = 0; i < shard.count(); ++i) {
    const uint64_t num_channels = read_little_endian(shard.description(i), 4);
    const uint64_t num_samples = read_little_endian(shard.description(i) + 4, 8);
    if (const std::string refused = describe_if_refused(num_channels, num_samples); !refused.empty()) {
      return corrupt(shard.name(i) + refused);
    }
    LACONIC_ASSIGN_OR_RETURN(const std::shared_ptr<const uint8_t> bytes, shard.item(i, 2 * num_channels * num_samples));
    if (reinterpret_cast<uintptr_t>(bytes.get()) % sizeof(int16_t) != 0) return corrupt(shard.name(i) + "its offset is odd");
    const auto* samples = reinterpret_cast<const int16_t*>(bytes.get());
    recordings.push_back({std::shared_ptr<const int16_t>(bytes, samples), static_cast<int>(num_channels),
                          static_cast<int64_t>(num_samples)});
  }
  return recordings;
}

Result<std::vector<Recording>> open_sound_shards(const std::string& folder) {
  return open_all_shards(folder, open_sound_shard);
}

Result<SoundShardWriter> SoundShardWriter::create(const std::string& folder, uint64_t shard_bytes) {
  LACONIC_ASSIGN_OR_RETURN(ShardFileWriter files, ShardFileWriter::create(folder, shard_bytes, kSound));
  return SoundShardWriter(std::move(files));
}

Status SoundShardWriter::add(Span<const int16_t> samples, int num_channels) {
  const uint64_t num_samples = num_channels > 0 ? samples.size() / static_cast<uint64_t>(num_channels) : 0;
  const std::string refused = describe_if_refused(static_cast<uint64_t>(num_channels), num_samples);
  if (!refused.empty()) return invalid_argument("a recording has " + refused);
  LACONIC_CHECK(samples.size() % static_cast<uint64_t>(num_channels) == 0);
  Bytes description;
  append_little_endian(&description, static_cast<uint64_t>(num_channels), 4);
  append_little_endian(&description, num_samples, 8);
  return files_.add(description, {reinterpret_cast<const uint8_t*>(samples.data()), samples.size() * sizeof(int16_t)});
}

}  // namespace laconic::train
