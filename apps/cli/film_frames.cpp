#include "apps/cli/film_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/cli/film_kind.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/sound_frames.h"

namespace laconic::cli {
namespace {

// Containers interleave to within this: what other streams have for the last frames comes at most so much later.
constexpr double kInterleaveSeconds = 2;
constexpr double kTimeTolerance = 1e-6;  // seconds given in decimals against ticks
// Key packets of our sound are so far apart at most, with a packet that primes the decoder, and the container's interleaving.
constexpr double kSoundLeadSeconds = 2.6;

}  // namespace

Result<std::unique_ptr<FilmFrames>> FilmFrames::open(const std::string& path, const FilmFramesOptions& options,
                                                     ModelStore& store) {
  std::unique_ptr<FilmFrames> frames(new FilmFrames(options));
  FilmReadOptions read_options;
  read_options.num_threads = options.num_threads;
  {
    const EndOnInterrupt nothing_to_clean_up;
    LACONIC_ASSIGN_OR_RETURN(frames->reader_, FilmReader::open(path, read_options));
  }
  const FilmProperties& film = frames->reader_->properties();
  frames->video_ = film.video;
  if (options.is_laconic_only && !film.is_laconic) {
    return corrupt(fmt::format("its video is {}, not Laconic's: there is nothing to decode",
                               film.streams[static_cast<size_t>(film.video_stream_index)].codec));
  }
  if (options.is_video_only) frames->reader_->read_video_only();
  if (film.is_laconic) LACONIC_RETURN_IF_ERROR(frames->start_decoder(store));
  if (!options.is_video_only) {
    AudioDecoderOptions sound_options;
    sound_options.num_threads = options.num_threads;
    sound_options.conceal = options.conceals;
    LACONIC_ASSIGN_OR_RETURN(frames->sounds_, FilmSoundPlayer::create(film, store, sound_options));
  }
  LACONIC_RETURN_IF_ERROR(frames->seek_to_start());
  return frames;
}

Status FilmFrames::start_decoder(ModelStore& store) {
  VideoDecoderOptions options;
  options.num_threads = options_.num_threads;
  options.conceal = options_.conceals;
  const Bytes& extradata = reader_->properties().extradata;
  LACONIC_ASSIGN_OR_RETURN(const VideoStreamInfo info, read_video_info(extradata, options.limits));
  LACONIC_ASSIGN_OR_RETURN(const auto model, store.video_for_stream(info.model_id, info.image_model_id));
  LACONIC_ASSIGN_OR_RETURN(decoder_, VideoDecoder::create(model, extradata, options));
  video_.format = decoder_->format();
  return ok_status();
}

Status FilmFrames::seek_to_start() {
  if (options_.from_seconds <= 0) return ok_status();
  const double duration = reader_->properties().duration_seconds;
  if (duration > 0 && options_.from_seconds >= duration + reader_->properties().start_seconds) {
    return invalid_argument(
        fmt::format("--from {} is behind the end of the film, {}", format_time(options_.from_seconds), format_time(duration)));
  }
  // A pipe cannot seek: then all frames are decoded, and those before are dropped like those after a key frame.
  const double lead = sounds_->is_empty() ? 0 : kSoundLeadSeconds;
  const Status sought = reader_->seek(std::max(options_.from_seconds - lead, 0.0));
  return sought.ok() || sought.code() == StatusCode::kUnsupported ? ok_status() : sought;
}

Result<std::optional<FilmFrameItem>> FilmFrames::read() {
  while (true) {
    auto read = reader_->read();
    if (!read.ok() && conceals(read.status())) return std::optional<FilmFrameItem>();
    LACONIC_ASSIGN_OR_RETURN(std::optional<FilmItem> item, std::move(read));
    if (!item) return std::optional<FilmFrameItem>();
    if (auto* copy = std::get_if<CopiedPacket>(&*item)) {
      LACONIC_ASSIGN_OR_RETURN(std::optional<FilmFrameItem> played, play(std::move(*copy)));
      if (played) return played;
      continue;
    }
    std::optional<VideoFrame> frame;
    if (auto* decoded = std::get_if<VideoFrame>(&*item)) frame = std::move(*decoded);
    const int64_t pts = frame ? frame->pts_ticks : std::get<VideoPacket>(*item).pts_ticks;
    const double seconds = seconds_of(pts);
    if (seconds >= options_.to_seconds + kInterleaveSeconds) return std::optional<FilmFrameItem>();
    if (seconds >= options_.to_seconds - kTimeTolerance) continue;
    if (!frame) {
      LACONIC_ASSIGN_OR_RETURN(frame, decode_from_key(std::move(std::get<VideoPacket>(*item))));
    }
    if (frame && seconds >= options_.from_seconds - kTimeTolerance) return std::optional<FilmFrameItem>(std::move(*frame));
  }
}

// Damage to the container: there is nothing to read behind it.
bool FilmFrames::conceals(const Status& status) {
  const bool is_damage = status.code() == StatusCode::kCorrupt || status.code() == StatusCode::kNeedMoreData;
  if (!options_.conceals || !is_damage) return false;
  warnings_.push_back(status.message());
  return true;
}

// Other streams as they are, sound of ours decoded and cut. Empty if nothing of it is wanted.
Result<std::optional<FilmFrameItem>> FilmFrames::play(CopiedPacket packet) {
  if (packet.seconds() >= options_.to_seconds - kTimeTolerance) return std::optional<FilmFrameItem>();
  if (!sounds_->plays(packet.stream_index())) return std::optional<FilmFrameItem>(std::move(packet));
  LACONIC_ASSIGN_OR_RETURN(std::optional<FilmSoundFrame> sound, sounds_->play(packet));
  if (!sound) return std::optional<FilmFrameItem>();
  if (options_.from_seconds > 0 && !cut_front(std::llround(options_.from_seconds * kCodingRateHz), sound->frame)) {
    return std::optional<FilmFrameItem>();
  }
  const double num_wanted = std::round(options_.to_seconds * kCodingRateHz) - static_cast<double>(sound->frame.pts_samples);
  if (num_wanted < static_cast<double>(sound->frame.num_samples())) {
    for (auto& plane : sound->frame.channels) plane.resize(static_cast<size_t>(std::max(num_wanted, 0.0)));
  }
  return std::optional<FilmFrameItem>(std::move(*sound));
}

// Frames before from_seconds are decoded only if the first one wanted needs them.
Result<std::optional<VideoFrame>> FilmFrames::decode_from_key(VideoPacket packet) {
  if (packet.is_key_frame) before_start_.clear();
  if (seconds_of(packet.pts_ticks) < options_.from_seconds - kTimeTolerance) {
    before_start_.push_back(std::move(packet));
    return std::optional<VideoFrame>();
  }
  for (const VideoPacket& before : before_start_) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<VideoFrame> dropped, decode(before));
  }
  before_start_.clear();
  return decode(packet);
}

// Empty where a damaged packet gives nothing to show.
Result<std::optional<VideoFrame>> FilmFrames::decode(const VideoPacket& packet) {
  const auto at = [&](const Status& status) {
    return Status(status.code(), fmt::format("frame at {}: {}", format_time(seconds_of(packet.pts_ticks)), status.message()));
  };
  const Status sent = decoder_->send_packet(packet);
  for (const std::string& sentence : decoder_->take_damage()) {
    warnings_.push_back(fmt::format("frame at {}: {}", format_time(seconds_of(packet.pts_ticks)), sentence));
  }
  if (!sent.ok()) return at(sent);
  auto frame = decoder_->receive_frame();
  if (!frame.ok()) return at(frame.status());
  if (frame->has_value()) {
    (*frame)->pts_ticks = packet.pts_ticks;
    (*frame)->duration_ticks = packet.duration_ticks;
  }
  return frame;
}

std::vector<std::string> FilmFrames::take_warnings() {
  std::vector<std::string> taken = reader_->take_warnings();
  for (const std::string& warning : sounds_->take_warnings()) taken.push_back(warning);
  taken.insert(taken.end(), warnings_.begin(), warnings_.end());
  warnings_.clear();
  return taken;
}

}  // namespace laconic::cli
