// One stream of sound, of any codec but ours, packet by packet to frames at the coding rate. libavcodec and libswresample,
// wrapped.
//
//   packet --FFmpeg's decoder--> samples --resampler--> frame
#pragma once

#include <memory>
#include <optional>

#include "codec/base/status.h"
#include "codec/media/sound.h"

namespace laconic {

enum class SoundTimes {
  // Frames follow each other without a gap, from 0 on: files of sound.
  kCounted,
  // Frames begin at the packets' time, and gaps of more than 50 ms become silence: films, where sound goes with the picture.
  kOfPackets
};

// One thread at a time.
class SoundDecoder {
 public:
  // kUnsupported: FFmpeg has no decoder, or there are more than kMaxAudioChannels channels.
  static Result<std::unique_ptr<SoundDecoder>> create(const FilmSource& source, int stream_index, SoundTimes times);
  ~SoundDecoder();

  // bits_per_sample: 16 for 16 bits and less and for lossy codecs, 24 for all above, 32 for floating point.
  const AudioFormat& format() const;
  // Only with kCounted: what lies behind so many samples at the source's rate is padding, and dropped.
  void set_end(uint64_t num_samples);
  // A packet that cannot be decoded is counted and skipped. receive() until it is empty, before the next one.
  Status send(const CopiedPacket& packet);
  // No more packets come.
  Status drain();
  // Empty: send more; after drain(): that was all.
  Result<std::optional<AudioFrame>> receive();
  // After a seek. The next frame has the time of its packet, counted from the first one's that this decoder was given.
  Status reset();

  // At the source's rate, per channel, of all frames so far: complete after drain().
  uint64_t num_source_samples() const;
  int64_t num_damaged() const;

 private:
  struct Impl;
  explicit SoundDecoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
