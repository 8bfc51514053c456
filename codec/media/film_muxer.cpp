#include "codec/media/film_muxer.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/mathematics.h>
}

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "codec/media/film_check.h"
#include "codec/media/plain_quicktime.h"
#include "codec/media/quicktime_language.h"

namespace laconic {
namespace {

// A second of raw frames is what the muxer may hold back while it waits for a packet of another stream.
constexpr int64_t kMaxInterleave_us = 1000000;

constexpr int kSinkBufferBytes = 32768;

// Edit lists, which say by how much a stream starts later, count in it; libavformat's own choice is milliseconds.
constexpr int kMovieTimescale = 48000;

// Facts about the source's file, or about streams as they were coded there.
constexpr const char* kStaleFilmTags[] = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"};
constexpr const char* kStaleVideoTags[] = {"encoder", "duration", "vendor_id", "handler_name", "rotate", "bps",
                                           "number_of_frames", "number_of_bytes"};
constexpr const char* kStaleSoundTags[] = {"encoder", "duration", "vendor_id", "bps", "number_of_frames", "number_of_bytes"};

template <size_t N>
void drop_tags(AVDictionary** tags, const char* const (&keys)[N]) {
  for (const char* key : keys) av_dict_set(tags, key, nullptr, 0);
}

// A tag of the source's container stays where this one knows it for the same codec, or knows none.
uint32_t tag_for(const AVOutputFormat& container, const AVCodecParameters& parameters) {
  unsigned int tag = 0;
  const bool keeps = container.codec_tag == nullptr ||
                     av_codec_get_id(container.codec_tag, parameters.codec_tag) == parameters.codec_id ||
                     av_codec_get_tag2(container.codec_tag, parameters.codec_id, &tag) == 0;
  return keeps ? parameters.codec_tag : 0;
}

// Note [Chapters in QuickTime]
// libavformat writes them twice: as a list ("chpl"), and as a track of text that `ffmpeg -map 0 -c copy` takes for a stream of its
// own and then refuses to write. Whether there is such a track is settled when the header is written, the list is made when
// the index is: so chapters that the list can hold are shown to libavformat only in between. (The list knows no ends of chapters: each
// ends where the next one begins.)
constexpr unsigned kMaxListedChapters = 255;
constexpr size_t kMaxListedTitleBytes = 255;

bool is_regular_or_new(const std::string& path) {
  struct stat existing = {};
  return ::stat(path.c_str(), &existing) != 0 || S_ISREG(existing.st_mode);
}

}  // namespace

bool is_timecode_or_chapters(const AVCodecParameters& parameters) {
  if (parameters.codec_type != AVMEDIA_TYPE_DATA) return false;
  const bool is_text = parameters.codec_id == AV_CODEC_ID_BIN_DATA && parameters.codec_tag == MKTAG('t', 'e', 'x', 't');
  return is_text || parameters.codec_tag == MKTAG('t', 'm', 'c', 'd');
}

bool fits_chapter_list(const AVFormatContext& format) {
  if (format.nb_chapters > kMaxListedChapters) return false;
  return std::all_of(format.chapters, format.chapters + format.nb_chapters, [](const AVChapter* chapter) {
    const AVDictionaryEntry* title = av_dict_get(chapter->metadata, "title", nullptr, 0);
    return title == nullptr || std::strlen(title->value) <= kMaxListedTitleBytes;
  });
}

Result<std::unique_ptr<FilmMuxer>> FilmMuxer::create(const MuxerOptions& options) {
  silence_ffmpeg();
  if (!options.is_sound_only && (options.film.video.time_base.num <= 0 || options.film.video.time_base.den <= 0)) {
    return invalid_argument("the time base of a film is above 0");
  }
  std::unique_ptr<FilmMuxer> muxer(new FilmMuxer(options));
  AVFormatContext* format = nullptr;
  if (avformat_alloc_output_context2(&format, nullptr, options.format.c_str(), nullptr) < 0) {
    return unsupported("this FFmpeg was built without its writer for " + options.format);
  }
  muxer->format_.reset(format);
  if (!options.is_sound_only) LACONIC_RETURN_IF_ERROR(muxer->describe_video());
  return muxer;
}

FilmMuxer::~FilmMuxer() {
  give_up();
  if (!part_.empty()) ::unlink(part_.c_str());
}

Status FilmMuxer::check(int error, const char* what) const {
  if (error >= 0) return ok_status();
  if (!sink_status_.ok()) return sink_status_;
  const std::string name = options_.film.path == "-" ? "standard output" : "'" + options_.film.path + "'";
  return io_error(std::string("cannot ") + what + " " + name + ": " + ffmpeg_error(error));
}

Status FilmMuxer::describe_video() {
  AVStream* stream = avformat_new_stream(format_.get(), nullptr);
  if (stream == nullptr) return limit_exceeded("there is not enough memory");
  const VideoProperties& video = options_.film.video;
  AVCodecParameters& parameters = *stream->codecpar;
  parameters.codec_type = AVMEDIA_TYPE_VIDEO;
  parameters.width = video.format.width_px;
  parameters.height = video.format.height_px;
  parameters.color_primaries = static_cast<AVColorPrimaries>(video.format.colour.primaries);
  parameters.color_trc = static_cast<AVColorTransferCharacteristic>(video.format.colour.transfer);
  parameters.color_space = static_cast<AVColorSpace>(video.format.colour.matrix);
  parameters.color_range = video.format.colour.is_full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  parameters.field_order = to_av(video.field_order);
  if (options_.format == "nut" && video.is_interlaced()) {
    warnings_.push_back("that the picture is interlaced is not said in the output: NUT cannot");
  }
  stream->time_base = to_av(video.time_base);
  stream->avg_frame_rate = to_av(video.frame_rate);
  if (video.frame_rate.num > 0) stream->r_frame_rate = stream->avg_frame_rate;
  stream->sample_aspect_ratio = parameters.sample_aspect_ratio = to_av(video.sample_aspect_ratio);
  stream->disposition = AV_DISPOSITION_DEFAULT;
  if (options_.film.source != nullptr) {
    const FilmSource::Impl& source = options_.film.source->impl();
    const auto& from = source.streams[static_cast<size_t>(source.video_index)];
    add_stream_tags(from, *stream);
    drop_tags(&stream->metadata, kStaleVideoTags);
    stream->disposition = from.disposition;
    for (int i = 0; i < from.side_data->side_data_elems; ++i) {
      const AVPacketSideData& data = from.side_data->side_data[i];
      if (data.type == AV_PKT_DATA_CPB_PROPERTIES || data.type == AV_PKT_DATA_DISPLAYMATRIX) continue;
      uint8_t* to = av_stream_new_side_data(stream, data.type, data.size);
      if (to == nullptr) return limit_exceeded("there is not enough memory");
      std::memcpy(to, data.data, data.size);
    }
  }
  if (!video.display_matrix) return ok_status();
  if (is_quicktime()) {
    uint8_t* matrix = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, sizeof(*video.display_matrix));
    if (matrix == nullptr) return limit_exceeded("there is not enough memory");
    std::memcpy(matrix, video.display_matrix->data(), sizeof(*video.display_matrix));
  } else if (options_.is_video_only) {
    warnings_.push_back("the rotation of the picture is lost: ." + options_.format + " cannot say it");
  } else {  // a tag that FilmReader understands, and older players do
    const double clockwise = -video.rotation_degrees();
    av_dict_set(&stream->metadata, "rotate", std::to_string(std::lround(clockwise < 0 ? clockwise + 360 : clockwise)).c_str(), 0);
  }
  return ok_status();
}

