#include "apps/cli/film_frames.h"

#include <fmt/format.h>

#include "apps/cli/film_kind.h"
#include "apps/cli/interrupt.h"

namespace laconic::cli {
namespace {

// Containers interleave to within this: what other streams have for the last frames comes at most so much later.
constexpr double kInterleaveSeconds = 2;
constexpr double kTimeTolerance = 1e-6;  // seconds given in decimals against ticks

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
  const Status sought = reader_->seek(options_.from_seconds);
  return sought.ok() || sought.code() == StatusCode::kUnsupported ? ok_status() : sought;
}

Result<std::optional<FilmItem>> FilmFrames::read() {
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<FilmItem> item, reader_->read());
    if (!item) return item;
    if (const auto* copy = std::get_if<CopiedPacket>(&*item)) {
      if (copy->seconds() < options_.to_seconds - kTimeTolerance) return item;
      continue;
    }
    std::optional<VideoFrame> frame;
    if (auto* decoded = std::get_if<VideoFrame>(&*item)) frame = std::move(*decoded);
    const int64_t pts = frame ? frame->pts_ticks : std::get<VideoPacket>(*item).pts_ticks;
    const double seconds = seconds_of(pts);
    if (seconds >= options_.to_seconds + kInterleaveSeconds) return std::optional<FilmItem>();
    if (seconds >= options_.to_seconds - kTimeTolerance) continue;
    if (!frame) {
      LACONIC_ASSIGN_OR_RETURN(frame, decode(std::get<VideoPacket>(*item)));
    }
    if (frame && seconds >= options_.from_seconds - kTimeTolerance) return std::optional<FilmItem>(std::move(*frame));
  }
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
  taken.insert(taken.end(), warnings_.begin(), warnings_.end());
  warnings_.clear();
  return taken;
}

}  // namespace laconic::cli
