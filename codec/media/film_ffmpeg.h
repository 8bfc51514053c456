// Private to codec/media: FFmpeg's handles with their deleters, and what the film files share about its types.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <functional>
#include <memory>
#include <string>

#include "codec/base/limits.h"
#include "codec/base/status.h"
#include "codec/media/film.h"

namespace laconic {

struct FfmpegFree {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVDictionary* tags) const { av_dict_free(&tags); }
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, FfmpegFree>;

// The private FourCCs, as containers carry them; the codec id beside them is AV_CODEC_ID_NONE.
constexpr uint32_t kVideoTag = MKTAG('L', 'A', 'C', 'V');
constexpr uint32_t kAudioTag = MKTAG('L', 'A', 'C', 'A');

// FFmpeg prints to stderr beside our one sentence; called by every open() and create(). Affects the whole process.
void silence_ffmpeg();

// "no such file or directory" for an AVERROR.
std::string ffmpeg_error(int error);

AVRational to_av(Rational r);
Rational from_av(AVRational r);  // 0/1 for what FFmpeg leaves undefined
AVFieldOrder to_av(FieldOrder order);
FieldOrder from_av(AVFieldOrder order);

// A stream of ours as it stands in a container: codec id NONE with one of our FourCCs.
bool is_laconic(const AVCodecParameters& parameters);

struct CopiedPacket::Impl {
  Owned<AVPacket> packet;  // time stamps in time_base
  AVRational time_base{1, 1};
};

struct FilmSource::Impl {
  struct Stream {
    FilmStream description;
    Owned<AVCodecParameters> parameters;
    Owned<AVDictionary> tags;
    AVRational time_base{1, 1};
    AVRational frame_rate{0, 1};
    int disposition = 0;
    Owned<AVPacket> side_data;  // the stream's, carried by a packet without bytes
  };
  struct Chapter {
    int64_t id = 0;
    AVRational time_base{1, 1};
    int64_t start = 0, end = 0;
    Owned<AVDictionary> tags;
  };
  std::vector<Stream> streams;
  std::vector<Chapter> chapters;
  Owned<AVDictionary> tags;
  int video_index = -1;
};

// Makes `stream` one of ours: codec id NONE, the FourCC, and the stream header as extradata.
Status describe_as_ours(AVStream& stream, uint32_t tag, ByteSpan extradata);
// Copies the bytes into `packet`, which is emptied before.
Status fill_packet(ByteSpan bytes, AVPacket& packet);

FilmStream describe_stream(const AVStream& stream);
// sound_index: of a file of sound, whose stream's tags are the file's (Ogg keeps them there); else -1. Likewise video_index.
Result<std::shared_ptr<const FilmSource>> snapshot_source(const AVFormatContext& format, int video_index, int sound_index);

// Sends a frame (null: the end) and hands on what packets come of it; `packet` is room for them.
Status encode_frame(AVCodecContext& encoder, const AVFrame* frame, AVPacket& packet, const std::function<Status(AVPacket&)>& sink);

// Pixel formats. AV_PIX_FMT_NONE if there is none.
AVPixelFormat pixel_format_of(const VideoFormat& format);
// The nearest format we know; `colour` describes what frames of this pixel format hold after conversion.
Result<VideoFormat> nearest_format(AVPixelFormat pixels, const AVCodecParameters& parameters, const Limits& limits);

// AVFrames to VideoFrames of one format. One thread at a time.
class FrameConverter {
 public:
  explicit FrameConverter(const VideoFormat& format) : format_(format) {}
  // Samples only; the caller sets the times.
  Result<VideoFrame> convert(const AVFrame& from);

 private:
  void copy_samples(const AVFrame& from, VideoFrame& to) const;
  Status scale(const AVFrame& from, AVPixelFormat pixels, AVPixelFormat wanted);

  const VideoFormat format_;
  Owned<SwsContext> scaler_;
  Owned<AVFrame> scaled_;
};

// Copies samples into a frame whose buffers this allocates.
Result<Owned<AVFrame>> to_av_frame(const VideoFrame& frame);

}  // namespace laconic
