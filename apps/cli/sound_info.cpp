#include "apps/cli/sound_info.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "apps/cli/film_kind.h"
#include "apps/cli/film_progress.h"
#include "apps/cli/sound_frames.h"
#include "codec/audio_codec.h"
#include "codec/media/sound_reader.h"

namespace laconic::cli {
namespace {

struct SoundDescription {
  SoundProperties sound;
  std::optional<AudioStreamInfo> ours;  // of a stream of ours
  std::optional<uint64_t> num_source_samples;
  uint64_t bytes = 0;
  int64_t num_packets = 0;
  int64_t num_key_packets = 0;
  std::optional<std::string> symbol_hash;

  double seconds() const {
    return num_source_samples ? static_cast<double>(*num_source_samples) / sound.format.sample_rate_hz : sound.duration_seconds;
  }
  const FilmStream& stream() const { return sound.streams[static_cast<size_t>(sound.stream_index)]; }
};

Status count_packets(SoundReader& reader, SoundDescription& description) {
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<SoundItem> item, reader.read());
    if (!item) return ok_status();
    const auto* packet = std::get_if<AudioPacket>(&*item);
    if (packet == nullptr) continue;
    description.bytes += packet->bytes.size();
    ++description.num_packets;
    description.num_key_packets += packet->is_key_packet;
    if (!description.ours) continue;
    const auto info = read_audio_packet_info(packet->bytes);
    if (info.ok() && info->num_source_samples) description.num_source_samples = info->num_source_samples;
  }
}

Result<std::string> hash_symbols(const SoundInfoOptions& options, double duration_seconds, Reporter& reporter) {
  ModelStore store(store_options(options.common));
  SoundFramesOptions frames_options;
  frames_options.num_threads = options.common.num_threads;
  frames_options.is_laconic_only = true;
  LACONIC_ASSIGN_OR_RETURN(const auto frames, SoundFrames::open(options.path, frames_options, store));
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<AudioFrame> frame, frames->read());
    if (!frame) return fmt::format("{:016x}", frames->symbol_hash());
    const double seconds = static_cast<double>(frame->pts_samples) / kCodingRateHz;
    if (!reporter.progress()(duration_seconds > 0 ? seconds / duration_seconds : 0)) return invalid_argument("interrupted");
  }
}

Result<SoundDescription> look_at(const SoundInfoOptions& options, Reporter& reporter) {
  SoundReadOptions read_options;
  read_options.decodes = false;
  read_options.is_key_packet = is_key_packet;
  LACONIC_ASSIGN_OR_RETURN(const auto reader, SoundReader::open(options.path, read_options));
  SoundDescription description;
  description.sound = reader->properties();
  if (description.sound.is_laconic) {
    LACONIC_ASSIGN_OR_RETURN(description.ours, read_audio_info(description.sound.extradata, Limits()));
    description.sound.format = description.ours->format;
  }
  LACONIC_RETURN_IF_ERROR(count_packets(*reader, description));
  if (options.with_symbols) {
    if (options.path == "-") return invalid_argument("--symbols reads the sound twice; name a file");
    LACONIC_ASSIGN_OR_RETURN(description.symbol_hash, hash_symbols(options, description.seconds(), reporter));
  }
  return description;
}

std::string to_json(const SoundDescription& d) {
  nlohmann::ordered_json sound = {{"stream", d.sound.stream_index},
                                  {"is_laconic", d.sound.is_laconic},
                                  {"codec", d.stream().codec},
                                  {"sample_rate_hz", d.sound.format.sample_rate_hz},
                                  {"num_channels", d.sound.format.num_channels},
                                  {"num_packets", d.num_packets},
                                  {"num_key_packets", d.num_key_packets},
                                  {"bytes", d.bytes},
                                  {"bits_per_second", bits_per_second(d.bytes, d.seconds())}};
  if (d.num_source_samples) sound["num_samples"] = *d.num_source_samples;
  if (d.ours) {
    sound["bits_per_sample"] = d.sound.format.bits_per_sample;
    sound["channel_mask"] = d.sound.format.channel_mask;
    sound["model_id"] = d.ours->model_id;
    sound["format_version"] = d.ours->format_version;
  }
  auto streams = nlohmann::ordered_json::array();
  for (const FilmStream& stream : d.sound.streams) {
    streams.push_back({{"index", stream.index}, {"kind", stream_kind_name(stream.kind)}, {"codec", stream.codec}});
  }
  nlohmann::ordered_json json = {
      {"container", d.sound.container}, {"duration_seconds", d.seconds()}, {"sound", sound}, {"streams", streams}};
  if (d.symbol_hash) json["symbol_hash"] = *d.symbol_hash;
  return json.dump(2);
}

std::string to_text(const SoundDescription& d) {
  const auto row = [](const std::string& name, const std::string& value) { return fmt::format("{:<13} {}\n", name, value); };
  std::string text = row("container", d.sound.container) + row("duration", format_time(d.seconds())) +
                     row("samples", fmt::format("{} Hz, {} channels", d.sound.format.sample_rate_hz, d.sound.format.num_channels));
  if (d.num_source_samples) text += row("length", fmt::format("{} samples", *d.num_source_samples));
  text += row("packets", d.ours ? fmt::format("{}, {} of them key packets", d.num_packets, d.num_key_packets)
                                : std::to_string(d.num_packets));
  for (const FilmStream& stream : d.sound.streams) {
    std::string line = fmt::format("{} {}", stream_kind_name(stream.kind), stream.codec);
    if (stream.index == d.sound.stream_index) {
      line += fmt::format(": {} bytes, {}", d.bytes, format_bit_rate(bits_per_second(d.bytes, d.seconds())));
    }
    text += row(fmt::format("stream {}", stream.index), line);
  }
  if (d.ours) text += row("model", d.ours->model_id) + row("format", fmt::format("version {}", d.ours->format_version));
  if (d.symbol_hash) text += row("symbol hash", *d.symbol_hash);
  text.pop_back();
  return text;
}

}  // namespace

Result<std::string> describe_sound(const SoundInfoOptions& options, Reporter& reporter) {
  LACONIC_ASSIGN_OR_RETURN(const SoundDescription description, look_at(options, reporter));
  return options.is_json ? to_json(description) : to_text(description);
}

}  // namespace laconic::cli
