// Private to codec/media: one output file with a video stream that the caller codes and all else that the source has.
// FilmWriter and FilmFrameWriter differ only in what they put into the video stream.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/media/film_ffmpeg.h"
#include "codec/media/film_writer.h"
#include "codec/media/sound_encoder.h"

namespace laconic {

struct MuxerOptions {
  FilmWriteOptions film;
  std::string format;       // libavformat's name
  std::string movflags;     // for mov and mp4
  int fragment_microseconds = 0;  // for the same: longest fragment; 0 = as movflags say
  bool is_video_only = false;  // the format holds nothing else
};

class FilmMuxer {
 public:
  static Result<std::unique_ptr<FilmMuxer>> create(const MuxerOptions& options);
  ~FilmMuxer();

  // Between create() and start() the caller describes its codec here; size, colour, shape and rotation are set already.
  AVStream& video() { return *format_->streams[0]; }
  Status start();
  // Times in film.video.time_base; takes the packet's bytes.
  Status write_video(AVPacket& packet);
  Status write(CopiedPacket packet);
  Status finish();

  const std::vector<std::string>& warnings() const { return warnings_; }
  uint64_t bytes_written() const;

 private:
  struct Track {  // an output stream that is copied, or coded as Opus
    AVStream* stream = nullptr;
    std::unique_ptr<SoundEncoder> sound;
    int64_t last_dts = AV_NOPTS_VALUE;
  };
  explicit FilmMuxer(const MuxerOptions& options) : options_(options) {}
  Status describe_video();
  Status add_other_streams();
  Status add_stream(const FilmSource::Impl::Stream& from);
  Status add_chapters();
  void add_tags();
  bool can_hold(const FilmSource::Impl::Stream& from, const AVCodecParameters& parameters) const;
  Status open_file();
  void close_file();
  Status write_track(Track& track, AVPacket& packet, AVRational time_base);
  Status write_packet(AVPacket& packet);
  Status check(int error, const char* what) const;
  bool is_quicktime() const { return options_.format == "mov" || options_.format == "mp4"; }

  const MuxerOptions options_;
  struct Free {
    void operator()(AVFormatContext* format) const { avformat_free_context(format); }
  };
  std::unique_ptr<AVFormatContext, Free> format_;
  std::map<int, Track> tracks_;  // by the index in the source
  std::vector<std::string> warnings_;
  std::string target_;    // links resolved
  std::string part_;      // empty if written straight to, and after finish()
  bool has_header_ = false;
};

}  // namespace laconic
