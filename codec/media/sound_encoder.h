// Private to codec/media: a sound stream of any codec to Opus, packet by packet.
#pragma once

#include <functional>
#include <memory>

#include "codec/media/film_ffmpeg.h"

namespace laconic {

// One thread at a time. Time stamps go on from the first packet's; a gap in the source of more than 50 ms is kept.
class SoundEncoder {
 public:
  // bits_per_second 0: 64 kbit/s a channel.
  static Result<std::unique_ptr<SoundEncoder>> create(const AVCodecParameters& from, AVRational time_base,
                                                      int bits_per_second);
  ~SoundEncoder();

  const AVCodecParameters& parameters() const;
  AVRational time_base() const;
  // Null: the end. A packet that cannot be decoded is skipped.
  Status encode(const AVPacket* packet, const std::function<Status(AVPacket&)>& write);

 private:
  struct Impl;
  explicit SoundEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace laconic
