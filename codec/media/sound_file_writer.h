// Decoded sound out as others can play it, at the source's rate, with as many samples as the source had.
//
//   .wav, "-"   PCM of format.bits_per_sample, RF64 where it takes more than 4 GB; "-": to standard output, without a length
//   .flac       16 or 24 bits
//   .mp3        libmp3lame, VBR quality 2 (about 190 kbit/s for stereo)
//   .opus       libopus, 64 kbit/s a channel, at 48 kHz
//   .ogg        libvorbis, quality 6 (about 190 kbit/s for stereo)
//   .m4a        AAC, 96 kbit/s a channel
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/base/status.h"
#include "codec/media/sound.h"

namespace laconic {

struct SoundFileWriteOptions {
  std::string path;
  AudioFormat format;                        // of the source
  std::shared_ptr<const FilmSource> source;  // null: no tags
  int stream_index = 0;                      // of the sound in the source
  uint64_t first_sample = 0;                 // at the source's rate: what lies before is left out
};

// PATH.part and finish() as in FilmWriter. One thread at a time. Samples beyond full scale are clipped where the output has
// integers.
class SoundFileWriter {
 public:
  static Result<std::unique_ptr<SoundFileWriter>> create(const SoundFileWriteOptions& options);
  // True for the extensions above (lower case, without the dot).
  static bool writes_extension(const std::string& extension);
  ~SoundFileWriter();

  // At kCodingRateHz, options.format.num_channels channels. Frames follow each other; what lies before 0 or first_sample is left
  // out, where some are missing there is silence. To be right from first_sample on, they begin a second before it, or at 0.
  Status write(const AudioFrame& frame);
  Status write(CopiedPacket packet);  // cover art, as in SoundWriter
  // end_sample: at the source's rate, counted from 0; nothing behind it is kept, and what is missing before it is silent. It
  // lies in one of the last two kAudioPacketSamples that were written, or behind them. Empty: all there is.
  Status finish(std::optional<uint64_t> end_sample);

  const std::vector<std::string>& warnings() const;
  uint64_t bytes_written() const;

 private:
  struct Impl;
  explicit SoundFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
