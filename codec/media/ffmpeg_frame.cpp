#include "codec/media/ffmpeg_frame.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/pixfmt.h>
}

#include <array>
#include <climits>
#include <cstring>
#include <memory>

#include "codec/media/image_samples.h"

namespace laconic {
namespace {

struct FfmpegDeleter {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
template <typename T>
using Owned = std::unique_ptr<T, FfmpegDeleter>;

// How our channels lie in an FFmpeg pixel, in samples.
struct PixelLayout {
  AVPixelFormat format;
  int num_channels;
  int bit_depth;
  std::array<int, 4> place;
};
constexpr PixelLayout kLayouts[] = {
    {AV_PIX_FMT_GRAY8, 1, 8, {0, 0, 0, 0}},  {AV_PIX_FMT_YA8, 2, 8, {0, 1, 0, 0}},
    {AV_PIX_FMT_RGB24, 3, 8, {0, 1, 2, 0}},  {AV_PIX_FMT_RGBA, 4, 8, {0, 1, 2, 3}},
    {AV_PIX_FMT_BGRA, 4, 8, {2, 1, 0, 3}},   {AV_PIX_FMT_GRAY16, 1, 16, {0, 0, 0, 0}},
    {AV_PIX_FMT_YA16, 2, 16, {0, 1, 0, 0}},  {AV_PIX_FMT_RGB48, 3, 16, {0, 1, 2, 0}},
    {AV_PIX_FMT_RGBA64, 4, 16, {0, 1, 2, 3}},
};

Result<Image> to_image(const AVFrame& frame, const Limits& limits) {
  for (const PixelLayout& layout : kLayouts) {
    if (frame.format != layout.format) continue;
    LACONIC_ASSIGN_OR_RETURN(Image image,
                             allocate_image(static_cast<uint64_t>(frame.width), static_cast<uint64_t>(frame.height),
                                            layout.num_channels, layout.bit_depth, limits));
    const auto sample_bytes = static_cast<size_t>(image.bytes_per_sample());
    const size_t pixel_bytes = sample_bytes * static_cast<size_t>(layout.num_channels);
    uint8_t* to = image.samples.data();
    for (int y = 0; y < frame.height; ++y) {
      const uint8_t* from = frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0];
      for (int x = 0; x < frame.width; ++x, from += pixel_bytes) {
        for (int c = 0; c < layout.num_channels; ++c, to += sample_bytes) {
          std::memcpy(to, from + static_cast<size_t>(layout.place[c]) * sample_bytes, sample_bytes);
        }
      }
    }
    return image;
  }
  return unsupported("the picture has samples of a type that is not read");
}

}  // namespace

Result<Image> decode_frame_with_ffmpeg(StillDecoder kind, ByteSpan bytes, const Limits& limits) {
  const std::string name = kind == StillDecoder::kGif ? "GIF" : "TIFF";
  const AVCodec* codec = avcodec_find_decoder(kind == StillDecoder::kGif ? AV_CODEC_ID_GIF : AV_CODEC_ID_TIFF);
  if (codec == nullptr) return unsupported("this FFmpeg was built without its decoder for " + name);
  if (bytes.size() > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE) {
    return unsupported(name + " files of 2 GiB and more are not read");
  }
  const Owned<AVCodecContext> context(avcodec_alloc_context3(codec));
  const Owned<AVPacket> packet(av_packet_alloc());
  const Owned<AVFrame> frame(av_frame_alloc());
  if (!context || !packet || !frame || av_new_packet(packet.get(), static_cast<int>(bytes.size())) != 0) {
    return limit_exceeded("there is not enough memory to read the " + name);
  }
  std::memcpy(packet->data, bytes.data(), bytes.size());
  context->thread_count = 1;
  context->log_level_offset = AV_LOG_MAX_OFFSET * 2;  // its messages would stand beside our one sentence
  if (avcodec_open2(context.get(), codec, nullptr) != 0)
    return internal_error("FFmpeg's decoder for " + name + " does not start");
  if (avcodec_send_packet(context.get(), packet.get()) != 0 || avcodec_receive_frame(context.get(), frame.get()) != 0) {
    return corrupt("the " + name + " is damaged, or of a kind that is not read");
  }
  return to_image(*frame, limits);
}

}  // namespace laconic
