// Films in: decoded frames, or the packets of a film that we coded, and the packets of all other streams. libavformat,
// libavcodec and libswscale, wrapped.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/status.h"
#include "codec/media/film.h"

namespace laconic {

struct FilmReadOptions {
  int num_threads = 0;  // of the video decoder; 0 = one per core
  bool decodes = true;  // false: video of others comes as VideoPackets as well, for listings
  Limits limits;        // size of a frame
};

struct FilmProperties {
  VideoProperties video;
  int video_stream_index = 0;
  bool is_laconic = false;  // video of ours: read() gives VideoPackets
  Bytes extradata;          // of a stream of ours: its stream header
  double start_seconds = 0;     // time of the first video frame, as far as the container says
  double duration_seconds = 0;  // 0 if unknown
  int64_t num_frames = 0;       // 0 if unknown
  int num_chapters = 0;
  std::string container;             // "mov", "matroska", ...
  std::vector<FilmStream> streams;   // all of them
};

// One thread at a time. Memory is bounded by what the container interleaves and the decoder holds back, not by the length.
//
// Frames come in presentation order, their time stamps rise strictly; a frame without one follows the frame before by one
// duration. Pixel formats that VideoFormat does not know are converted to the nearest it does (RGB to 4:4:4 full range, above
// 10 bits to 10); transparency is dropped. Frames whose size changes within the stream are scaled to the first one's.
class FilmReader {
 public:
  // "-" is standard input. Only files and pipes are opened, never addresses; play lists are not followed.
  // kIo: cannot be opened; kCorrupt: not a film, or damaged at the start; kUnsupported: no decoder for its video.
  static Result<std::unique_ptr<FilmReader>> open(const std::string& path, const FilmReadOptions& options);
  // True if libavformat finds a film with a video stream that is not a still image in this file. Reads only its beginning.
  static bool is_film(const std::string& path);
  ~FilmReader();

  const FilmProperties& properties() const;
  std::shared_ptr<const FilmSource> source() const;

  // Empty at the end. kCorrupt or kNeedMoreData where the file is damaged or ends early: what came before is good. A file of ours that
  // was read from its start without seeking is checked as a whole at its end (film_check.h); after that error comes the end.
  Result<std::optional<FilmItem>> read();
  // Streams that are not wanted are not read: true drops all but the video (compare, y4m).
  void read_video_only();
  // To the last key frame at or before this time; streams continue from about there. 0 is the start of the container.
  Status seek(double seconds);
  // One sentence for each thing that was lost or repaired since the last call.
  std::vector<std::string> take_warnings();

 private:
  struct Impl;
  explicit FilmReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
