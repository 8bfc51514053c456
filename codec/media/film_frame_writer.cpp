#include "codec/media/film_frame_writer.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <map>
#include <optional>

#include "codec/media/film_muxer.h"
#include "codec/media/sound_ffmpeg.h"
#include "codec/media/sound_frame_encoder.h"

namespace laconic {
namespace {

struct Output {
  const char* extension;
  const char* format;
  const char* encoder;
  const char* sound_encoder;  // as in SoundFrameCoding; null: the format holds frames only
};
constexpr Output kOutputs[] = {
    {".mp4", "mp4", "libx264", "aac"},  {".mov", "mov", "libx264", "pcm"},     {".mkv", "matroska", "ffv1", "flac"},
    {".nut", "nut", "rawvideo", "pcm"}, {".y4m", "yuv4mpegpipe", "wrapped_avframe", nullptr},
};
constexpr int kAacBitsPerSecond = 96000;  // a channel

constexpr Rational kFallbackRate{25, 1};

const Output* output_for(const std::string& path) {
  const std::string extension = path == "-" ? ".nut" : output_extension(path);
  for (const Output& output : kOutputs) {
    if (extension == output.extension) return &output;
  }
  return nullptr;
}

void set_encoder_options(AVCodecContext& encoder, const std::string& name) {
  if (name == "libx264") {
    av_opt_set(encoder.priv_data, "crf", "12", 0);
    av_opt_set(encoder.priv_data, "preset", "fast", 0);
  } else if (name == "ffv1") {
    encoder.level = 3;
    av_opt_set(encoder.priv_data, "slicecrc", "1", 0);
    encoder.gop_size = 1;
  }
}

}  // namespace

// The encoder counts from the sound's first sample, which lies anywhere in the film.
struct CodedTrack {
  std::unique_ptr<SoundFrameEncoder> encoder;
  std::optional<int64_t> first_pts;  // at the coding rate, in the film
  bool is_finished = false;
};

struct FilmFrameWriter::Impl {
  FilmFrameWriteOptions options;
  std::unique_ptr<FilmMuxer> muxer;
  Owned<AVCodecContext> encoder;
  Owned<AVPacket> packet{av_packet_alloc()};
  bool counts_frames = false;
  int64_t num_frames = 0;
  std::map<int, CodedTrack> sounds;  // by stream index
  std::map<int64_t, int64_t> durations;  // by time stamp, of frames inside the encoder: libx264 forgets them

