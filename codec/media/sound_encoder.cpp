#include "codec/media/sound_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cstdlib>

#include "codec/media/sound_ffmpeg.h"

namespace laconic {
namespace {

constexpr int kOpusRate_hz = 48000;
constexpr int kBitsPerChannel = 64000;
constexpr int64_t kGapSamples = kOpusRate_hz / 20;

}  // namespace

struct SoundEncoder::Impl {
  Owned<AVCodecContext> decoder, encoder;
  Owned<AVCodecParameters> parameters{avcodec_parameters_alloc()};
  OwnedResampler resampler;
  OwnedFifo fifo;
  Owned<AVFrame> decoded{av_frame_alloc()};
  Owned<AVPacket> coded{av_packet_alloc()};
  AVRational time_base{1, 1};
  int64_t next_pts = AV_NOPTS_VALUE;  // of the first sample in the fifo, 1/48000 s

  Status take_frame(const std::function<Status(AVPacket&)>& write);
  Status resample(const AVFrame* frame);
  Status encode_fifo(bool is_end, const std::function<Status(AVPacket&)>& write);
  Status encode_frame(const AVFrame* frame, const std::function<Status(AVPacket&)>& write);
  Status set_up_resampler(AVFrame& frame);
};

SoundEncoder::SoundEncoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoundEncoder::~SoundEncoder() = default;
const AVCodecParameters& SoundEncoder::parameters() const { return *impl_->parameters; }
AVRational SoundEncoder::time_base() const { return {1, kOpusRate_hz}; }

Result<std::unique_ptr<SoundEncoder>> SoundEncoder::create(const AVCodecParameters& from, AVRational time_base,
                                                           int bits_per_second) {
  const AVCodec* in = avcodec_find_decoder(from.codec_id);
  if (in == nullptr) return unsupported(std::string("this FFmpeg has no decoder for ") + avcodec_get_name(from.codec_id));
  const AVCodec* out = avcodec_find_encoder_by_name("libopus");
  if (out == nullptr) return unsupported("this FFmpeg was built without libopus; use --audio copy");
  auto impl = std::make_unique<Impl>();
  impl->time_base = time_base;
  impl->decoder.reset(avcodec_alloc_context3(in));
  impl->encoder.reset(avcodec_alloc_context3(out));
  if (!impl->decoder || !impl->encoder || !impl->parameters || !impl->decoded || !impl->coded) return no_memory_for_sound();
  AVCodecContext& decoder = *impl->decoder;
  AVCodecContext& encoder = *impl->encoder;
  decoder.pkt_timebase = time_base;
  decoder.thread_count = encoder.thread_count = 1;
  if (avcodec_parameters_to_context(&decoder, &from) < 0 || avcodec_open2(&decoder, in, nullptr) < 0) {
    return unsupported(std::string("the decoder for ") + avcodec_get_name(from.codec_id) + " does not start");
  }
  const int num_channels = std::clamp(from.ch_layout.nb_channels, 1, 8);
  av_channel_layout_default(&encoder.ch_layout, num_channels);
  encoder.sample_rate = kOpusRate_hz;
  encoder.sample_fmt = AV_SAMPLE_FMT_FLT;
  encoder.bit_rate = bits_per_second > 0 ? bits_per_second : static_cast<int64_t>(kBitsPerChannel) * num_channels;
  encoder.time_base = {1, kOpusRate_hz};
  encoder.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (const int error = avcodec_open2(&encoder, out, nullptr); error < 0) {
    return unsupported("libopus does not start: " + ffmpeg_error(error));
  }
  impl->fifo.reset(av_audio_fifo_alloc(encoder.sample_fmt, num_channels, kOpusRate_hz));
  if (!impl->fifo || avcodec_parameters_from_context(impl->parameters.get(), &encoder) < 0) return no_memory_for_sound();
  return std::unique_ptr<SoundEncoder>(new SoundEncoder(std::move(impl)));
}

Status SoundEncoder::encode(const AVPacket* packet, const std::function<Status(AVPacket&)>& write) {
  Impl& self = *impl_;
  avcodec_send_packet(self.decoder.get(), packet);
  while (avcodec_receive_frame(self.decoder.get(), self.decoded.get()) >= 0) {
    LACONIC_RETURN_IF_ERROR(self.take_frame(write));
  }
  if (packet != nullptr) return ok_status();
  if (self.resampler) LACONIC_RETURN_IF_ERROR(self.resample(nullptr));
  LACONIC_RETURN_IF_ERROR(self.encode_fifo(/*is_end=*/true, write));
  return self.encode_frame(nullptr, write);
}

Status SoundEncoder::Impl::take_frame(const std::function<Status(AVPacket&)>& write) {
  // PCM often says only how many channels there are; libswresample wants to know which.
  AVChannelLayout& layout = decoded->ch_layout;
  if (layout.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&layout, layout.nb_channels);
  if (!resampler) LACONIC_RETURN_IF_ERROR(set_up_resampler(*decoded));
  const int64_t pts = decoded->best_effort_timestamp;
  if (pts != AV_NOPTS_VALUE) {
    const int64_t here = av_rescale_q(pts, time_base, {1, kOpusRate_hz}) - swr_get_delay(resampler.get(), kOpusRate_hz);
    if (next_pts == AV_NOPTS_VALUE) {
      next_pts = here;
    } else if (std::llabs(here - next_pts - av_audio_fifo_size(fifo.get())) > kGapSamples) {
      LACONIC_RETURN_IF_ERROR(encode_fifo(/*is_end=*/true, write));
      next_pts = std::max(here, next_pts);
    }
  }
  if (next_pts == AV_NOPTS_VALUE) next_pts = 0;
  LACONIC_RETURN_IF_ERROR(resample(decoded.get()));
  return encode_fifo(/*is_end=*/false, write);
}

Status SoundEncoder::Impl::set_up_resampler(AVFrame& frame) {
  SwrContext* made = nullptr;
  const int error = swr_alloc_set_opts2(&made, &encoder->ch_layout, encoder->sample_fmt, kOpusRate_hz, &frame.ch_layout,
                                        static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  resampler.reset(made);
  if (error < 0 || swr_init(made) < 0) return unsupported("libswresample cannot convert this sound");
  return ok_status();
}

// Null: what the resampler still holds. A frame in another form than the first is skipped: libswresample refuses it.
Status SoundEncoder::Impl::resample(const AVFrame* frame) {
  Owned<AVFrame> out(av_frame_alloc());
  if (!out) return no_memory_for_sound();
  out->sample_rate = kOpusRate_hz;
  out->format = encoder->sample_fmt;
  if (av_channel_layout_copy(&out->ch_layout, &encoder->ch_layout) < 0) return no_memory_for_sound();
  if (swr_convert_frame(resampler.get(), out.get(), frame) < 0) return ok_status();
  if (av_audio_fifo_write(fifo.get(), reinterpret_cast<void**>(out->extended_data), out->nb_samples) < 0) return no_memory_for_sound();
  return ok_status();
}

Status SoundEncoder::Impl::encode_fifo(bool is_end, const std::function<Status(AVPacket&)>& write) {
  const int frame_size = encoder->frame_size;
  while (av_audio_fifo_size(fifo.get()) >= (is_end ? 1 : frame_size)) {
    Owned<AVFrame> frame(av_frame_alloc());
    if (!frame) return no_memory_for_sound();
    frame->nb_samples = frame_size;
    frame->format = encoder->sample_fmt;
    frame->sample_rate = kOpusRate_hz;
    if (av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout) < 0 || av_frame_get_buffer(frame.get(), 0) < 0) {
      return no_memory_for_sound();
    }
    const int num_read = av_audio_fifo_read(fifo.get(), reinterpret_cast<void**>(frame->extended_data), frame_size);
    if (num_read <= 0) break;
    if (num_read < frame_size) {  // before a gap, or at the end: the rest is silence
      av_samples_set_silence(frame->extended_data, num_read, frame_size - num_read, encoder->ch_layout.nb_channels,
                             encoder->sample_fmt);
    }
    frame->pts = next_pts;
    next_pts += num_read;
    LACONIC_RETURN_IF_ERROR(encode_frame(frame.get(), write));
  }
  return ok_status();
}

Status SoundEncoder::Impl::encode_frame(const AVFrame* frame, const std::function<Status(AVPacket&)>& write) {
  if (avcodec_send_frame(encoder.get(), frame) < 0) return internal_error("libopus refuses a frame");
  while (avcodec_receive_packet(encoder.get(), coded.get()) >= 0) LACONIC_RETURN_IF_ERROR(write(*coded));
  return ok_status();
}

}  // namespace laconic