Status FilmMuxer::start() {
  if (options_.film.source != nullptr) {
    LACONIC_RETURN_IF_ERROR(add_other_streams());
    LACONIC_RETURN_IF_ERROR(add_chapters());
    add_source_tags();
  }
  for (const auto& [key, text] : options_.film.tags) av_dict_set(&format_->metadata, key.c_str(), text.c_str(), 0);
  LACONIC_RETURN_IF_ERROR(open_output());
  format_->max_interleave_delta = kMaxInterleave_us;
  format_->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;  // y4m of 10 bits
  format_->flush_packets = 1;  // what is written survives a kill, and a pipe's reader waits for nothing
  AVDictionary* given = nullptr;
  if (is_quicktime()) av_dict_set(&given, "movflags", options_.movflags.c_str(), 0);
  if (is_quicktime() && options_.fragment_microseconds > 0) av_dict_set_int(&given, "frag_duration", options_.fragment_microseconds, 0);
  if (is_quicktime()) av_dict_set_int(&given, "movie_timescale", kMovieTimescale, 0);
  av_dict_parse_string(&given, options_.settings.c_str(), "=", ":", 0);
  const unsigned num_chapters = format_->nb_chapters;
  if (is_fragmented() && fits_chapter_list(*format_)) format_->nb_chapters = 0;  // see Note [Chapters in QuickTime]
  const int error = avformat_write_header(format_.get(), &given);
  format_->nb_chapters = num_chapters;
  av_dict_free(&given);
  LACONIC_RETURN_IF_ERROR(check(error, "write"));
  avio_flush(format_->pb);  // killed before the first fragment, it is a film without frames, not an empty file
  has_header_ = true;
  set_delays();
  return ok_status();
}

