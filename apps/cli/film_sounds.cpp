#include "apps/cli/film_sounds.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/film_kind.h"
#include "apps/cli/sound_frames.h"

namespace laconic::cli {

Result<std::unique_ptr<FilmSoundCoder>> FilmSoundCoder::create(const FilmReader& reader, std::shared_ptr<const AudioModel> model,
                                                               const AudioEncoderOptions& options,
                                                               std::vector<std::string>& warnings) {
  auto coder = std::make_unique<FilmSoundCoder>();
  for (const FilmStream& stream : reader.properties().streams) {
    if (stream.kind != StreamKind::kAudio || stream.is_laconic) continue;
    auto decoder = SoundDecoder::create(*reader.source(), stream.index, SoundTimes::kOfPackets);
    if (!decoder.ok()) {
      warnings.push_back(stream.name() + " is copied as it is: " + decoder.status().message());
      continue;
    }
    Track& track = coder->tracks_[stream.index];
    track.decoder = std::move(*decoder);
    LACONIC_ASSIGN_OR_RETURN(track.encoder, AudioEncoder::create(model, track.decoder->format(), options));
  }
  return coder;
}

std::vector<CodedSound> FilmSoundCoder::streams() const {
  std::vector<CodedSound> streams;
  for (const auto& [index, track] : tracks_) streams.push_back({index, track.decoder->format(), track.encoder->extradata()});
  return streams;
}

Result<std::vector<FilmSoundPacket>> FilmSoundCoder::code(const CopiedPacket& packet) {
  std::vector<FilmSoundPacket> out;
  Track& track = tracks_.at(packet.stream_index());
  LACONIC_RETURN_IF_ERROR(track.decoder->send(packet));
  LACONIC_RETURN_IF_ERROR(code_frames(packet.stream_index(), track, out));
  return out;
}

Result<std::vector<FilmSoundPacket>> FilmSoundCoder::drain() {
  std::vector<FilmSoundPacket> out;
  for (auto& [index, track] : tracks_) {
    LACONIC_RETURN_IF_ERROR(track.decoder->drain());
    LACONIC_RETURN_IF_ERROR(code_frames(index, track, out));
    if (track.num_sent == 0) continue;
    LACONIC_RETURN_IF_ERROR(track.encoder->drain(track.decoder->num_source_samples()));
    LACONIC_RETURN_IF_ERROR(take_packets(index, track, out));
  }
  return out;
}

Status FilmSoundCoder::code_frames(int stream_index, Track& track, std::vector<FilmSoundPacket>& out) {
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<AudioFrame> frame, track.decoder->receive());
    if (!frame) return ok_status();
    if (!track.start) track.start = frame->pts_samples;
    LACONIC_RETURN_IF_ERROR(track.encoder->send_frame(*frame));
    track.num_sent += static_cast<int64_t>(frame->num_samples());
    LACONIC_RETURN_IF_ERROR(take_packets(stream_index, track, out));
  }
}

Status FilmSoundCoder::take_packets(int stream_index, Track& track, std::vector<FilmSoundPacket>& out) {
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<AudioPacket> packet, track.encoder->receive_packet());
    if (!packet) return ok_status();
    const int64_t num_left = std::clamp<int64_t>(track.num_sent - packet->pts_samples, 0, kAudioPacketSamples);
    packet->pts_samples += track.start.value_or(0);
    num_bytes_ += packet->bytes.size();
    out.push_back({stream_index, std::move(*packet), static_cast<int>(num_left)});
  }
}

Result<std::unique_ptr<FilmSoundPlayer>> FilmSoundPlayer::create(const FilmProperties& film, ModelStore& store,
                                                                 const AudioDecoderOptions& options) {
  auto player = std::make_unique<FilmSoundPlayer>();
  for (const FilmStream& stream : film.streams) {
    if (stream.kind != StreamKind::kAudio || !stream.is_laconic) continue;
    LACONIC_ASSIGN_OR_RETURN(const AudioStreamInfo info, read_audio_info(stream.extradata, options.limits));
    LACONIC_ASSIGN_OR_RETURN(const auto model, store.audio_for_stream(info.model_id));
    LACONIC_ASSIGN_OR_RETURN(player->tracks_[stream.index].decoder, AudioDecoder::create(model, stream.extradata, options));
  }
  return player;
}

std::vector<DecodedSound> FilmSoundPlayer::streams() const {
  std::vector<DecodedSound> streams;
  for (const auto& [index, track] : tracks_) streams.push_back({index, track.decoder->format()});
  return streams;
}

Result<std::optional<FilmSoundFrame>> FilmSoundPlayer::play(const CopiedPacket& copy) {
  Track& track = tracks_.at(copy.stream_index());
  AudioPacket packet = our_sound_packet(copy);
  packet.is_key_packet = is_key_packet(packet.bytes);
  if (!track.start && !packet.is_key_packet) return std::optional<FilmSoundFrame>();
  const bool is_first = !track.start;
  if (is_first) track.start = packet.pts_samples + kAudioPacketSamples;
  const auto named = [&](const std::string& sentence) {
    return fmt::format("sound at {}: {}", format_time(static_cast<double>(packet.pts_samples) / kCodingRateHz), sentence);
  };
  const Status sent = track.decoder->send_packet(packet);
  for (const std::string& sentence : track.decoder->take_damage()) warnings_.push_back(named(sentence));
  if (!sent.ok()) return Status(sent.code(), named(sent.message()));
  track.last_pts = packet.pts_samples;
  LACONIC_ASSIGN_OR_RETURN(std::optional<AudioFrame> frame, track.decoder->receive_frame());
  if (!frame || is_first) return std::optional<FilmSoundFrame>();
  frame->pts_samples = packet.pts_samples;
  return std::optional<FilmSoundFrame>({copy.stream_index(), std::move(*frame)});
}

std::optional<uint64_t> FilmSoundPlayer::num_source_samples(int stream_index) const {
  const Track& track = tracks_.at(stream_index);
  const auto end = track.start ? end_of(*track.decoder, track.last_pts - *track.start) : std::nullopt;
  return end ? std::optional<uint64_t>(end->source_samples) : std::nullopt;
}

std::vector<std::string> FilmSoundPlayer::take_warnings() {
  std::vector<std::string> taken;
  taken.swap(warnings_);
  return taken;
}

}  // namespace laconic::cli
