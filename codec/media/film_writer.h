// Films out with video of ours: our packets, and the other streams of the source as they are (or sound as Opus, or as our own).
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "codec/audio.h"
#include "codec/base/status.h"
#include "codec/media/byte_sink.h"
#include "codec/media/film.h"

namespace laconic {

enum class SoundCoding { kCopy, kOpus };

// A stream of sound that comes as AudioPackets and takes the place of one of the source's.
struct CodedSound {
  int stream_index = 0;  // in the source
  AudioFormat format;    // of the source
  Bytes extradata;       // the stream header
};

struct FilmWriteOptions {
  std::string path;             // .mov (fragmented QuickTime), .mkv, .nut; "-": NUT to standard output
  ByteSink* sink = nullptr;     // if set, takes the bytes instead of a file; path then only names the container. Outlives the writer
  FilmTags tags;                // of the file, beside the source's
  VideoProperties video;
  std::shared_ptr<const FilmSource> source;  // null: video only
  SoundCoding sound = SoundCoding::kCopy;  // of those that are not in coded_sounds
  std::vector<CodedSound> coded_sounds;
  int opus_bits_per_second = 0;  // a stream; 0: 64 kbit/s a channel
  double start_seconds = 0;      // this time of the source becomes 0; earlier packets of other streams are dropped
  double end_seconds = std::numeric_limits<double>::infinity();  // of the source; chapters and subtitles end here at the latest
};

// The file grows as PATH.part, which can be played up to its last complete fragment even if the process is killed, and is
// renamed to PATH by finish(): an existing PATH stays as it is until then. Destroyed without finish(): PATH.part is removed.
// What is not a regular file (a named pipe, /dev/null) and "-" are written straight to. One thread at a time.
class FilmWriter {
 public:
  // extradata: the stream header. kUnsupported for containers that cannot hold our video, such as .mp4, or our sound, such as .mkv.
  static Result<std::unique_ptr<FilmWriter>> create(const FilmWriteOptions& options, ByteSpan extradata);
  ~FilmWriter();

  // Time stamps in ticks of options.video.time_base, rising.
  Status write(const VideoPacket& packet);
  // Of one of coded_sounds. Its time is the film's; num_samples: as in SoundWriter::write().
  Status write(int stream_index, const AudioPacket& packet, int num_samples);
  // Packets of streams that are not kept are dropped without a word; warnings() named them.
  Status write(CopiedPacket packet);
  Status finish();

  // One sentence for each stream that the container cannot hold, and for properties it cannot say.
  const std::vector<std::string>& warnings() const;
  uint64_t bytes_written() const;

 private:
  struct Impl;
  explicit FilmWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