// How much an Opus decoder drops at the start is said in Matroska's header, and times count from where its packets begin: readers
// take the one from the other. FFmpeg's reader does, its writer does not add it.
void FilmMuxer::set_delays() {
  if (options_.format != "matroska") return;
  for (auto& [index, track] : tracks_) {
    const AVCodecParameters& parameters = *track.stream->codecpar;
    if (parameters.codec_id != AV_CODEC_ID_OPUS || parameters.initial_padding <= 0) continue;
    track.delay = av_rescale_q(parameters.initial_padding, {1, 48000}, track.stream->time_base);
  }
}

Status FilmMuxer::add_other_streams() {
  const FilmSource::Impl& source = options_.film.source->impl();
  int num_left_out = 0;
  for (const auto& from : source.streams) {
    if (from.description.index == source.video_index || is_timecode_or_chapters(*from.parameters)) continue;
    if (tracks_.count(from.description.index) != 0) continue;
    if (options_.is_video_only || (options_.is_sound_only && from.description.kind != StreamKind::kCoverArt)) {
      ++num_left_out;
    } else {
      LACONIC_RETURN_IF_ERROR(add_stream(from));
    }
  }
  if (num_left_out > 0) {
    warnings_.push_back(std::to_string(num_left_out) + " other streams are left out: " +
                        (options_.is_video_only ? "this container holds frames only" : "a file of sound holds one"));
  }
  return ok_status();
}

Result<AVStream*> FilmMuxer::add_sound(int source_index) {
  Track track;
  track.is_callers = true;
  track.stream = avformat_new_stream(format_.get(), nullptr);
  if (track.stream == nullptr) return limit_exceeded("there is not enough memory");
  track.stream->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
  track.stream->disposition = AV_DISPOSITION_DEFAULT;
  if (options_.film.source != nullptr) {
    const auto& from = options_.film.source->impl().streams[static_cast<size_t>(source_index)];
    add_stream_tags(from, *track.stream);
    drop_tags(&track.stream->metadata, kStaleSoundTags);
    track.stream->disposition = from.disposition;
  }
  AVStream* stream = track.stream;
  tracks_[source_index] = std::move(track);
  return stream;
}

void FilmMuxer::add_stream_tags(const FilmSource::Impl::Stream& from, AVStream& to) {
  av_dict_copy(&to.metadata, from.tags.get(), 0);
  const std::string& language = from.description.language;
  if (options_.format != "mov" || language.empty()) return;
  const std::string known = to_quicktime_language(language);
  av_dict_set(&to.metadata, "language", known.empty() ? nullptr : known.c_str(), 0);
  if (known.empty()) warnings_.push_back("the language of " + from.description.name() + " is lost: QuickTime has no number for it");
}

Status FilmMuxer::add_stream(const FilmSource::Impl::Stream& from) {
  Track track;
  const bool is_sound = from.description.kind == StreamKind::kAudio;
  if (is_sound && options_.film.sound == SoundCoding::kOpus && from.parameters->codec_id != AV_CODEC_ID_OPUS) {
    LACONIC_ASSIGN_OR_RETURN(
        track.sound, SoundEncoder::create(*from.parameters, from.time_base, options_.film.opus_bits_per_second));
  }
  const AVCodecParameters& parameters = track.sound ? track.sound->parameters() : *from.parameters;
  if (!can_hold(from, parameters)) {
    if (track.sound) {  // asked for, so not a matter of a warning
      return unsupported("FFmpeg cannot put Opus into this container; name the output .mkv or .nut, or copy the sound");
    }
    warnings_.push_back(from.description.name() + " is left out: this container cannot hold it");
    return ok_status();
  }
  track.stream = avformat_new_stream(format_.get(), nullptr);
  if (track.stream == nullptr || avcodec_parameters_copy(track.stream->codecpar, &parameters) < 0) {
    return limit_exceeded("there is not enough memory");
  }
  track.stream->codecpar->codec_tag = tag_for(*format_->oformat, parameters);
  track.stream->time_base = track.sound ? track.sound->time_base() : from.time_base;
  track.stream->avg_frame_rate = from.frame_rate;
  track.stream->disposition = from.disposition;
  track.stream->sample_aspect_ratio = parameters.sample_aspect_ratio;
  add_stream_tags(from, *track.stream);
  tracks_[from.description.index] = std::move(track);
  return ok_status();
}

