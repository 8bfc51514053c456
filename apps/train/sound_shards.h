// Shards of sound: recordings decoded and packed beforehand, so that training needs no FFmpeg and no decoding time.
//
//   "LACSND01" | u32 count | count x { u64 offset_bytes, u32 num_channels, u64 num_samples } | samples
//
// Samples are int16 at 48 kHz (kCodingRateHz), interleaved; num_samples is per channel, channels are 1 or 2. Integers are
// little-endian, offsets are even and count from the start of the file, count is at least 1.
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

constexpr uint64_t kMaxShardSamples = uint64_t{1} << 31;  // per channel: twelve hours

// Sound at 48 kHz, int16, interleaved, [num_samples, num_channels]. Keeps what it lies in (a mapped file, say) alive.
struct Recording {
  std::shared_ptr<const int16_t> samples;
  int num_channels = 1;     // or 2
  int64_t num_samples = 0;  // per channel, at least 1
};

// Maps one shard; samples are read when they are touched.
Result<std::vector<Recording>> open_sound_shard(const std::string& path);

// All recordings of all *.shard files of a folder, files in the order of their names. At least one recording, or an error.
Result<std::vector<Recording>> open_sound_shards(const std::string& folder);

// Collects recordings in memory and writes 00000.shard, 00001.shard, ... each as a temporary file that is then renamed.
class SoundShardWriter {
 public:
  // Makes the folder if needed; refuses one that holds shards already, since they would be mixed. A shard is closed before its
  // samples would pass shard_bytes; one recording always fits.
  static Result<SoundShardWriter> create(const std::string& folder, uint64_t shard_bytes);

  // Interleaved, a multiple of num_channels.
  Status add(Span<const int16_t> samples, int num_channels);
  Status finish() { return files_.finish(); }  // writes what is left; without it the last shard is lost

  int64_t num_recordings() const { return files_.num_items(); }
  int64_t num_shards() const { return files_.num_shards(); }

 private:
  explicit SoundShardWriter(ShardFileWriter files) : files_(std::move(files)) {}

  ShardFileWriter files_;
};

}  // namespace laconic::train
