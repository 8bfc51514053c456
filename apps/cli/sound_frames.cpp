#include "apps/cli/sound_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/cli/film_kind.h"
#include "apps/cli/interrupt.h"

namespace laconic::cli {
namespace {

double seconds_of(int64_t samples) { return static_cast<double>(samples) / kCodingRateHz; }

}  // namespace

uint64_t fold_hash(uint64_t folded, uint64_t hash) {
  for (int i = 0; i < 8; ++i) folded = (folded ^ (hash >> (8 * i) & 255)) * 0x100000001b3;
  return folded;
}

bool is_key_packet(ByteSpan packet) {
  const auto info = read_audio_packet_info(packet);
  return info.ok() && info->is_key_packet;
}

bool cut_front(int64_t first, AudioFrame& frame) {
  const auto num_samples = static_cast<int64_t>(frame.num_samples());
  const int64_t num_early = std::clamp<int64_t>(first - frame.pts_samples, 0, num_samples);
  for (auto& plane : frame.channels) plane.erase(plane.begin(), plane.begin() + static_cast<ptrdiff_t>(num_early));
  frame.pts_samples += num_early;
  return num_early < num_samples;
}

std::optional<SoundEnd> end_of(const AudioDecoder& decoder, int64_t last_pts) {
  const std::optional<uint64_t> num_samples = decoder.num_source_samples();
  if (!num_samples) return std::nullopt;
  const int rate = decoder.format().sample_rate_hz;
  const auto end = static_cast<int64_t>(samples_at_rate(*num_samples, rate, kCodingRateHz));
  const int64_t expected_pts = end > 0 ? (end - 1) / kAudioPacketSamples * kAudioPacketSamples : 0;
  if (last_pts >= expected_pts) return SoundEnd{end, *num_samples};
  const int64_t num_left = std::max<int64_t>(end - (expected_pts - last_pts), 0);
  return SoundEnd{num_left, static_cast<uint64_t>(num_left) * static_cast<uint64_t>(rate) / kCodingRateHz};
}

Result<std::unique_ptr<SoundFrames>> SoundFrames::open(const std::string& path, const SoundFramesOptions& options,
                                                       ModelStore& store) {
  std::unique_ptr<SoundFrames> frames(new SoundFrames(options));
  SoundReadOptions read_options;
  read_options.is_key_packet = is_key_packet;
  {
    const EndOnInterrupt nothing_to_clean_up;
    LACONIC_ASSIGN_OR_RETURN(frames->reader_, SoundReader::open(path, read_options));
  }
  const SoundProperties& sound = frames->sound();
  frames->format_ = sound.format;
  if (options.is_laconic_only && !sound.is_laconic) {
    return corrupt(fmt::format("its sound is {}, not Laconic's: there is nothing to decode",
                               sound.streams[static_cast<size_t>(sound.stream_index)].codec));
  }
  if (sound.is_laconic) LACONIC_RETURN_IF_ERROR(frames->start_decoder(store));
  LACONIC_RETURN_IF_ERROR(frames->seek_to_start());
  return frames;
}

Status SoundFrames::start_decoder(ModelStore& store) {
  AudioDecoderOptions options;
  options.num_threads = options_.num_threads;
  options.conceal = options_.conceals;
  LACONIC_ASSIGN_OR_RETURN(const AudioStreamInfo info, read_audio_info(sound().extradata, options.limits));
  LACONIC_ASSIGN_OR_RETURN(const auto model, store.audio_for_stream(info.model_id));
  LACONIC_ASSIGN_OR_RETURN(decoder_, AudioDecoder::create(model, sound().extradata, options));
  format_ = decoder_->format();
  return ok_status();
}

Status SoundFrames::seek_to_start() {
  if (options_.from_seconds <= 0) return ok_status();
  first_wanted_ = std::llround(options_.from_seconds * kCodingRateHz);
  // A pipe cannot seek: then all is decoded, and what lies before is dropped like what lies before it in a packet.
  const Status sought = reader_->seek(options_.from_seconds);
  return sought.ok() || sought.code() == StatusCode::kUnsupported ? ok_status() : sought;
}

Result<std::optional<AudioFrame>> SoundFrames::read() {
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<SoundItem> item, reader_->read());
    if (!item) return std::optional<AudioFrame>();
    if (std::holds_alternative<CopiedPacket>(*item)) continue;
    std::optional<AudioFrame> frame;
    if (auto* decoded = std::get_if<AudioFrame>(&*item)) frame = std::move(*decoded);
    const int64_t pts = frame ? frame->pts_samples : std::get<AudioPacket>(*item).pts_samples;
    if (seconds_of(pts) >= options_.to_seconds) {
      is_cut_ = true;
      return std::optional<AudioFrame>();
    }
    if (!frame) {
      LACONIC_ASSIGN_OR_RETURN(frame, decode(std::get<AudioPacket>(*item)));
    }
    if (frame && cut_front(first_wanted_, *frame)) return frame;
  }
}

// Empty where a damaged packet gives nothing to hear.
Result<std::optional<AudioFrame>> SoundFrames::decode(const AudioPacket& packet) {
  const auto at = [&](const Status& status) {
    return Status(status.code(), fmt::format("packet at {}: {}", format_time(seconds_of(packet.pts_samples)), status.message()));
  };
  const Status sent = decoder_->send_packet(packet);
  for (const std::string& sentence : decoder_->take_damage()) {
    warnings_.push_back(fmt::format("packet at {}: {}", format_time(seconds_of(packet.pts_samples)), sentence));
  }
  if (!sent.ok()) return at(sent);
  last_pts_ = packet.pts_samples;
  symbol_hash_ = fold_hash(symbol_hash_, decoder_->symbol_hash());
  auto frame = decoder_->receive_frame();
  if (!frame.ok()) return at(frame.status());
  if (const auto end = end_of(*decoder_, last_pts_); end && frame->has_value()) {
    const int64_t num_left = std::max<int64_t>(end->coding_samples - (*frame)->pts_samples, 0);
    for (auto& plane : (*frame)->channels) plane.resize(std::min(plane.size(), static_cast<size_t>(num_left)));
  }
  return frame;
}

std::optional<uint64_t> SoundFrames::end_sample() const {
  if (is_cut_) return std::nullopt;
  if (!decoder_) return reader_->num_source_samples();
  const std::optional<SoundEnd> end = end_of(*decoder_, last_pts_);
  return end ? std::optional<uint64_t>(end->source_samples) : std::nullopt;
}

std::vector<std::string> SoundFrames::take_warnings() {
  std::vector<std::string> taken = reader_->take_warnings();
  taken.insert(taken.end(), warnings_.begin(), warnings_.end());
  warnings_.clear();
  return taken;
}

}  // namespace laconic::cli
