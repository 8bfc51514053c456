// Private to codec/media: decoded sound to packets of one of FFmpeg's codecs, at the source's rate and with as many samples as
// the source had.
//
//   frame --cut to the part wanted--> --resampler--> --cut to the sample--> --sample format--> --encoder--> packet
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "codec/audio.h"
#include "codec/media/film_ffmpeg.h"

namespace laconic {

struct SoundFrameCoding {
  std::string encoder;     // libavcodec's name; "pcm": the pcm_* of format.bits_per_sample
  int bits_per_second = 0; // a channel, for encoders that take a rate ...
  int quality = 0;         // ... or libavcodec's number for those that take a quality; 0 and 0: the encoder needs neither
  AudioFormat format;      // of the source. Encoders that do not know its rate get the nearest above that they do
  uint64_t first_sample = 0;  // at the source's rate: what lies before is left out
};

// One thread at a time.
class SoundFrameEncoder {
 public:
  using Sink = std::function<Status(AVPacket&)>;

  // needs_header: the container keeps the codec's header apart (AVFMT_GLOBALHEADER). kUnsupported: not in this FFmpeg, or it
  // does not take so many channels.
  static Result<std::unique_ptr<SoundFrameEncoder>> create(const SoundFrameCoding& coding, bool needs_header);
  ~SoundFrameEncoder();

  // For avcodec_parameters_from_context(); packets count in its time_base, 0 is the time of first_sample.
  const AVCodecContext& context() const;
  // Frames follow each other; where some are missing there is silence. To have the sound right from first_sample on, the first
  // frame begins a second before it, or at 0.
  Status write(const AudioFrame& frame, const Sink& sink);
  // end_sample: at the source's rate; nothing behind it is kept, and what is missing before it is silent. It lies in one of the
  // last two kAudioPacketSamples of the frames, or behind them. Empty: all there is.
  Status finish(std::optional<uint64_t> end_sample, const Sink& sink);

 private:
  struct Impl;
  explicit SoundFrameEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
