#include "codec/media/film_reader.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "codec/media/film_check.h"
#include "codec/media/film_ffmpeg.h"
#include "codec/media/film_input.h"

namespace laconic {
namespace {

// Containers of films. Left out: still images, play lists (they open other files), text that some demuxer draws.
constexpr char kContainers[] =
    "mov,matroska,nut,avi,mpegts,mpeg,flv,ogg,asf,yuv4mpegpipe,ivf,mxf,mxf_opatom,h264,hevc,m4v,mpegvideo,av1,obu,dv,rm,gxf,"
    "wtv,vc1,vc1test,swf,dirac,cavsvideo,h263,avs2,avs3,pva,nsv,bink,smk,roq,mvi,amv,film_cpk,idcin,ea,4xm,vmd,mjpeg";

// What decoders of sound need to have heard before: two packets of AAC, 80 ms of Opus.
constexpr double kPrimingSeconds = 0.1;

// -1 if there is none. Not av_find_best_stream: it prefers streams that a decoder exists for, and ours has none there.
int first_video(const AVFormatContext& format) {
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVStream& stream = *format.streams[i];
    const bool is_picture = (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_picture) return stream.index;
  }
  return -1;
}

// From the stream's side data, else from the tag by which containers without a matrix keep it (film_muxer.cpp).
std::optional<std::array<int32_t, 9>> display_matrix_of(const AVStream& stream) {
  std::array<int32_t, 9> matrix{};
  size_t size_bytes = 0;
  const uint8_t* bytes = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size_bytes);
  if (bytes != nullptr && size_bytes >= sizeof(matrix)) {
    std::memcpy(matrix.data(), bytes, sizeof(matrix));
    return matrix;
  }
  const AVDictionaryEntry* tag = av_dict_get(stream.metadata, "rotate", nullptr, 0);
  const double clockwise_degrees = tag != nullptr ? std::strtod(tag->value, nullptr) : 0;
  if (clockwise_degrees == 0 || !std::isfinite(clockwise_degrees)) return std::nullopt;
  av_display_rotation_set(matrix.data(), clockwise_degrees);  // it counts the other way than _get
  return matrix;
}

}  // namespace

struct FilmReader::Impl {
  Input format;
  AVStream* video = nullptr;
  FilmProperties properties;
  std::shared_ptr<const FilmSource> source;
  Owned<AVCodecContext> decoder;  // null for a stream of ours
  Owned<AVPacket> packet{av_packet_alloc()};
  Owned<AVFrame> frame{av_frame_alloc()};
  std::unique_ptr<FrameConverter> converter;
  std::vector<std::string> warnings;
  // Of a stream of ours one packet is held back until the next says how long it lasts: demuxers know the duration of
  // codecs they do not know from the average frame rate, if at all.
  std::optional<VideoPacket> held;
  int64_t last_pts = AV_NOPTS_VALUE;
  int64_t last_duration = 1;
  int64_t last_offset = -1;  // in the file, of a packet of ours; they rise
  Status failure;            // of the container of a film of ours
  int64_t num_damaged = 0;
  bool is_draining = false;
  bool is_video_only = false;
  bool has_told_size_change = false;
  bool has_told_times = false;
  std::string unchecked_path;  // of a film of ours that is read from start to end; empty once it is checked

  Status describe(const FilmReadOptions& options);
  Status start_decoder(const FilmReadOptions& options);
  Result<bool> next_packet();
  Result<std::optional<VideoFrame>> next_frame();
  Result<VideoFrame> take_frame();
  VideoPacket take_packet() const;
  std::optional<VideoPacket> exchange(std::optional<VideoPacket> next);
  void repair_times(VideoPacket& earlier, VideoPacket& later);
  bool is_hidden() const;
  Status check_file();
  void warn_of_damage();
};

FilmReader::FilmReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FilmReader::~FilmReader() = default;
const FilmProperties& FilmReader::properties() const { return impl_->properties; }
std::shared_ptr<const FilmSource> FilmReader::source() const { return impl_->source; }

bool FilmReader::is_film(const std::string& path) {
  int error = 0;
  const Input format = open_input(path, kContainers, error);
  if (!format) return false;
  // Containers that describe their streams in packets show them only after some reading.
  if (first_video(*format) < 0 && avformat_find_stream_info(format.get(), nullptr) < 0) return false;
  return first_video(*format) >= 0;
}

