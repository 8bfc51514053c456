// Sound in: frames at the coding rate, or the packets of sound that we coded. libavformat, libavcodec and libswresample,
// wrapped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/base/status.h"
#include "codec/media/sound.h"

namespace laconic {

struct SoundReadOptions {
  bool decodes = true;  // false: sound of others comes as AudioPackets as well, for listings; their pts is that of the container
  // Whether a packet of ours is a key packet. QuickTime marks all packets of sound as such, only the packet itself knows;
  // empty: as the container says.
  std::function<bool(ByteSpan packet)> is_key_packet;
};

// The first audio stream of a file or pipe. One thread at a time. Memory is bounded, whatever the length.
//
// Frames come at kCodingRateHz, without a gap: sample i of the source lies at i / rate seconds, pts_samples counts from the
// start of the sound, which is what is left after samples that the source's encoder put in front (MP3, AAC, Opus, Vorbis).
// Up to kMaxAudioChannels channels, in the source's order. Damaged packets of the source leave no gap behind.
class SoundReader {
 public:
  // "-" is standard input. Only files and pipes are opened, never addresses; play lists are not followed.
  // kIo: cannot be opened; kCorrupt: holds no sound, or is damaged at its start; kUnsupported: no decoder, too many channels.
  static Result<std::unique_ptr<SoundReader>> open(const std::string& path, const SoundReadOptions& options);
  // True if libavformat finds sound in this file, and no video beside it but cover art. Reads only its beginning.
  static bool is_sound(const std::string& path);
  ~SoundReader();

  const SoundProperties& properties() const;
  // Tags and cover art, for writers. Tags of the stream count as tags of the file.
  std::shared_ptr<const FilmSource> source() const;

  // Empty at the end. kCorrupt or kNeedMoreData where the file is damaged or ends early: what came before is good.
  Result<std::optional<SoundItem>> read();
  // Of sound of others, after the end: samples per channel at the source's rate, without those its encoder added.
  uint64_t num_source_samples() const;
  // The next frame begins at this time, to the nearest sample at kCodingRateHz. Of a stream of ours, the next packet is the last
  // key packet with pts + kAudioPacketSamples at or before this time (codec/audio_codec.h, Note [Time]), or the first packet.
  // kUnsupported for pipes.
  Status seek(double seconds);
  // One sentence for each thing that was lost or repaired since the last call.
  std::vector<std::string> take_warnings();

 private:
  struct Impl;
  explicit SoundReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
