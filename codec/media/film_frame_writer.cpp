#include "codec/media/film_frame_writer.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "codec/media/film_muxer.h"

namespace laconic {
namespace {

struct Output {
  const char* extension;
  const char* format;
  const char* encoder;
  bool is_video_only;
};
constexpr Output kOutputs[] = {
    {".mp4", "mp4", "libx264", false}, {".mov", "mov", "libx264", false},     {".mkv", "matroska", "ffv1", false},
    {".nut", "nut", "rawvideo", false}, {".y4m", "yuv4mpegpipe", "wrapped_avframe", true},
};

constexpr Rational kFallbackRate{25, 1};

const Output* output_for(const std::string& path) {
  std::string extension = path == "-" ? ".nut" : std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
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

struct FilmFrameWriter::Impl {
  FilmFrameWriteOptions options;
  std::unique_ptr<FilmMuxer> muxer;
  Owned<AVCodecContext> encoder;
  Owned<AVPacket> packet{av_packet_alloc()};
  bool counts_frames = false;
  int64_t num_frames = 0;
  std::map<int64_t, int64_t> durations;  // by time stamp, of frames inside the encoder: libx264 forgets them

  Status start_encoder(const Output& output);
  Status encode(const AVFrame* frame);
};

FilmFrameWriter::FilmFrameWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FilmFrameWriter::~FilmFrameWriter() = default;

bool FilmFrameWriter::writes_extension(const std::string& extension) { return output_for("x." + extension) != nullptr; }

Result<std::unique_ptr<FilmFrameWriter>> FilmFrameWriter::create(const FilmFrameWriteOptions& options) {
  const Output* output = output_for(options.path);
  if (output == nullptr) {
    return invalid_argument("'" + options.path + "' does not name a film; .mp4, .mov, .mkv, .nut and .y4m do");
  }
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  if (!impl->packet) return limit_exceeded("there is not enough memory");
  MuxerOptions muxer_options;
  muxer_options.film.path = options.path;
  muxer_options.film.video = options.video;
  muxer_options.film.source = options.source;
  muxer_options.film.start_seconds = options.start_seconds;
  muxer_options.format = output->format;
  muxer_options.movflags = "use_metadata_tags";
  muxer_options.is_video_only = output->is_video_only;
  if (output->is_video_only) {  // its frames have no time stamps, only a rate: they are counted
    const Rational rate = options.video.frame_rate.num > 0 ? options.video.frame_rate : kFallbackRate;
    impl->options.video.frame_rate = muxer_options.film.video.frame_rate = rate;
    impl->options.video.time_base = muxer_options.film.video.time_base = {rate.den, rate.num};
    muxer_options.film.start_seconds = 0;
    impl->counts_frames = true;
  }
  LACONIC_ASSIGN_OR_RETURN(impl->muxer, FilmMuxer::create(muxer_options));
  LACONIC_RETURN_IF_ERROR(impl->start_encoder(*output));
  LACONIC_RETURN_IF_ERROR(impl->muxer->start());
  return std::unique_ptr<FilmFrameWriter>(new FilmFrameWriter(std::move(impl)));
}

Status FilmFrameWriter::Impl::start_encoder(const Output& output) {
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
  encoder->time_base = stream.time_base;
  encoder->framerate = stream.avg_frame_rate;
  encoder->thread_count = options.num_threads;
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  set_encoder_options(*encoder, output.encoder);
  if (const int error = avcodec_open2(encoder.get(), codec, nullptr); error < 0) {
    return unsupported(std::string(output.encoder) + " does not start: " + ffmpeg_error(error));
  }
  const AVRational shape = stream.sample_aspect_ratio;
  if (avcodec_parameters_from_context(stream.codecpar, encoder.get()) < 0) {
    return limit_exceeded("there is not enough memory");
  }
  stream.sample_aspect_ratio = stream.codecpar->sample_aspect_ratio = shape;
  return ok_status();
}

Status FilmFrameWriter::write(const VideoFrame& frame) {
  LACONIC_ASSIGN_OR_RETURN(const Owned<AVFrame> picture, to_av_frame(frame));
  if (impl_->counts_frames) {
    picture->pts = impl_->num_frames++;
  } else {
    impl_->durations[frame.pts_ticks] = frame.duration_ticks;
  }
  return impl_->encode(picture.get());
}

// Null: the end.
Status FilmFrameWriter::Impl::encode(const AVFrame* frame) {
  if (const int error = avcodec_send_frame(encoder.get(), frame); error < 0) {
    return internal_error(std::string(encoder->codec->name) + " refuses a frame: " + ffmpeg_error(error));
  }
  while (true) {
    const int error = avcodec_receive_packet(encoder.get(), packet.get());
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return ok_status();
    if (error < 0) return internal_error(std::string(encoder->codec->name) + " fails: " + ffmpeg_error(error));
    if (const auto known = durations.find(packet->pts); known != durations.end()) {
      packet->duration = known->second;
      durations.erase(known);
    }
    LACONIC_RETURN_IF_ERROR(muxer->write_video(*packet));
  }
}

Status FilmFrameWriter::write(CopiedPacket packet) { return impl_->muxer->write(std::move(packet)); }

Status FilmFrameWriter::finish() {
  LACONIC_RETURN_IF_ERROR(impl_->encode(nullptr));
  return impl_->muxer->finish();
}

const std::vector<std::string>& FilmFrameWriter::warnings() const { return impl_->muxer->warnings(); }
uint64_t FilmFrameWriter::bytes_written() const { return impl_->muxer->bytes_written(); }

}  // namespace laconic
