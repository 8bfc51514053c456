// Sound of ours out: packets, tags, and cover art where the container holds it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/base/status.h"
#include "codec/media/byte_sink.h"
#include "codec/media/sound.h"

namespace laconic {

struct SoundWriteOptions {
  std::string path;    // .mov (QuickTime), .nut; "-": NUT to standard output
  ByteSink* sink = nullptr;  // as for films; a .mov then stays in fragments
  FilmTags tags;             // of the file, beside the source's
  AudioFormat format;  // of the source
  std::shared_ptr<const FilmSource> source;  // null: no tags
  int stream_index = 0;                      // of the sound in the source
};

// The file grows as PATH.part and is renamed to PATH by finish(), as with FilmWriter. In fragments QuickTime does not say how
// long the last packet lasts, and `ffmpeg -c copy` would lose it: so finish() rewrites a .mov without fragments first. One
// thread at a time.
class SoundWriter {
 public:
  // extradata: the stream header. kUnsupported for containers that cannot hold our sound, such as .mkv.
  static Result<std::unique_ptr<SoundWriter>> create(const SoundWriteOptions& options, ByteSpan extradata);
  ~SoundWriter();

  // Time stamps rise. num_samples: how many of the packet's samples are the source's; less than all only in the last packet, so
  // that players know where the sound ends.
  Status write(const AudioPacket& packet, int num_samples);
  // Cover art; dropped without a word if it cannot be kept: warnings() named it.
  Status write(CopiedPacket packet);
  Status finish();

  // One sentence for each thing of the source that the container cannot hold.
  const std::vector<std::string>& warnings() const;
  uint64_t bytes_written() const;

 private:
  struct Impl;
  explicit SoundWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
