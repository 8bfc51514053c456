// Private to codec/media: one output file with streams that the caller codes, and all else that the source has. The writers of
// films and of sound differ only in what they put into the streams that they code.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/media/film_ffmpeg.h"
#include "codec/media/film_writer.h"
#include "codec/media/sound_encoder.h"

namespace laconic {

// For our streams in mov: a fragment a key frame, and one now and then without, so that a killed process leaves a file that
// plays; the header waits for the first fragment (delay_moov) because only then it can say where each stream starts: without
// that, sound that starts before 0 shifts all other streams. Tags of any name are kept.
constexpr char kFragments[] = "frag_keyframe+empty_moov+default_base_moof+delay_moov+use_metadata_tags";

struct MuxerOptions {
  FilmWriteOptions film;
  std::string format;       // libavformat's name
  std::string movflags;     // for mov and mp4
  int fragment_microseconds = 0;  // for the same: longest fragment; 0 = as movflags say
  std::string settings;        // more for libavformat's writer: "name=value:name=value"
  bool is_video_only = false;  // the format holds nothing else
  bool ends_plain = false;     // mov in fragments: finish() writes it without (plain_quicktime.h), as with subtitles in any case
  bool is_sound_only = false;  // no video stream, and of the source only tags, cover art and what the caller codes
};

class FilmMuxer {
 public:
  static Result<std::unique_ptr<FilmMuxer>> create(const MuxerOptions& options);
  ~FilmMuxer();

  // Between create() and start() the caller describes its codec here; size, colour, shape and rotation are set already.
  AVStream& video() { return *format_->streams[0]; }
  // Whether codecs' headers go into the container (AVFMT_GLOBALHEADER) and not before the first packet.
  bool needs_header() const { return (format_->oformat->flags & AVFMT_GLOBALHEADER) != 0; }
  // Likewise a stream of sound, which takes the place of stream source_index: its tags and disposition are set already. The
  // caller sets codecpar and time_base.
  Result<AVStream*> add_sound(int source_index);
  Status start();
  // Times in film.video.time_base; takes the packet's bytes.
  Status write_video(AVPacket& packet);
  // Times in time_base; takes the packet's bytes.
  Status write_sound(int source_index, AVPacket& packet, AVRational time_base);
  Status write(CopiedPacket packet);
  Status finish();

  const std::vector<std::string>& warnings() const { return warnings_; }
  uint64_t bytes_written() const;

 private:
  struct Track {  // an output stream that is copied, or coded as Opus, or by the caller
    AVStream* stream = nullptr;
    std::unique_ptr<SoundEncoder> sound;
    bool is_callers = false;
    int64_t delay = 0;  // added to its times, in the stream's time base
    int64_t last_dts = AV_NOPTS_VALUE;
  };
  explicit FilmMuxer(const MuxerOptions& options) : options_(options) {}
  Status describe_video();
  Status add_other_streams();
  Status add_stream(const FilmSource::Impl::Stream& from);
  void add_stream_tags(const FilmSource::Impl::Stream& from, AVStream& to);
  Status add_chapters();
  void add_source_tags();
  bool can_hold(const FilmSource::Impl::Stream& from, const AVCodecParameters& parameters) const;
  void set_delays();
  Status open_output();
  Status open_sink();
  Status open_file();
  Status close_output();
  void give_up();
  bool cut_subtitle(CopiedPacket& copied) const;
  Status write_track(Track& track, AVPacket& packet, AVRational time_base);
  Status write_packet(AVPacket& packet);
  Status check(int error, const char* what) const;
  bool is_quicktime() const { return options_.format == "mov" || options_.format == "mp4"; }
  bool is_fragmented() const { return options_.format == "mov" && options_.movflags == kFragments; }
  bool has_timed_text() const;

  const MuxerOptions options_;
  struct Free {
    void operator()(AVFormatContext* format) const { avformat_free_context(format); }
  };
  std::unique_ptr<AVFormatContext, Free> format_;
  std::map<int, Track> tracks_;  // by the index in the source
  std::vector<std::string> warnings_;
  struct FreeSinkAccess {
    void operator()(AVIOContext* access) const {
      av_freep(&access->buffer);
      avio_context_free(&access);
    }
  };
  std::unique_ptr<AVIOContext, FreeSinkAccess> sink_access_;  // film.sink for libavformat; null if a file is written
  Status sink_status_;                                        // the first failure of film.sink
  std::string target_;    // links resolved
  std::string part_;      // empty if written straight to, and after finish()
  bool has_header_ = false;
};

// Streams of QuickTime that libavformat writes anew, from tags and chapters.
bool is_timecode_or_chapters(const AVCodecParameters& parameters);

// Whether a list of chapters alone keeps them all; see Note [Chapters in QuickTime].
bool fits_chapter_list(const AVFormatContext& format);

// The extension of an output in lower case, with its dot.
std::string output_extension(const std::string& path);

}  // namespace laconic
