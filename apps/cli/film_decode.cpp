#include "apps/cli/film_decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <optional>

#include "apps/cli/bounded_queue.h"
#include "apps/cli/file_kind.h"
#include "apps/cli/film_frames.h"
#include "apps/cli/film_progress.h"
#include "apps/cli/files.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/job_end.h"
#include "codec/media/film_frame_writer.h"

namespace laconic::cli {
namespace {

constexpr int kFrameWeight = 8;  // packets of other streams weigh 1
constexpr int kMaxQueueWeight = 8 * kFrameWeight;

class FilmDecoding {
 public:
  FilmDecoding(const Job& job, const FilmDecodeOptions& options, ModelStore& store, Reporter& reporter)
      : job_(job), options_(options), store_(store), reporter_(reporter), name_(display_name(job.input, "standard input")) {}

  Result<std::string> run();

 private:
  Status open_input();
  Status open_output();
  Status read_frames();  // on a thread
  Status write_frames();
  Status finish_sounds();
  Status write_frame(const VideoFrame& frame);
  Result<std::string> report(const Status& status);

  const Job& job_;
  const FilmDecodeOptions& options_;
  ModelStore& store_;
  Reporter& reporter_;
  const std::string name_;
  std::unique_ptr<FilmFrames> film_;
  std::unique_ptr<FilmFrameWriter> writer_;
  std::optional<FilmProgress> progress_;
  BoundedQueue<FilmFrameItem> frames_{kMaxQueueWeight};
};

Result<std::string> FilmDecoding::run() {
  LACONIC_RETURN_IF_ERROR(open_input());
  LACONIC_RETURN_IF_ERROR(open_output());
  for (const std::string& warning : writer_->warnings()) reporter_.warning(name_, warning);

  const double end = std::min(options_.to_seconds, film_->film().duration_seconds);
  progress_.emplace(reporter_, end > 0 ? end - options_.from_seconds : 0);
  auto reading = std::async(std::launch::async, [this] { return read_frames(); });
  Status status = write_frames();
  const Status read = reading.get();
  if (status.ok()) status = read;
  if (status.ok() && !is_interrupted()) status = finish_sounds();
  for (const std::string& warning : film_->take_warnings()) reporter_.warning(name_, warning);
  return report(status);
}

Status FilmDecoding::open_input() {
  LACONIC_RETURN_IF_ERROR(check_stdout(job_.output));
  const std::string extension = extension_of(job_.output);
  if (job_.output != "-" && !FilmFrameWriter::writes_extension(extension)) {
    return invalid_argument(
        fmt::format("the input is a film; name the output .mp4, .mov, .mkv, .nut or .y4m, not '{}'", job_.output));
  }
  FilmFramesOptions frames_options;
  frames_options.num_threads = options_.common.num_threads;
  frames_options.conceals = options_.conceals || job_.output == "-";  // what watches a pipe wants to go on
  frames_options.is_laconic_only = true;
  frames_options.is_video_only = extension == "y4m";
  frames_options.from_seconds = options_.from_seconds;
  frames_options.to_seconds = options_.to_seconds;
  LACONIC_ASSIGN_OR_RETURN(film_, FilmFrames::open(job_.input, frames_options, store_));
  return ok_status();
}

Status FilmDecoding::open_output() {
  FilmFrameWriteOptions write_options;
  write_options.path = job_.output;
  write_options.video = film_->video();
  write_options.source = film_->source();
  write_options.start_seconds = options_.from_seconds;
  write_options.end_seconds = options_.to_seconds;
  write_options.num_threads = options_.common.num_threads;
  write_options.decoded_sounds = film_->sounds().streams();
  LACONIC_ASSIGN_OR_RETURN(writer_, FilmFrameWriter::create(write_options));
  return ok_status();
}

Status FilmDecoding::read_frames() {
  const ClosesAtEnd closes(frames_);
  while (!is_interrupted()) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<FilmFrameItem> item, film_->read());
    if (!item) break;
    const int weight = std::holds_alternative<VideoFrame>(*item) ? kFrameWeight : 1;
    if (!frames_.push(std::move(*item), weight)) break;
  }
  return ok_status();
}

Status FilmDecoding::write_frames() {
  const StopsAtEnd stops(frames_);
  while (auto item = frames_.pop()) {
    if (const auto* frame = std::get_if<VideoFrame>(&*item)) {
      LACONIC_RETURN_IF_ERROR(write_frame(*frame));
    } else if (const auto* sound = std::get_if<FilmSoundFrame>(&*item)) {
      LACONIC_RETURN_IF_ERROR(writer_->write(sound->stream_index, sound->frame));
    } else {
      LACONIC_RETURN_IF_ERROR(writer_->write(std::move(std::get<CopiedPacket>(*item))));
    }
  }
  return ok_status();
}

// A whole film's sound is as long as it was; a part's, as long as its frames.
Status FilmDecoding::finish_sounds() {
  if (options_.from_seconds > 0 || !std::isinf(options_.to_seconds)) return ok_status();
  for (const DecodedSound& sound : film_->sounds().streams()) {
    const auto num_samples = film_->sounds().num_source_samples(sound.stream_index);
    if (num_samples) LACONIC_RETURN_IF_ERROR(writer_->finish_sound(sound.stream_index, *num_samples));
  }
  return ok_status();
}

Status FilmDecoding::write_frame(const VideoFrame& frame) {
  LACONIC_RETURN_IF_ERROR(writer_->write(frame));
  const double end = static_cast<double>(frame.pts_ticks + frame.duration_ticks) * film_->video().time_base.value();
  progress_->frame_done(end - options_.from_seconds, 0);
  return ok_status();
}

Result<std::string> FilmDecoding::report(const Status& status) {
  const bool is_part = !status.ok() || is_interrupted();
  if (is_part && !keeps_part(status, progress_->num_frames() > 0)) return end_without_output(status);
  LACONIC_RETURN_IF_ERROR(writer_->finish());
  const std::string output = display_name(job_.output, "standard output");
  const std::string kept = fmt::format("{} holds {} frames and plays", output, progress_->num_frames());
  LACONIC_RETURN_IF_ERROR(end_of_job(status, kept, /*may_conceal=*/!options_.conceals));
  const VideoFormat& format = film_->video().format;
  const std::string line = fmt::format("{} -> {}: {}x{}, {}", name_, output, format.width_px, format.height_px, progress_->summary());
  return line + stage_lines(options_.common.is_verbose, store_, film_->stage_times());
}

}  // namespace

Result<std::string> decode_film(const Job& job, const FilmDecodeOptions& options, ModelStore& store, Reporter& reporter) {
  return FilmDecoding(job, options, store, reporter).run();
}

}  // namespace laconic::cli
