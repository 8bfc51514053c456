#include "apps/cli/sound_decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/cli/file_kind.h"
#include "apps/cli/film_kind.h"
#include "apps/cli/files.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/job_end.h"
#include "apps/cli/sound_frames.h"
#include "apps/cli/sound_progress.h"
#include "codec/media/sound_file_writer.h"

namespace laconic::cli {
namespace {

// What SoundFileWriter wants to have before the first sample that it keeps.
constexpr double kLeadSeconds = 1.1;

class SoundDecoding {
 public:
  SoundDecoding(const Job& job, const SoundDecodeOptions& options, ModelStore& store, Reporter& reporter)
      : job_(job), options_(options), store_(store), reporter_(reporter), name_(display_name(job.input, "standard input")) {}

  Result<std::string> run();

 private:
  Status open_input();
  Status open_output();
  Status write_all();
  Result<std::string> report(const Status& status);
  uint64_t sample_of(double seconds) const {
    return static_cast<uint64_t>(std::llround(seconds * sound_->format().sample_rate_hz));
  }
  std::optional<uint64_t> end_sample() const;

  const Job& job_;
  const SoundDecodeOptions& options_;
  ModelStore& store_;
  Reporter& reporter_;
  const std::string name_;
  std::unique_ptr<SoundFrames> sound_;
  std::unique_ptr<SoundFileWriter> writer_;
  std::optional<SoundProgress> progress_;
};

Result<std::string> SoundDecoding::run() {
  LACONIC_RETURN_IF_ERROR(open_input());
  LACONIC_RETURN_IF_ERROR(open_output());
  for (const std::string& warning : writer_->warnings()) reporter_.warning(name_, warning);
  const double end = std::min(options_.to_seconds, sound_->sound().duration_seconds);
  progress_.emplace(reporter_, end > 0 ? end - options_.from_seconds : 0);
  const Status status = write_all();
  for (const std::string& warning : sound_->take_warnings()) reporter_.warning(name_, warning);
  return report(status);
}

Status SoundDecoding::open_input() {
  LACONIC_RETURN_IF_ERROR(check_stdout(job_.output));
  if (job_.output != "-" && !SoundFileWriter::writes_extension(extension_of(job_.output))) {
    return invalid_argument(
        fmt::format("the input is sound; name the output .wav, .flac, .mp3, .opus, .ogg or .m4a, not '{}'", job_.output));
  }
  SoundFramesOptions frames_options;
  frames_options.num_threads = options_.common.num_threads;
  frames_options.conceals = options_.conceals || job_.output == "-";  // what listens to a pipe wants to go on
  frames_options.is_laconic_only = true;
  frames_options.from_seconds = std::max(options_.from_seconds - kLeadSeconds, 0.0);
  frames_options.to_seconds = options_.to_seconds;
  LACONIC_ASSIGN_OR_RETURN(sound_, SoundFrames::open(job_.input, frames_options, store_));
  const double duration = sound_->sound().duration_seconds;
  if (duration > 0 && options_.from_seconds >= duration) {
    return invalid_argument(fmt::format("--from {} is behind the end of the sound, {}", format_time(options_.from_seconds),
                                        format_time(duration)));
  }
  return ok_status();
}

Status SoundDecoding::open_output() {
  SoundFileWriteOptions write_options;
  write_options.path = job_.output;
  write_options.format = sound_->format();
  write_options.source = sound_->source();
  write_options.stream_index = sound_->sound().stream_index;
  write_options.first_sample = sample_of(options_.from_seconds);
  LACONIC_ASSIGN_OR_RETURN(writer_, SoundFileWriter::create(write_options));
  return ok_status();
}

Status SoundDecoding::write_all() {
  while (!is_interrupted()) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<AudioFrame> frame, sound_->read());
    if (!frame) break;
    LACONIC_RETURN_IF_ERROR(writer_->write(*frame));
    const double end = static_cast<double>(frame->pts_samples + static_cast<int64_t>(frame->num_samples())) / kCodingRateHz;
    progress_->done(std::max(std::min(end, options_.to_seconds) - options_.from_seconds, 0.0), 0);
  }
  return ok_status();
}

// Where the output ends, counted like the input. Empty: where its packets end.
std::optional<uint64_t> SoundDecoding::end_sample() const {
  const std::optional<uint64_t> end_of_input = sound_->end_sample();
  if (std::isinf(options_.to_seconds)) return end_of_input;
  return end_of_input ? std::min(*end_of_input, sample_of(options_.to_seconds)) : sample_of(options_.to_seconds);
}

Result<std::string> SoundDecoding::report(const Status& status) {
  const bool is_part = !status.ok() || is_interrupted();
  if (is_part && !keeps_part(status, progress_->sound_seconds() > 0)) return end_without_output(status);
  LACONIC_RETURN_IF_ERROR(writer_->finish(is_part ? std::nullopt : end_sample()));
  const std::string output = display_name(job_.output, "standard output");
  const std::string kept = fmt::format("{} holds {} and plays", output, format_time(progress_->sound_seconds()));
  LACONIC_RETURN_IF_ERROR(end_of_job(status, kept, /*may_conceal=*/!options_.conceals));
  if (!sound_->end_sample() && std::isinf(options_.to_seconds)) reporter_.warning(name_, "the end of the sound is missing");
  const std::string line = fmt::format("{} -> {}: {} Hz, {} channels, {}", name_, output, sound_->format().sample_rate_hz,
                                 sound_->format().num_channels, progress_->summary());
  return line + stage_lines(options_.common.is_verbose, store_, sound_->stage_times());
}

}  // namespace

Result<std::string> decode_sound(const Job& job, const SoundDecodeOptions& options, ModelStore& store, Reporter& reporter) {
  return SoundDecoding(job, options, store, reporter).run();
}

}  // namespace laconic::cli