// FFmpeg's tables know which codecs a container names, but not all that its writer refuses: so it is asked to write the
// header of a file with this stream alone, into memory.
bool FilmMuxer::can_hold(const FilmSource::Impl::Stream& from, const AVCodecParameters& parameters) const {
  const bool is_ours = is_laconic(parameters) && parameters.codec_tag == kAudioTag;
  if (parameters.codec_id == AV_CODEC_ID_NONE && !is_ours) return false;
  // NUT's packets do not say how long a subtitle stays.
  const AVCodecDescriptor* codec = avcodec_descriptor_get(parameters.codec_id);
  if (options_.format == "nut" && codec != nullptr && (codec->props & AV_CODEC_PROP_TEXT_SUB) != 0) return false;
  const bool is_cover = from.description.kind == StreamKind::kCoverArt;
  const bool is_tag_of_mp4 = is_cover && options_.format == "ipod";  // its tables name only streams
  if (!is_ours && !is_tag_of_mp4 && avformat_query_codec(format_->oformat, parameters.codec_id, FF_COMPLIANCE_NORMAL) == 0) {
    return false;
  }
  // QuickTime's writer takes cover art and gives back a stream that nobody can name, NUT's one that counts as a film.
  if (is_cover && (options_.format == "mov" || options_.format == "nut")) return false;

  AVFormatContext* made = nullptr;
  if (avformat_alloc_output_context2(&made, nullptr, options_.format.c_str(), nullptr) < 0) return false;
  const std::unique_ptr<AVFormatContext, Free> trial(made);
  if (options_.is_sound_only) {  // cover art goes beside the sound, never alone
    AVStream* sound = avformat_new_stream(trial.get(), nullptr);
    if (sound == nullptr || avcodec_parameters_copy(sound->codecpar, format_->streams[0]->codecpar) < 0) return false;
    sound->time_base = format_->streams[0]->time_base;
  }
  AVStream* stream = avformat_new_stream(trial.get(), nullptr);
  if (stream == nullptr || avcodec_parameters_copy(stream->codecpar, &parameters) < 0) return false;
  stream->codecpar->codec_tag = tag_for(*trial->oformat, parameters);
  stream->time_base = from.time_base;
  stream->disposition = from.disposition;
  av_dict_copy(&stream->metadata, from.tags.get(), 0);
  if (avio_open_dyn_buf(&trial->pb) < 0) return false;
  AVDictionary* given = nullptr;
  if (is_quicktime()) av_dict_set(&given, "movflags", options_.movflags.c_str(), 0);
  const bool is_taken = avformat_write_header(trial.get(), &given) >= 0;
  av_dict_free(&given);
  if (is_taken) av_write_trailer(trial.get());  // frees what the header allocated
  uint8_t* bytes = nullptr;
  avio_close_dyn_buf(trial->pb, &bytes);
  av_free(bytes);
  return is_taken;
}

Status FilmMuxer::add_chapters() {
  if (options_.is_video_only) return ok_status();
  const auto& chapters = options_.film.source->impl().chapters;
  format_->chapters = static_cast<AVChapter**>(av_calloc(std::max<size_t>(chapters.size(), 1), sizeof(AVChapter*)));
  if (format_->chapters == nullptr) return limit_exceeded("there is not enough memory");
  for (const auto& from : chapters) {
    const auto shift = std::llround(options_.film.start_seconds / av_q2d(from.time_base));
    const double last_end = options_.film.end_seconds / av_q2d(from.time_base);
    if (from.end - shift <= 0 || static_cast<double>(from.start) >= last_end) continue;
    auto* chapter = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
    if (chapter == nullptr) return limit_exceeded("there is not enough memory");
    chapter->id = from.id;
    chapter->time_base = from.time_base;
    chapter->start = std::max<int64_t>(from.start - shift, 0);
    chapter->end = (static_cast<double>(from.end) > last_end ? std::llround(last_end) : from.end) - shift;
    av_dict_copy(&chapter->metadata, from.tags.get(), 0);
    format_->chapters[format_->nb_chapters++] = chapter;
  }
  return ok_status();
}

