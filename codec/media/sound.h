// What sound readers and writers exchange, besides the frames and packets of codec/audio.h. No FFmpeg.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "codec/audio.h"
#include "codec/media/film.h"

namespace laconic {

// In the order of the container. AudioPacket: of a stream of ours. CopiedPacket: cover art, as it is.
using SoundItem = std::variant<AudioFrame, AudioPacket, CopiedPacket>;

struct SoundProperties {
  AudioFormat format;       // of the source; a stream of ours says its own in its extradata, and here only num_channels is known
  int stream_index = 0;     // the sound's
  bool is_laconic = false;  // sound of ours: read() gives AudioPackets
  Bytes extradata;          // of a stream of ours: its stream header
  double duration_seconds = 0;      // as far as the container says; 0 if unknown
  std::string container;            // "wav", "mov", ...
  std::vector<FilmStream> streams;  // all of them
};

// A packet of a film's sound of ours; pts_samples is its time in the film. is_key_packet: as the container says (see
// SoundReadOptions::is_key_packet).
AudioPacket our_sound_packet(const CopiedPacket& packet);

// How many samples at rate `to_hz` stand for num_samples at `from_hz`: all whose time lies before the end of the latter.
constexpr uint64_t samples_at_rate(uint64_t num_samples, int from_hz, int to_hz) {
  const auto from = static_cast<uint64_t>(from_hz);
  const auto to = static_cast<uint64_t>(to_hz);
  return num_samples / from * to + (num_samples % from * to + from - 1) / from;
}

}  // namespace laconic
