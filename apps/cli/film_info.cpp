#include "apps/cli/film_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/cli/film_frames.h"
#include "apps/cli/film_kind.h"
#include "apps/cli/film_progress.h"
#include "apps/cli/sound_frames.h"
#include "codec/media/film_reader.h"
#include "codec/video_codec.h"

namespace laconic::cli {
namespace {

struct StreamCount {
  uint64_t bytes = 0;
  int64_t num_packets = 0;
};

// What only a look at every packet tells.
struct FilmCount {
  std::map<int, StreamCount> streams;
  int64_t num_key_frames = 0;
  double end_seconds = 0;
  int64_t num_known_qualities = 0;  // of key frames of ours
  double lowest_quality = 100, highest_quality = 0, sum_of_qualities = 0;
};

struct FilmDescription {
  FilmProperties film;
  FilmCount count;
  std::optional<VideoStreamInfo> video;  // of a stream of ours
  std::optional<std::string> symbol_hash;

  double seconds() const { return film.duration_seconds > 0 ? film.duration_seconds : count.end_seconds; }
  const StreamCount& video_count() { return count.streams[film.video_stream_index]; }
};

void count_video(const VideoPacket& packet, const FilmProperties& film, FilmCount& count) {
  StreamCount& stream = count.streams[film.video_stream_index];
  stream.bytes += packet.bytes.size();
  ++stream.num_packets;
  count.num_key_frames += packet.is_key_frame;
  const double end = static_cast<double>(packet.pts_ticks + packet.duration_ticks) * film.video.time_base.value();
  count.end_seconds = std::max(count.end_seconds, end);
  if (!film.is_laconic || !packet.is_key_frame) return;
  const auto info = read_packet_info(packet.bytes);
  if (!info.ok()) return;
  ++count.num_known_qualities;
  count.sum_of_qualities += info->quality;
  count.lowest_quality = std::min(count.lowest_quality, info->quality);
  count.highest_quality = std::max(count.highest_quality, info->quality);
}

// Of a damaged film what can be read, and a warning.
Result<FilmCount> count_packets(FilmReader& reader, const std::string& name, Reporter& reporter) {
  FilmCount count;
  while (true) {
    auto read = reader.read();
    if (read.status().code() == StatusCode::kCorrupt || read.status().code() == StatusCode::kNeedMoreData) {
      reporter.warning(name, read.status().message());
      return count;
    }
    LACONIC_ASSIGN_OR_RETURN(const std::optional<FilmItem> item, std::move(read));
    if (!item) return count;
    if (const auto* packet = std::get_if<VideoPacket>(&*item)) {
      count_video(*packet, reader.properties(), count);
    } else if (const auto* copy = std::get_if<CopiedPacket>(&*item)) {
      StreamCount& stream = count.streams[copy->stream_index()];
      stream.bytes += copy->size_bytes();
      ++stream.num_packets;
    }
  }
}

Result<std::string> hash_symbols(const FilmInfoOptions& options, double duration_seconds, Reporter& reporter) {
  ModelStore store(store_options(options.common));
  FilmFramesOptions frames_options;
  frames_options.num_threads = options.common.num_threads;
  frames_options.is_video_only = true;
  frames_options.is_laconic_only = true;
  LACONIC_ASSIGN_OR_RETURN(const auto frames, FilmFrames::open(options.path, frames_options, store));
  uint64_t folded = 0xcbf29ce484222325;
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<FilmFrameItem> item, frames->read());
    if (!item) return fmt::format("{:016x}", folded);
    folded = fold_hash(folded, frames->symbol_hash());
    const auto& frame = std::get<VideoFrame>(*item);
    const double seconds = static_cast<double>(frame.pts_ticks) * frames->video().time_base.value();
    if (!reporter.progress()(duration_seconds > 0 ? seconds / duration_seconds : 0)) return invalid_argument("interrupted");
  }
}

Result<FilmDescription> look_at(const FilmInfoOptions& options, Reporter& reporter) {
  FilmReadOptions read_options;
  read_options.decodes = false;
  LACONIC_ASSIGN_OR_RETURN(const auto reader, FilmReader::open(options.path, read_options));
  FilmDescription description;
  description.film = reader->properties();
  if (description.film.is_laconic) {
    LACONIC_ASSIGN_OR_RETURN(description.video, read_video_info(description.film.extradata, Limits()));
    description.film.video.format = description.video->format;
  }
  LACONIC_ASSIGN_OR_RETURN(description.count, count_packets(*reader, display_name(options.path, "standard input"), reporter));
  if (options.with_symbols) {
    if (options.path == "-") return invalid_argument("--symbols reads the film twice; name a file");
    LACONIC_ASSIGN_OR_RETURN(description.symbol_hash, hash_symbols(options, description.seconds(), reporter));
  }
  return description;
}

const char* chroma_name(ChromaFormat chroma) {
  static constexpr const char* kNames[] = {"4:2:0", "4:2:2", "4:4:4"};
  return kNames[static_cast<int>(chroma)];
}