Result<std::unique_ptr<FilmReader>> FilmReader::open(const std::string& path, const FilmReadOptions& options) {
  auto impl = std::make_unique<Impl>();
  int error = 0;
  impl->format = open_input(path, kContainers, error);
  if (!impl->format) return cannot_open(path, error, "a film");
  if (!impl->packet || !impl->frame) return limit_exceeded("there is not enough memory");
  if (avformat_find_stream_info(impl->format.get(), nullptr) < 0) return corrupt("is not a film, or is damaged at its start");
  const int index = first_video(*impl->format);
  if (index < 0) return corrupt("holds no video stream");
  impl->video = impl->format->streams[index];
  LACONIC_RETURN_IF_ERROR(impl->describe(options));
  LACONIC_ASSIGN_OR_RETURN(impl->source, snapshot_source(*impl->format, index, /*sound_index=*/-1));
  if (impl->properties.is_laconic && path != "-") impl->unchecked_path = path;
  if (!impl->properties.is_laconic && options.decodes) LACONIC_RETURN_IF_ERROR(impl->start_decoder(options));
  return std::unique_ptr<FilmReader>(new FilmReader(std::move(impl)));
}

Status FilmReader::Impl::describe(const FilmReadOptions& options) {
  const AVCodecParameters& parameters = *video->codecpar;
  FilmProperties& p = properties;
  p.is_laconic = laconic::is_laconic(parameters);
  if (p.is_laconic) {
    p.extradata.assign(parameters.extradata, parameters.extradata + parameters.extradata_size);
    p.video.format.width_px = parameters.width;
    p.video.format.height_px = parameters.height;
  } else {
    LACONIC_ASSIGN_OR_RETURN(p.video.format,
                             nearest_format(static_cast<AVPixelFormat>(parameters.format), parameters, options.limits));
    const AVPixFmtDescriptor* pixels = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(parameters.format));
    if (pixels != nullptr && (pixels->flags & AV_PIX_FMT_FLAG_ALPHA)) warnings.push_back("transparency is dropped");
  }
  p.video.time_base = from_av(video->time_base);
  const AVRational rate = video->avg_frame_rate.num > 0 ? video->avg_frame_rate : video->r_frame_rate;
  p.video.frame_rate = from_av(rate);
  p.video.sample_aspect_ratio = from_av(av_guess_sample_aspect_ratio(format.get(), video, nullptr));
  p.video.display_matrix = display_matrix_of(*video);
  p.video.field_order = from_av(parameters.field_order);
  p.video_stream_index = video->index;
  p.start_seconds = format->start_time == AV_NOPTS_VALUE ? 0 : static_cast<double>(format->start_time) / AV_TIME_BASE;
  p.duration_seconds = duration_seconds_of(*format, *video);
  p.num_frames = std::max<int64_t>(video->nb_frames, 0);
  p.num_chapters = static_cast<int>(format->nb_chapters);
  p.container = format->iformat->name;
  for (unsigned i = 0; i < format->nb_streams; ++i) p.streams.push_back(describe_stream(*format->streams[i]));
  return ok_status();
}

Status FilmReader::Impl::start_decoder(const FilmReadOptions& options) {
  const std::string name = describe_stream(*video).name();
  const AVCodec* codec = avcodec_find_decoder(video->codecpar->codec_id);
  if (codec == nullptr) return unsupported("this FFmpeg has no decoder for " + name);
  decoder.reset(avcodec_alloc_context3(codec));
  if (!decoder) return limit_exceeded("there is not enough memory");
  if (avcodec_parameters_to_context(decoder.get(), video->codecpar) < 0) return corrupt(name + " has a damaged header");
  decoder->pkt_timebase = video->time_base;
  decoder->thread_count = options.num_threads;
  decoder->max_pixels = static_cast<int64_t>(options.limits.max_pixels);
  if (const int error = avcodec_open2(decoder.get(), codec, nullptr); error < 0) {
    return unsupported("the decoder for " + name + " does not start: " + ffmpeg_error(error));
  }
  converter = std::make_unique<FrameConverter>(properties.video.format);
  return ok_status();
}