void FilmMuxer::add_source_tags() {
  av_dict_copy(&format_->metadata, options_.film.source->impl().tags.get(), 0);
  drop_tags(&format_->metadata, kStaleFilmTags);
}

Status FilmMuxer::open_output() { return options_.film.sink != nullptr ? open_sink() : open_file(); }

// Bytes go out in order; the writers of our containers do not need to go back.
Status FilmMuxer::open_sink() {
  const auto append = [](void* muxer, uint8_t* bytes, int size) {
    auto& self = *static_cast<FilmMuxer*>(muxer);
    if (!self.sink_status_.ok()) return AVERROR(EIO);
    self.sink_status_ = self.options_.film.sink->append(ByteSpan(bytes, static_cast<size_t>(size)));
    return self.sink_status_.ok() ? size : AVERROR(EIO);
  };
  auto* const buffer = static_cast<uint8_t*>(av_malloc(kSinkBufferBytes));
  if (buffer == nullptr) return limit_exceeded("there is not enough memory");
  sink_access_.reset(avio_alloc_context(buffer, kSinkBufferBytes, /*write_flag=*/1, this, nullptr, append, nullptr));
  if (!sink_access_) {
    av_free(buffer);
    return limit_exceeded("there is not enough memory");
  }
  format_->pb = sink_access_.get();
  return ok_status();
}

Status FilmMuxer::open_file() {
  const std::string& path = options_.film.path;
  std::string url = "pipe:1";
  if (path != "-") {
    std::error_code error;
    const auto resolved = std::filesystem::weakly_canonical(path, error);
    target_ = error ? path : resolved.string();
    const bool is_plain = is_regular_or_new(target_);
    if (std::filesystem::is_directory(target_, error)) return check(AVERROR(EISDIR), "write");
    if (is_plain && ::access(target_.c_str(), F_OK) == 0 && ::access(target_.c_str(), W_OK) != 0) {
      return check(AVERROR(errno), "write");
    }
    if (is_plain) part_ = target_ + ".part";
    url = "file:" + (is_plain ? part_ : target_);
  }
  const int error = avio_open(&format_->pb, url.c_str(), AVIO_FLAG_WRITE);
  if (error < 0) part_.clear();  // not ours to remove
  return check(error, "write");
}

Status FilmMuxer::write_video(AVPacket& packet) {
  const AVRational time_base = to_av(options_.film.video.time_base);
  const auto shift = std::llround(options_.film.start_seconds / av_q2d(time_base));
  packet.stream_index = 0;
  packet.pts -= shift;
  packet.dts -= shift;
  av_packet_rescale_ts(&packet, time_base, video().time_base);
  return write_packet(packet);
}

Status FilmMuxer::write_sound(int source_index, AVPacket& packet, AVRational time_base) {
  const auto found = tracks_.find(source_index);
  LACONIC_CHECK(found != tracks_.end() && found->second.is_callers);
  const auto shift = std::llround(options_.film.start_seconds / av_q2d(time_base));
  packet.pts -= shift;
  packet.dts -= shift;
  // QuickTime's readers take every packet of sound for a key packet; to say otherwise costs four bytes a packet.
  if (is_quicktime()) packet.flags |= AV_PKT_FLAG_KEY;
  return write_track(found->second, packet, time_base);
}

