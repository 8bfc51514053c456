// The samples of any sound, at the coding rate: decoded by FFmpeg, or by us with the weights that the stream names.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/audio_codec.h"
#include "codec/media/sound_reader.h"
#include "codec/model_store.h"

namespace laconic::cli {

struct SoundFramesOptions {
  int num_threads = 0;
  bool conceals = false;         // AudioDecoderOptions::conceal
  bool is_laconic_only = false;  // refuses sound of other codecs
  double from_seconds = 0;       // frames begin here, to the nearest sample at kCodingRateHz
  double to_seconds = std::numeric_limits<double>::infinity();  // packets that begin from here on are not read
};

// One thread at a time.
class SoundFrames {
 public:
  static Result<std::unique_ptr<SoundFrames>> open(const std::string& path, const SoundFramesOptions& options,
                                                   ModelStore& store);

  // Of the source; frames have its channels, but kCodingRateHz.
  const AudioFormat& format() const { return format_; }
  const SoundProperties& sound() const { return reader_->properties(); }
  std::shared_ptr<const FilmSource> source() const { return reader_->source(); }

  // Without a gap to the end of the sound: what only primes the decoder or fills the last packet is left out. Empty at the
  // end. An error names the time of the packet it is about.
  Result<std::optional<AudioFrame>> read();
  // After the end: where the sound ends, in samples at the source's rate from 0 on. Empty where that is not known, because
  // to_seconds came first, or the end of the stream is missing.
  std::optional<uint64_t> end_sample() const;
  // Over all packets so far; only of a stream of ours.
  uint64_t symbol_hash() const { return symbol_hash_; }
  std::vector<std::string> take_warnings();
  std::vector<StageTime> stage_times() const { return decoder_ ? decoder_->stage_times() : std::vector<StageTime>(); }

 private:
  explicit SoundFrames(const SoundFramesOptions& options) : options_(options) {}
  Status start_decoder(ModelStore& store);
  Status seek_to_start();
  Result<std::optional<AudioFrame>> decode(const AudioPacket& packet);

  const SoundFramesOptions options_;
  std::unique_ptr<SoundReader> reader_;
  std::unique_ptr<AudioDecoder> decoder_;  // null if FFmpeg decodes
  AudioFormat format_;
  int64_t first_wanted_ = 0;  // at kCodingRateHz
  int64_t last_pts_ = 0;      // of the last packet
  bool is_cut_ = false;       // by to_seconds
  uint64_t symbol_hash_ = kHashStart;
  std::vector<std::string> warnings_;

  static constexpr uint64_t kHashStart = 0xcbf29ce484222325;
};

// FNV-1a over hashes, each as eight bytes, lowest first.
uint64_t fold_hash(uint64_t folded, uint64_t hash);

// Whether a packet of sound of ours is a key packet, as it says itself.
bool is_key_packet(ByteSpan packet);

// Leaves out what lies before `first` (at kCodingRateHz). False if nothing is left.
bool cut_front(int64_t first, AudioFrame& frame);

struct SoundEnd {
  int64_t coding_samples = 0;   // at kCodingRateHz
  uint64_t source_samples = 0;  // at the source's rate
};
// Where the sound ends that this decoder has decoded to the last packet; empty if that was not the last. A stream that has lost its
// beginning (`ffmpeg -ss -c copy`) is shorter than its last packet says, and that is seen from the time of that packet: last_pts,
// the first packet's being -kAudioPacketSamples.
std::optional<SoundEnd> end_of(const AudioDecoder& decoder, int64_t last_pts);

}  // namespace laconic::cli
