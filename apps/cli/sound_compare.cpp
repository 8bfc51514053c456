#include "apps/cli/sound_compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/cli/sound_frames.h"
#include "codec/audio_metrics.h"

namespace laconic::cli {
namespace {

struct SoundComparison {
  AudioDistances distances;
  bool has_rest = false;  // one sound goes on
};

// One of the two sounds, and how far it has been read.
struct Side {
  std::string path;
  std::unique_ptr<SoundFrames> frames;
  uint64_t num_samples = 0;
  bool is_at_end = false;
};

Result<Side> open_side(const std::string& path, const CommonOptions& common, ModelStore& store) {
  SoundFramesOptions options;
  options.num_threads = common.num_threads;
  auto frames = SoundFrames::open(path, options, store);
  if (!frames.ok()) return Status(frames.status().code(), path + ": " + frames.status().message());
  return Side{path, std::move(*frames)};
}

// Empty at the end.
Result<AudioFrame> next_frame(Side& side, Reporter& reporter) {
  auto frame = side.frames->read();
  if (!frame.ok()) return Status(frame.status().code(), side.path + ": " + frame.status().message());
  for (const std::string& sentence : side.frames->take_warnings()) reporter.warning(side.path, sentence);
  side.is_at_end = !frame->has_value();
  if (side.is_at_end) return AudioFrame();
  side.num_samples += (*frame)->num_samples();
  return std::move(**frame);
}

Result<SoundComparison> measure(const SoundCompareOptions& options, Reporter& reporter) {
  if (options.reference == "-" && options.distorted == "-") return invalid_argument("only one side can be standard input");
  ModelStore store(store_options(options.common));
  LACONIC_ASSIGN_OR_RETURN(Side reference, open_side(options.reference, options.common, store));
  LACONIC_ASSIGN_OR_RETURN(Side distorted, open_side(options.distorted, options.common, store));
  const int num_channels = reference.frames->format().num_channels, other = distorted.frames->format().num_channels;
  if (num_channels != other) return invalid_argument(fmt::format("the sounds differ in channels: {} and {}", num_channels, other));
  const double duration = reference.frames->sound().duration_seconds;
  AudioComparison comparison(num_channels);
  // Whichever is behind is read, so that neither runs far ahead in memory.
  while (true) {
    const bool is_reference = reference.num_samples <= distorted.num_samples;
    Side& side = is_reference ? reference : distorted;
    LACONIC_ASSIGN_OR_RETURN(const AudioFrame frame, next_frame(side, reporter));
    if (side.is_at_end) break;
    LACONIC_RETURN_IF_ERROR(is_reference ? comparison.add_reference(frame) : comparison.add_distorted(frame));
    const double seconds = static_cast<double>(side.num_samples) / kCodingRateHz;
    if (!reporter.progress()(duration > 0 ? seconds / duration : 0)) return invalid_argument("interrupted");
  }
  SoundComparison result{comparison.finish()};
  if (result.distances.num_samples == 0) return corrupt("one of the sounds has no samples");
  if (reference.num_samples == distorted.num_samples) {
    // The one that ended was read first; the other may go on.
    LACONIC_ASSIGN_OR_RETURN(const AudioFrame frame, next_frame(distorted, reporter));
    result.has_rest = !distorted.is_at_end;
  } else {
    result.has_rest = true;
  }
  if (result.has_rest) {
    reporter.warning("compare", fmt::format("the sounds differ in length; only the first {:.3f} s are measured",
                                            static_cast<double>(result.distances.num_samples) / kCodingRateHz));
  }
  return result;
}

std::string to_json(const SoundComparison& comparison) {
  const auto finite_or_null = [](double v) { return std::isfinite(v) ? nlohmann::ordered_json(v) : nlohmann::ordered_json(); };
  const AudioDistances& distances = comparison.distances;
  auto channels = nlohmann::ordered_json::array();
  for (const double db : distances.channel_si_sdr_db) channels.push_back(finite_or_null(db));
  const nlohmann::ordered_json json = {
      {"num_samples_48k", distances.num_samples},
      {"same_length", !comparison.has_rest},
      {"identical", distances.is_identical && !comparison.has_rest},
      {"si_sdr_db", finite_or_null(distances.si_sdr_db)},
      {"channel_si_sdr_db", channels},
      {"delay_samples", distances.delay_samples},
      {"mel_distance", distances.mel},
      {"stft_distance", finite_or_null(distances.stft)},
      {"segmental_snr_db", distances.segmental_snr_db ? finite_or_null(*distances.segmental_snr_db) : nullptr}};
  return json.dump(2);
}

std::string db_text(double db) { return std::isinf(db) ? (db > 0 ? "infinite" : "none") : fmt::format("{:.3f} dB", db); }

std::string to_text(const SoundComparison& comparison) {
  const AudioDistances& distances = comparison.distances;
  std::vector<std::string> channels;
  for (const double db : distances.channel_si_sdr_db) channels.push_back(db_text(db));
  std::string text = fmt::format("SI-SDR    {}", db_text(distances.si_sdr_db));
  if (channels.size() > 1) text += fmt::format(" (channels: {})", fmt::join(channels, ", "));
  text += fmt::format("\nmel       {:.4f}\nSTFT      {:.4f}\nseg. SNR  {}\n", distances.mel, distances.stft,
                      distances.segmental_snr_db ? db_text(*distances.segmental_snr_db) : "not defined for silence");
  if (distances.delay_samples != 0) text += fmt::format("delay     {} samples\n", distances.delay_samples);
  return text + fmt::format("length    {:.3f} s", static_cast<double>(distances.num_samples) / kCodingRateHz);
}

}  // namespace

Result<std::string> compare_sounds(const SoundCompareOptions& options, Reporter& reporter) {
  LACONIC_ASSIGN_OR_RETURN(const SoundComparison comparison, measure(options, reporter));
  return options.is_json ? to_json(comparison) : to_text(comparison);
}

}  // namespace laconic::cli