  Status start_encoder(const Output& output);
  Status start_sounds(const char* encoder_name);
  Status encode(const AVFrame* frame);
  SoundFrameEncoder::Sink sink_of(int stream_index);
};

FilmFrameWriter::FilmFrameWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FilmFrameWriter::~FilmFrameWriter() = default;

bool FilmFrameWriter::writes_extension(const std::string& extension) { return output_for("x." + extension) != nullptr; }

Result<std::unique_ptr<FilmFrameWriter>> FilmFrameWriter::create(const FilmFrameWriteOptions& options) {
  const Output* output = output_for(options.path);
  if (output == nullptr) {
    return invalid_argument("'" + options.path + "' does not name a film; .mp4, .mov, .mkv, .nut and .y4m do");
  }
  const bool is_video_only = output->sound_encoder == nullptr;
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  if (!impl->packet) return limit_exceeded("there is not enough memory");
  MuxerOptions muxer_options;
  muxer_options.film.path = options.path;
  muxer_options.film.video = options.video;
  muxer_options.film.source = options.source;
  muxer_options.film.start_seconds = options.start_seconds;
  muxer_options.film.end_seconds = options.end_seconds;
  muxer_options.format = output->format;
  muxer_options.movflags = "use_metadata_tags";
  muxer_options.is_video_only = is_video_only;
  if (is_video_only) {  // its frames have no time stamps, only a rate: they are counted
    const Rational rate = options.video.frame_rate.num > 0 ? options.video.frame_rate : kFallbackRate;
    impl->options.video.frame_rate = muxer_options.film.video.frame_rate = rate;
    impl->options.video.time_base = muxer_options.film.video.time_base = {rate.den, rate.num};
    muxer_options.film.start_seconds = 0;
    impl->counts_frames = true;
  }
  LACONIC_ASSIGN_OR_RETURN(impl->muxer, FilmMuxer::create(muxer_options));
  LACONIC_RETURN_IF_ERROR(impl->start_encoder(*output));
  if (!is_video_only) LACONIC_RETURN_IF_ERROR(impl->start_sounds(output->sound_encoder));
  LACONIC_RETURN_IF_ERROR(impl->muxer->start());
  return std::unique_ptr<FilmFrameWriter>(new FilmFrameWriter(std::move(impl)));
}

Status FilmFrameWriter::Impl::start_encoder(const Output& output) {
  const VideoFormat& format = options.video.format;
  const bool has_odd_chroma = (format.chroma != ChromaFormat::k444 && format.width_px % 2 != 0) ||
                              (format.chroma == ChromaFormat::k420 && format.height_px % 2 != 0);
  if (has_odd_chroma && std::string(output.encoder) == "libx264") {
    return unsupported("frames of " + std::to_string(format.width_px) + "x" + std::to_string(format.height_px) +
                       " with coarser chroma cannot be H.264, which wants even sizes; name the output .mkv");
  }
  const AVCodec* codec = avcodec_find_encoder_by_name(output.encoder);
  if (codec == nullptr) return unsupported(std::string("this FFmpeg was built without ") + output.encoder);
  encoder.reset(avcodec_alloc_context3(codec));
  if (!encoder) return limit_exceeded("there is not enough memory");
  AVStream& stream = muxer->video();
  encoder->width = options.video.format.width_px;
  encoder->height = options.video.format.height_px;
  encoder->pix_fmt = pixel_format_of(options.video.format);
  encoder->color_primaries = stream.codecpar->color_primaries;
  encoder->color_trc = stream.codecpar->color_trc;
  encoder->colorspace = stream.codecpar->color_space;
  encoder->color_range = stream.codecpar->color_range;
  encoder->sample_aspect_ratio = stream.sample_aspect_ratio;
  encoder->field_order = stream.codecpar->field_order;
  if (options.video.is_interlaced()) encoder->flags |= AV_CODEC_FLAG_INTERLACED_DCT;
  encoder->time_base = stream.time_base;
  encoder->framerate = stream.avg_frame_rate;
  encoder->thread_count = options.num_threads;
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  set_encoder_options(*encoder, output.encoder);
  if (const int error = avcodec_open2(encoder.get(), codec, nullptr); error < 0) {
    return unsupported(std::string(output.encoder) + " does not start: " + ffmpeg_error(error));
  }
  const AVRational shape = stream.sample_aspect_ratio;
  const AVFieldOrder field_order = stream.codecpar->field_order;
  if (avcodec_parameters_from_context(stream.codecpar, encoder.get()) < 0) {
    return limit_exceeded("there is not enough memory");
  }
  stream.sample_aspect_ratio = stream.codecpar->sample_aspect_ratio = shape;
  stream.codecpar->field_order = field_order;
  return ok_status();
}

Status FilmFrameWriter::Impl::start_sounds(const char* encoder_name) {
  for (const DecodedSound& sound : options.decoded_sounds) {
    SoundFrameCoding coding;
    coding.encoder = encoder_name;
    coding.format = sound.format;
    if (coding.encoder == "aac") coding.bits_per_second = kAacBitsPerSecond;
    CodedTrack& track = sounds[sound.stream_index];
    LACONIC_ASSIGN_OR_RETURN(track.encoder, SoundFrameEncoder::create(coding, muxer->needs_header()));
    LACONIC_ASSIGN_OR_RETURN(AVStream * stream, muxer->add_sound(sound.stream_index));
    LACONIC_RETURN_IF_ERROR(describe_coded_sound(track.encoder->context(), *stream));
  }
  return ok_status();
}

SoundFrameEncoder::Sink FilmFrameWriter::Impl::sink_of(int stream_index) {
  return [this, stream_index](AVPacket& coded) {
    const CodedTrack& track = sounds.at(stream_index);
    const AVRational time_base = track.encoder->context().time_base;
    const int64_t start = av_rescale_q(track.first_pts.value_or(0), kSoundTimeBase, time_base);
    coded.pts += start;
    coded.dts += start;
    return muxer->write_sound(stream_index, coded, time_base);
  };
}

Status FilmFrameWriter::write(int stream_index, const AudioFrame& frame) {
  const auto found = impl_->sounds.find(stream_index);
  if (found == impl_->sounds.end()) return ok_status();
  CodedTrack& track = found->second;
  if (!track.first_pts) track.first_pts = frame.pts_samples;
  AudioFrame shifted = frame;
  shifted.pts_samples -= *track.first_pts;
  return track.encoder->write(shifted, impl_->sink_of(stream_index));
}

Status FilmFrameWriter::finish_sound(int stream_index, uint64_t num_source_samples) {
  const auto found = impl_->sounds.find(stream_index);
  if (found == impl_->sounds.end() || found->second.is_finished) return ok_status();
  found->second.is_finished = true;
  return found->second.encoder->finish(num_source_samples, impl_->sink_of(stream_index));
}

Status FilmFrameWriter::write(const VideoFrame& frame) {
  LACONIC_ASSIGN_OR_RETURN(const Owned<AVFrame> picture, to_av_frame(frame));
  const FieldOrder order = impl_->options.video.field_order;
  picture->interlaced_frame = impl_->options.video.is_interlaced();
  picture->top_field_first = order == FieldOrder::kTopTop || order == FieldOrder::kBottomTop;
  if (impl_->counts_frames) {
    picture->pts = impl_->num_frames++;
  } else {
    impl_->durations[frame.pts_ticks] = frame.duration_ticks;
  }
  return impl_->encode(picture.get());
}

// Null: the end.
Status FilmFrameWriter::Impl::encode(const AVFrame* frame) {
  return encode_frame(*encoder, frame, *packet, [this](AVPacket& coded) {
    if (const auto known = durations.find(coded.pts); known != durations.end()) {
      coded.duration = known->second;
      durations.erase(known);
    }
    return muxer->write_video(coded);
  });
}

Status FilmFrameWriter::write(CopiedPacket packet) { return impl_->muxer->write(std::move(packet)); }

Status FilmFrameWriter::finish() {
  LACONIC_RETURN_IF_ERROR(impl_->encode(nullptr));
  for (auto& [index, track] : impl_->sounds) {
    if (track.is_finished) continue;
    track.is_finished = true;
    LACONIC_RETURN_IF_ERROR(track.encoder->finish(std::nullopt, impl_->sink_of(index)));
  }
  return impl_->muxer->finish();
}

const std::vector<std::string>& FilmFrameWriter::warnings() const { return impl_->muxer->warnings(); }
uint64_t FilmFrameWriter::bytes_written() const { return impl_->muxer->bytes_written(); }

}  // namespace laconic