void FilmReader::read_video_only() {
  impl_->is_video_only = true;  // what was read before, to find out about streams, still comes
  for (unsigned i = 0; i < impl_->format->nb_streams; ++i) {
    AVStream* stream = impl_->format->streams[i];
    if (stream != impl_->video) stream->discard = AVDISCARD_ALL;
  }
}

Result<std::optional<FilmItem>> FilmReader::read() {
  Impl& self = *impl_;
  while (true) {
    if (self.decoder) {
      LACONIC_ASSIGN_OR_RETURN(std::optional<VideoFrame> frame, self.next_frame());
      if (frame) return std::optional<FilmItem>(std::move(*frame));
      if (self.is_draining) {
        self.warn_of_damage();
        return std::optional<FilmItem>();
      }
    }
    LACONIC_ASSIGN_OR_RETURN(const bool has_packet, self.next_packet());
    if (!has_packet && !self.decoder) {
      if (auto last = self.exchange(std::nullopt)) return std::optional<FilmItem>(std::move(*last));
      LACONIC_RETURN_IF_ERROR(self.failure);
      LACONIC_RETURN_IF_ERROR(self.check_file());
      return std::optional<FilmItem>();
    }
    if (!has_packet) {
      self.is_draining = true;
      avcodec_send_packet(self.decoder.get(), nullptr);
    } else if (self.packet->stream_index != self.video->index) {
      if (self.is_video_only || self.is_hidden()) continue;
      LACONIC_ASSIGN_OR_RETURN(CopiedPacket copy, take_copy(*self.format, *self.packet));
      return std::optional<FilmItem>(std::move(copy));
    } else if (!self.decoder) {
      if (auto before = self.exchange(self.take_packet())) return std::optional<FilmItem>(std::move(*before));
    } else if (avcodec_send_packet(self.decoder.get(), self.packet.get()) < 0) {
      ++self.num_damaged;  // players go on as well; the sentence comes at the end
    }
  }
}

// False at the end, and where the container of a film of ours is damaged (then `failure` says so): its last frame still comes.
Result<bool> FilmReader::Impl::next_packet() {
  if (!failure.ok()) return false;
  const Result<bool> has_packet = read_packet(*format, *packet);
  if (decoder || (has_packet.ok() && (!*has_packet || packet->stream_index != video->index))) return has_packet;
  failure = has_packet.status();
  // Of an index that the end of a pipe cuts, libavformat makes entries of whatever lay in memory.
  const bool is_nonsense = has_packet.ok() && (packet->size == 0 || packet->pos < last_offset);
  if (is_nonsense) failure = corrupt("the container is damaged or ends early");
  last_offset = packet->pos;
  return failure.ok();
}

// Empty: the decoder wants another packet, or has no more to give.
Result<std::optional<VideoFrame>> FilmReader::Impl::next_frame() {
  while (true) {
    const int error = avcodec_receive_frame(decoder.get(), frame.get());
    if (error == AVERROR(EAGAIN)) return std::optional<VideoFrame>();
    if (error == AVERROR_EOF) {
      is_draining = true;
      return std::optional<VideoFrame>();
    }
    if (error < 0) {
      ++num_damaged;
      continue;
    }
    LACONIC_ASSIGN_OR_RETURN(VideoFrame out, take_frame());
    return std::optional<VideoFrame>(std::move(out));
  }
}

Result<VideoFrame> FilmReader::Impl::take_frame() {
  const VideoFormat& wanted = properties.video.format;
  if ((frame->width != wanted.width_px || frame->height != wanted.height_px) && !has_told_size_change) {
    warnings.push_back("the size of frames changes within the film; all are scaled to the first one's");
    has_told_size_change = true;
  }
  LACONIC_ASSIGN_OR_RETURN(VideoFrame out, converter->convert(*frame));
  out.duration_ticks = std::max<int64_t>(frame->pkt_duration, 0);
  const int64_t pts = frame->best_effort_timestamp;
  const int64_t after_last = last_pts + std::max<int64_t>(last_duration, 1);
  const bool is_first = last_pts == AV_NOPTS_VALUE;
  const bool is_usable = pts != AV_NOPTS_VALUE && (is_first || pts > last_pts);
  out.pts_ticks = is_usable ? pts : is_first ? 0 : after_last;
  last_pts = out.pts_ticks;
  if (out.duration_ticks > 0) last_duration = out.duration_ticks;
  return out;
}

