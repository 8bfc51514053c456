// Films out as others can play them: decoded frames, and the other streams as they are.
//
//   .mp4, .mov   H.264 by libx264, CRF 12, preset fast: hard to tell from the frames given (10 bits where they have 10)
//   .mkv         FFV1, without loss
//   .nut, "-"    raw frames in NUT, for pipes: laconic decode film.mov - | ffplay -
//   .y4m         raw frames alone, at the average frame rate
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/base/status.h"
#include "codec/media/film.h"

namespace laconic {

struct FilmFrameWriteOptions {
  std::string path;
  VideoProperties video;                     // format: of the frames to come
  std::shared_ptr<const FilmSource> source;  // null: video only
  double start_seconds = 0;                  // as in FilmWriteOptions
  int num_threads = 0;                       // of the video encoder; 0 = one per core
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
  Status finish();

  const std::vector<std::string>& warnings() const;
  uint64_t bytes_written() const;

 private:
  struct Impl;
  explicit FilmFrameWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
