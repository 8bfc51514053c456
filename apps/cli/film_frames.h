// The frames of any film: decoded by FFmpeg, or by us with the weights that the stream names; and sound of ours.
#pragma once

#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/film_sounds.h"
#include "codec/media/film_reader.h"
#include "codec/model_store.h"
#include "codec/video_codec.h"

namespace laconic::cli {

struct FilmFramesOptions {
  int num_threads = 0;
  bool conceals = false;      // VideoDecoderOptions::conceal, AudioDecoderOptions::conceal
  bool is_video_only = false;
  bool is_laconic_only = false;  // refuses films of other codecs
  double from_seconds = 0;    // frames and packets before are dropped, after a seek to the key frame before them
  double to_seconds = std::numeric_limits<double>::infinity();  // from here on nothing comes
};

// FilmSoundFrame: sound of ours, decoded.
using FilmFrameItem = std::variant<VideoFrame, CopiedPacket, FilmSoundFrame>;

// One thread at a time.
class FilmFrames {
 public:
  static Result<std::unique_ptr<FilmFrames>> open(const std::string& path, const FilmFramesOptions& options,
                                                  ModelStore& store);

  // Of the frames that read() gives.
  const VideoProperties& video() const { return video_; }
  const FilmProperties& film() const { return reader_->properties(); }
  std::shared_ptr<const FilmSource> source() const { return reader_->source(); }

  // The sound of ours in it.
  const FilmSoundPlayer& sounds() const { return *sounds_; }

  // Empty at the end. An error names the time of the frame or packet it is about.
  Result<std::optional<FilmFrameItem>> read();
  // Of the last frame; only of a stream of ours.
  uint64_t symbol_hash() const { return decoder_->symbol_hash(); }
  std::vector<std::string> take_warnings();
  std::vector<StageTime> stage_times() const { return decoder_ ? decoder_->stage_times() : std::vector<StageTime>(); }

 private:
  explicit FilmFrames(const FilmFramesOptions& options) : options_(options) {}
  Status start_decoder(ModelStore& store);
  Status seek_to_start();
  Result<std::optional<VideoFrame>> decode(const VideoPacket& packet);
  Result<std::optional<VideoFrame>> decode_from_key(VideoPacket packet);
  Result<std::optional<FilmFrameItem>> play(CopiedPacket packet);
  bool conceals(const Status& status);
  double seconds_of(int64_t ticks) const { return static_cast<double>(ticks) * video_.time_base.value(); }

  const FilmFramesOptions options_;
  std::unique_ptr<FilmReader> reader_;
  std::unique_ptr<VideoDecoder> decoder_;  // null if FFmpeg decodes
  std::unique_ptr<FilmSoundPlayer> sounds_ = std::make_unique<FilmSoundPlayer>();
  // Packets before from_seconds, from the last key frame on: a seek that is early for the sound costs no decoding.
  std::deque<VideoPacket> before_start_;
  VideoProperties video_;
  std::vector<std::string> warnings_;
};

}  // namespace laconic::cli