Status FilmMuxer::write(CopiedPacket copied) {
  const auto found = tracks_.find(copied.stream_index());
  if (found == tracks_.end() || found->second.is_callers) return ok_status();
  const double start = options_.film.start_seconds;
  if (!cut_subtitle(copied)) return ok_status();
  const bool is_cover = (found->second.stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
  AVPacket& packet = *copied.impl().packet;
  if (!is_cover && start > 0 && copied.seconds() < start - 1e-9) return ok_status();
  const AVRational time_base = copied.impl().time_base;
  if (!is_cover) {
    const auto shift = std::llround(start / av_q2d(time_base));
    if (packet.pts != AV_NOPTS_VALUE) packet.pts -= shift;
    if (packet.dts != AV_NOPTS_VALUE) packet.dts -= shift;
  }
  Track& track = found->second;
  if (!track.sound) return write_track(track, packet, time_base);
  return track.sound->encode(&packet, [&](AVPacket& coded) { return write_track(track, coded, track.sound->time_base()); });
}

// To what the part of the film has of it; false if that is nothing. Other packets stay as they are.
bool FilmMuxer::cut_subtitle(CopiedPacket& copied) const {
  AVPacket& packet = *copied.impl().packet;
  const bool is_subtitle = tracks_.at(copied.stream_index()).stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE;
  if (!is_subtitle || packet.pts == AV_NOPTS_VALUE) return true;
  const double tick_seconds = av_q2d(copied.impl().time_base);
  const auto first = std::llround(options_.film.start_seconds / tick_seconds);
  const double last = options_.film.end_seconds / tick_seconds;
  int64_t end = packet.pts + std::max<int64_t>(packet.duration, 0);
  if (static_cast<double>(packet.pts) >= last) return false;
  if (options_.film.start_seconds > 0 && packet.pts < first && end > first) packet.pts = packet.dts = first;
  if (static_cast<double>(end) > last) end = std::max<int64_t>(std::llround(last), packet.pts);
  packet.duration = end - packet.pts;
  return true;
}

Status FilmMuxer::write_track(Track& track, AVPacket& packet, AVRational time_base) {
  packet.stream_index = track.stream->index;
  packet.pos = -1;
  if (packet.dts == AV_NOPTS_VALUE && track.stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) packet.dts = packet.pts;
  av_packet_rescale_ts(&packet, time_base, track.stream->time_base);
  if (packet.pts != AV_NOPTS_VALUE) packet.pts += track.delay;
  if (packet.dts != AV_NOPTS_VALUE) packet.dts += track.delay;
  // Rounding to a coarser time base, or the source itself, may repeat a time stamp; the writer would refuse the packet.
  if (packet.dts != AV_NOPTS_VALUE && track.last_dts != AV_NOPTS_VALUE) {
    const bool may_repeat = (format_->oformat->flags & AVFMT_TS_NONSTRICT) != 0;
    packet.dts = std::max(packet.dts, track.last_dts + (may_repeat ? 0 : 1));
    if (packet.pts != AV_NOPTS_VALUE) packet.pts = std::max(packet.pts, packet.dts);
  }
  if (packet.dts != AV_NOPTS_VALUE) track.last_dts = packet.dts;
  return write_packet(packet);
}

Status FilmMuxer::write_packet(AVPacket& packet) {
  LACONIC_CHECK(has_header_);
  return check(av_interleaved_write_frame(format_.get(), &packet), "write");
}

Status FilmMuxer::finish() {
  LACONIC_CHECK(has_header_);
  for (auto& [index, track] : tracks_) {
    if (!track.sound) continue;
    Track& t = track;
    LACONIC_RETURN_IF_ERROR(
        t.sound->encode(nullptr, [&](AVPacket& coded) { return write_track(t, coded, t.sound->time_base()); }));
  }
  has_header_ = false;
  LACONIC_RETURN_IF_ERROR(check(av_write_trailer(format_.get()), "finish"));
  LACONIC_RETURN_IF_ERROR(close_output());
  if (part_.empty()) return ok_status();
  // A disk without room for both still holds the one that plays.
  if (is_fragmented() && (options_.ends_plain || has_timed_text())) (void)rewrite_without_fragments(part_);
  if (is_fragmented()) (void)append_check(part_);
  if (std::rename(part_.c_str(), target_.c_str()) != 0) return check(AVERROR(errno), "finish");
  part_.clear();
  return ok_status();
}

// libavformat reads from fragments when a subtitle begins, but not how long it stays: a copy by `ffmpeg -c copy` shows none.
bool FilmMuxer::has_timed_text() const {
  return std::any_of(tracks_.begin(), tracks_.end(), [](const auto& track) {
    return track.second.stream->codecpar->codec_id == AV_CODEC_ID_MOV_TEXT;
  });
}

Status FilmMuxer::close_output() {
  if (!sink_access_) return check(avio_closep(&format_->pb), "finish");
  avio_flush(sink_access_.get());
  const int error = sink_access_->error;
  format_->pb = nullptr;
  sink_access_.reset();
  return check(error, "finish");
}

void FilmMuxer::give_up() {
  if (!format_) return;
  // A writer that is given up still owns memory which only its trailer frees; where that goes is removed right after.
  if (has_header_) av_write_trailer(format_.get());
  has_header_ = false;
  (void)close_output();
}

uint64_t FilmMuxer::bytes_written() const {
  return format_->pb != nullptr ? static_cast<uint64_t>(std::max<int64_t>(avio_tell(format_->pb), 0)) : 0;
}

std::string output_extension(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return extension;
}

}  // namespace laconic