std::string to_json(FilmDescription& d) {
  const VideoFormat& format = d.film.video.format;
  nlohmann::ordered_json video = {{"stream", d.film.video_stream_index},
                                  {"is_laconic", d.film.is_laconic},
                                  {"width_px", format.width_px},
                                  {"height_px", format.height_px},
                                  {"chroma", chroma_name(format.chroma)},
                                  {"bit_depth", format.bit_depth},
                                  {"is_full_range", format.colour.is_full_range},
                                  {"frame_rate", d.film.video.frame_rate.value()},
                                  {"sample_aspect_ratio", d.film.video.sample_aspect_ratio.value()},
                                  {"rotation_degrees", d.film.video.rotation_degrees()},
                                  {"num_frames", d.video_count().num_packets},
                                  {"num_key_frames", d.count.num_key_frames},
                                  {"bytes", d.video_count().bytes}};
  if (d.video) {
    video["model_id"] = d.video->model_id;
    video["image_model_id"] = d.video->image_model_id;
    video["format_version"] = d.video->format_version;
  }
  if (d.count.num_known_qualities > 0) {
    video["key_frame_quality"] = d.count.sum_of_qualities / static_cast<double>(d.count.num_known_qualities);
    video["lowest_key_frame_quality"] = d.count.lowest_quality;
    video["highest_key_frame_quality"] = d.count.highest_quality;
  }
  auto streams = nlohmann::ordered_json::array();
  for (const FilmStream& stream : d.film.streams) {
    const StreamCount& count = d.count.streams[stream.index];
    streams.push_back({{"index", stream.index},
                       {"kind", stream_kind_name(stream.kind)},
                       {"codec", stream.codec},
                       {"language", stream.language},
                       {"title", stream.title},
                       {"sample_rate_hz", stream.sample_rate_hz},
                       {"num_channels", stream.num_channels},
                       {"num_packets", count.num_packets},
                       {"bytes", count.bytes},
                       {"bits_per_second", bits_per_second(count.bytes, d.seconds())}});
  }
  nlohmann::ordered_json json = {{"container", d.film.container},
                                 {"duration_seconds", d.seconds()},
                                 {"num_chapters", d.film.num_chapters},
                                 {"video", video},
                                 {"streams", streams}};
  if (d.symbol_hash) json["symbol_hash"] = *d.symbol_hash;
  return json.dump(2);
}

std::string to_text(FilmDescription& d) {
  const auto row = [](const std::string& name, const std::string& value) { return fmt::format("{:<13} {}\n", name, value); };
  const VideoFormat& format = d.film.video.format;
  std::string text = row("container", d.film.container) + row("duration", format_time(d.seconds())) +
                     row("size", fmt::format("{} x {} px", format.width_px, format.height_px)) +
                     row("samples", fmt::format("{}, {} bits, {} range", chroma_name(format.chroma), format.bit_depth,
                                                format.colour.is_full_range ? "full" : "limited")) +
                     row("frames", fmt::format("{}, {} of them key frames, {:.3f} a second", d.video_count().num_packets,
                                               d.count.num_key_frames, d.film.video.frame_rate.value()));
  if (d.count.num_known_qualities > 0) {
    text += row("quality", fmt::format("{:.1f} ({:.1f} to {:.1f}) of key frames",
                                       d.count.sum_of_qualities / static_cast<double>(d.count.num_known_qualities),
                                       d.count.lowest_quality, d.count.highest_quality));
  }
  if (d.film.video.rotation_degrees() != 0) {
    text += row("rotation", fmt::format("{:g} degrees counter-clockwise", d.film.video.rotation_degrees()));
  }
  if (d.film.num_chapters > 0) text += row("chapters", std::to_string(d.film.num_chapters));
  for (const FilmStream& stream : d.film.streams) {
    const StreamCount& count = d.count.streams[stream.index];
    std::string line = fmt::format("{} {}", stream_kind_name(stream.kind), stream.codec);
    if (!stream.language.empty()) line += ", " + stream.language;
    if (stream.sample_rate_hz > 0) line += fmt::format(", {} Hz, {} channels", stream.sample_rate_hz, stream.num_channels);
    if (!stream.title.empty()) line += fmt::format(", \"{}\"", stream.title);
    text += row(fmt::format("stream {}", stream.index),
                fmt::format("{}: {} bytes, {}", line, count.bytes, format_bit_rate(bits_per_second(count.bytes, d.seconds()))));
  }
  if (d.video) {
    text += row("model", fmt::format("{} with image model {}", d.video->model_id, d.video->image_model_id)) +
            row("format", fmt::format("version {}", d.video->format_version));
  }
  if (d.symbol_hash) text += row("symbol hash", *d.symbol_hash);
  text.pop_back();
  return text;
}

}  // namespace

Result<std::string> describe_film(const FilmInfoOptions& options, Reporter& reporter) {
  LACONIC_ASSIGN_OR_RETURN(FilmDescription description, look_at(options, reporter));
  return options.is_json ? to_json(description) : to_text(description);
}

}  // namespace laconic::cli
