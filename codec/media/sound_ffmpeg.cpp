#include "codec/media/sound_ffmpeg.h"

#include "codec/media/sound.h"

namespace laconic {

Status no_memory_for_sound() { return limit_exceeded("there is not enough memory for sound"); }

uint32_t mask_of(const AVChannelLayout& layout) {
  if (layout.order == AV_CHANNEL_ORDER_NATIVE) return layout.u.mask >> 32 == 0 ? static_cast<uint32_t>(layout.u.mask) : 0;
  const bool is_obvious = layout.order == AV_CHANNEL_ORDER_UNSPEC && layout.nb_channels <= 2;
  if (!is_obvious) return 0;
  return layout.nb_channels == 1 ? AV_CH_LAYOUT_MONO : AV_CH_LAYOUT_STEREO;
}

AVChannelLayout layout_of(const AudioFormat& format) {
  AVChannelLayout layout = {};
  if (format.channel_mask != 0) {
    av_channel_layout_from_mask(&layout, format.channel_mask);
  } else if (format.num_channels <= 2) {
    av_channel_layout_default(&layout, format.num_channels);
  } else {
    layout.order = AV_CHANNEL_ORDER_UNSPEC;
    layout.nb_channels = format.num_channels;
  }
  return layout;
}

// The rate is the one we code at, whatever the source's: containers count time by it.
Status describe_our_sound(const AudioFormat& format, ByteSpan extradata, AVStream& stream) {
  AVCodecParameters& parameters = *stream.codecpar;
  parameters.sample_rate = kCodingRateHz;
  parameters.ch_layout = layout_of(format);
  parameters.frame_size = kAudioPacketSamples;
  stream.time_base = kSoundTimeBase;
  return describe_as_ours(stream, kAudioTag, extradata);
}

Status describe_coded_sound(const AVCodecContext& encoder, AVStream& stream) {
  if (avcodec_parameters_from_context(stream.codecpar, &encoder) < 0) return no_memory_for_sound();
  stream.time_base = encoder.time_base;
  return ok_status();
}

Status fill_sound_packet(const AudioPacket& from, int num_samples, AVPacket& packet) {
  LACONIC_RETURN_IF_ERROR(fill_packet(from.bytes, packet));
  packet.pts = packet.dts = from.pts_samples;
  packet.duration = num_samples;
  if (from.is_key_packet) packet.flags |= AV_PKT_FLAG_KEY;
  return ok_status();
}

AudioPacket our_sound_packet(const CopiedPacket& from) {
  const AVPacket& packet = *from.impl().packet;
  AudioPacket out;
  out.bytes.assign(packet.data, packet.data + packet.size);
  const int64_t ticks = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  out.pts_samples = ticks != AV_NOPTS_VALUE ? av_rescale_q(ticks, from.impl().time_base, kSoundTimeBase) : 0;
  out.is_key_packet = (packet.flags & AV_PKT_FLAG_KEY) != 0;
  return out;
}

Result<OwnedResampler> sample_converter(AVSampleFormat from, AVSampleFormat to, int num_channels) {
  AVChannelLayout layout = {};  // the same on both sides: channels pass as they are
  av_channel_layout_default(&layout, num_channels);
  SwrContext* context = nullptr;
  const int error = swr_alloc_set_opts2(&context, &layout, to, kCodingRateHz, &layout, from, kCodingRateHz, 0, nullptr);
  OwnedResampler converter(context);
  if (error < 0 || swr_init(context) < 0) return unsupported("libswresample cannot convert samples of this type");
  return converter;
}

}  // namespace laconic