VideoPacket FilmReader::Impl::take_packet() const {
  VideoPacket out;
  out.bytes.assign(packet->data, packet->data + packet->size);
  out.pts_ticks = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  out.duration_ticks = packet->duration;
  out.is_key_frame = (packet->flags & AV_PKT_FLAG_KEY) != 0;
  return out;
}

// Gives the packet before, its duration set, and keeps the next one; at the end there is none.
std::optional<VideoPacket> FilmReader::Impl::exchange(std::optional<VideoPacket> next) {
  std::swap(held, next);
  if (next && held && held->pts_ticks <= next->pts_ticks) repair_times(*next, *held);
  if (next && held) {
    next->duration_ticks = last_duration = held->pts_ticks - next->pts_ticks;
  } else if (next) {  // the last one: the track's end, where that is said, else as long as the one before
    const int64_t start = video->start_time != AV_NOPTS_VALUE ? video->start_time : 0;
    const int64_t left = video->duration > 0 ? start + video->duration - next->pts_ticks : 0;
    next->duration_ticks = left > 0 ? left : last_duration;
  }
  if (next) last_pts = next->pts_ticks;
  return next;
}

// Our packets' times rise, so one of the two is damaged: the earlier, if it can lie between its neighbours.
void FilmReader::Impl::repair_times(VideoPacket& earlier, VideoPacket& later) {
  const int64_t usual = last_pts == AV_NOPTS_VALUE ? later.pts_ticks - last_duration : last_pts + last_duration;
  const bool fits_between = last_pts == AV_NOPTS_VALUE || last_pts + 1 < later.pts_ticks;
  if (fits_between) {
    earlier.pts_ticks = std::min(usual, later.pts_ticks - 1);
  } else {
    later.pts_ticks = earlier.pts_ticks + std::max<int64_t>(last_duration, 1);
  }
  if (!has_told_times) warnings.push_back("times of frames do not rise: the container is damaged, and the times here are a guess");
  has_told_times = true;
}

// By an edit list. What lies right before the part that is shown primes decoders, and stays.
bool FilmReader::Impl::is_hidden() const {
  const AVStream& stream = *format->streams[packet->stream_index];
  if ((packet->flags & AV_PKT_FLAG_DISCARD) == 0 || packet->pts == AV_NOPTS_VALUE) return false;
  const int64_t start = stream.start_time != AV_NOPTS_VALUE ? stream.start_time : 0;
  return packet->pts >= start || static_cast<double>(start - packet->pts) * av_q2d(stream.time_base) > kPrimingSeconds;
}

Status FilmReader::Impl::check_file() {
  const std::string path = std::exchange(unchecked_path, "");
  return path.empty() ? ok_status() : check_film_file(path, properties.container);
}

void FilmReader::Impl::warn_of_damage() {
  if (num_damaged > 0) {
    warnings.push_back(std::to_string(num_damaged) + " packets of " + describe_stream(*video).name() +
                       " are damaged; their frames may be missing or wrong");
  }
  num_damaged = 0;
}

Status FilmReader::seek(double seconds) {
  Impl& self = *impl_;
  const double ticks = std::floor(seconds / av_q2d(self.video->time_base) + 0.5);
  if (!(std::abs(ticks) < 9e18)) return invalid_argument("time " + std::to_string(seconds) + " s is out of range");
  const auto target = static_cast<int64_t>(ticks);
  int error = avformat_seek_file(self.format.get(), self.video->index, INT64_MIN, target, target, 0);
  // Before the first key frame there is only the start.
  if (error < 0) error = avformat_seek_file(self.format.get(), self.video->index, INT64_MIN, target, INT64_MAX, 0);
  if (error < 0) return unsupported("cannot seek in this input: " + ffmpeg_error(error));
  if (self.decoder) avcodec_flush_buffers(self.decoder.get());
  self.is_draining = false;
  self.unchecked_path.clear();
  self.held.reset();
  self.last_pts = AV_NOPTS_VALUE;
  self.last_offset = -1;
  self.failure = ok_status();
  return ok_status();
}

std::vector<std::string> FilmReader::take_warnings() {
  std::vector<std::string> taken;
  taken.swap(impl_->warnings);
  return taken;
}

}  // namespace laconic
