// The sound of films, to ours and back. Sound that is not of interest passes by as CopiedPackets.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/audio_codec.h"
#include "codec/media/film_frame_writer.h"
#include "codec/media/film_reader.h"
#include "codec/media/film_writer.h"
#include "codec/media/sound_decoder.h"
#include "codec/model_store.h"

namespace laconic::cli {

// What FilmWriter takes for a packet of sound. Its time is the film's.
struct FilmSoundPacket {
  int stream_index = 0;
  AudioPacket packet;
  int num_samples = kAudioPacketSamples;
};

//   packet of any codec --SoundDecoder--> frames at 48 kHz, in the film's time --AudioEncoder--> packets of ours
//
// One thread at a time.
class FilmSoundCoder {
 public:
  // For all streams of sound that FFmpeg decodes; for the rest, which are copied, there is a sentence in `warnings`.
  static Result<std::unique_ptr<FilmSoundCoder>> create(const FilmReader& reader, std::shared_ptr<const AudioModel> model,
                                                        const AudioEncoderOptions& options, std::vector<std::string>& warnings);

  std::vector<CodedSound> streams() const;
  bool codes(int stream_index) const { return tracks_.count(stream_index) != 0; }
  Result<std::vector<FilmSoundPacket>> code(const CopiedPacket& packet);  // of a stream that codes() is true for
  Result<std::vector<FilmSoundPacket>> drain();                           // the end of all streams
  uint64_t num_bytes() const { return num_bytes_; }

 private:
  struct Track {
    std::unique_ptr<SoundDecoder> decoder;
    std::unique_ptr<AudioEncoder> encoder;
    std::optional<int64_t> start;  // at kCodingRateHz, in the film: the first sample
    int64_t num_sent = 0;          // samples at kCodingRateHz
  };
  Status code_frames(int stream_index, Track& track, std::vector<FilmSoundPacket>& out);
  Status take_packets(int stream_index, Track& track, std::vector<FilmSoundPacket>& out);

  std::map<int, Track> tracks_;
  uint64_t num_bytes_ = 0;
};

// What FilmFrameWriter takes for decoded sound. Its time is the film's.
struct FilmSoundFrame {
  int stream_index = 0;
  AudioFrame frame;
};

//   packet of ours --AudioDecoder--> frames at 48 kHz, in the film's time
//
// One thread at a time.
class FilmSoundPlayer {
 public:
  static Result<std::unique_ptr<FilmSoundPlayer>> create(const FilmProperties& film, ModelStore& store,
                                                         const AudioDecoderOptions& options);

  std::vector<DecodedSound> streams() const;
  bool plays(int stream_index) const { return tracks_.count(stream_index) != 0; }
  bool is_empty() const { return tracks_.empty(); }
  // Empty before the first key packet, and for the packet with which decoding begins: it only primes the decoder.
  Result<std::optional<FilmSoundFrame>> play(const CopiedPacket& packet);
  // After the last packet: samples at the source's rate from the first frame on; empty if the stream's end is missing.
  std::optional<uint64_t> num_source_samples(int stream_index) const;
  std::vector<std::string> take_warnings();

 private:
  struct Track {
    std::unique_ptr<AudioDecoder> decoder;
    std::optional<int64_t> start;  // at kCodingRateHz, in the film: where the first packet's successor begins
    int64_t last_pts = 0;
  };
  std::map<int, Track> tracks_;
  std::vector<std::string> warnings_;
};

}  // namespace laconic::cli
