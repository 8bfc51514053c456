// Private to codec/media: what the sound files share about FFmpeg's types.
#pragma once

extern "C" {
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
}

#include <memory>

#include "codec/audio.h"
#include "codec/media/film_ffmpeg.h"

namespace laconic {

struct SoundFree {
  void operator()(SwrContext* context) const { swr_free(&context); }
  void operator()(AVAudioFifo* fifo) const { av_audio_fifo_free(fifo); }
};
using OwnedResampler = std::unique_ptr<SwrContext, SoundFree>;
using OwnedFifo = std::unique_ptr<AVAudioFifo, SoundFree>;

Status no_memory_for_sound();

// AudioFormat::channel_mask of a layout: 0 where its channels have no bits there, or no order.
uint32_t mask_of(const AVChannelLayout& layout);
// The layout of a format. Without a mask: for one and two channels mono and stereo, for more one that only counts them.
AVChannelLayout layout_of(const AudioFormat& format);

// Sound of ours as a stream of a container, and a packet of it; num_samples: as in SoundWriter::write().
Status describe_our_sound(const AudioFormat& format, ByteSpan extradata, AVStream& stream);
Status fill_sound_packet(const AudioPacket& from, int num_samples, AVPacket& packet);
// Sound of one of FFmpeg's encoders as a stream.
Status describe_coded_sound(const AVCodecContext& encoder, AVStream& stream);
constexpr AVRational kSoundTimeBase{1, kCodingRateHz};

// From one sample format to another at the same rate; from floats to integers it clips.
Result<OwnedResampler> sample_converter(AVSampleFormat from, AVSampleFormat to, int num_channels);

}  // namespace laconic
