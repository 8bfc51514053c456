// Films out as others can play them: decoded frames, and the other streams as they are.
//
//   .mp4, .mov   H.264 by libx264, CRF 12, preset fast: hard to tell from the frames given (10 bits where they have 10);
//                decoded sound as AAC (96 kbit/s a channel) in .mp4, PCM in .mov
//   .mkv         FFV1, without loss; decoded sound as FLAC
//   .nut, "-"    raw frames in NUT, for pipes: laconic decode film.mov - | ffplay -; decoded sound as PCM
//   .y4m         raw frames alone, at the average frame rate
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "codec/audio.h"
#include "codec/base/status.h"
#include "codec/media/film.h"

namespace laconic {

// A stream of sound that comes as AudioFrames and takes the place of one of the source's.
struct DecodedSound {
  int stream_index = 0;  // in the source
  AudioFormat format;    // of the source
};

struct FilmFrameWriteOptions {
  std::string path;
  VideoProperties video;                     // format: of the frames to come
  std::shared_ptr<const FilmSource> source;  // null: video only
  double start_seconds = 0;                  // as in FilmWriteOptions ...
  double end_seconds = std::numeric_limits<double>::infinity();  // ... likewise
  int num_threads = 0;                       // of the video encoder; 0 = one per core
  std::vector<DecodedSound> decoded_sounds;
};

// PATH.part and finish() as in FilmWriter. One thread at a time.
class FilmFrameWriter {
 public:
  static Result<std::unique_ptr<FilmFrameWriter>> create(const FilmFrameWriteOptions& options);
  // True for the extensions above (lower case, without the dot).
  static bool writes_extension(const std::string& extension);
  ~FilmFrameWriter();

  // frame.format must be options.video.format; time stamps rise.
  Status write(const VideoFrame& frame);
  Status write(CopiedPacket packet);
  // Of one of decoded_sounds. The time of its first frame is the film's; frames follow each other.
  Status write(int stream_index, const AudioFrame& frame);
  // The sound of this stream ends so many samples at its source's rate after the first; else with its last frame.
  Status finish_sound(int stream_index, uint64_t num_source_samples);
  Status finish();

  const std::vector<std::string>& warnings() const;
  uint64_t bytes_written() const;

 private:
  struct Impl;
  explicit FilmFrameWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
