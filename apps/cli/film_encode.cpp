#include "apps/cli/film_encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>

#include "apps/cli/bounded_queue.h"
#include "apps/cli/film_progress.h"
#include "apps/cli/film_sounds.h"
#include "apps/cli/files.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/job_end.h"
#include "codec/media/film_reader.h"
#include "codec/media/film_writer.h"
#include "codec/video_codec.h"

namespace laconic::cli {
namespace {

constexpr int kFrameWeight = 8;                      // packets of other streams weigh 1
constexpr int kMaxQueueWeight = 8 * kFrameWeight;
constexpr double kDefaultKeySeconds = 2;
constexpr int kMaxBFrames = 3;
constexpr double kFallbackFramesPerSecond = 25;      // where the container does not say
// Recordings of broadcasts count from hours; smaller offsets are the film's own and stay as they are.
constexpr double kShiftedStartSeconds = 1;

// On the way from the encoders to the writer.
using CodedItem = std::variant<VideoPacket, CopiedPacket, FilmSoundPacket>;

class FilmEncoding {
 public:
  FilmEncoding(const Job& job, const FilmEncodeOptions& options, ModelStore& store, Reporter& reporter)
      : job_(job), options_(options), store_(store), reporter_(reporter), name_(display_name(job.input, "standard input")) {}

  Result<std::string> run();

 private:
  Status open_input();
  Status open_encoder();
  Status open_output();
  Status read_frames();    // on a thread
  Status encode_frames();  // on a thread
  Status receive_packets();
  Status encode_sound(const CopiedPacket* packet);
  Status write_packets();
  Status write_packet(const VideoPacket& packet);
  Result<std::string> report(const Status& status);
  double seconds_of(int64_t ticks) const { return static_cast<double>(ticks) * film().video.time_base.value(); }
  const FilmProperties& film() const { return reader_->properties(); }

  const Job& job_;
  const FilmEncodeOptions& options_;
  ModelStore& store_;
  Reporter& reporter_;
  const std::string name_;
  std::unique_ptr<FilmReader> reader_;
  std::unique_ptr<VideoEncoder> encoder_;
  std::unique_ptr<FilmSoundCoder> sounds_;  // null unless sound is coded by us
  std::unique_ptr<FilmWriter> writer_;
  std::optional<FilmProgress> progress_;
  BoundedQueue<FilmItem> frames_{kMaxQueueWeight};
  BoundedQueue<CodedItem> packets_{kMaxQueueWeight};
  uint64_t video_bytes_ = 0;
  double start_seconds_ = 0;
};

Result<std::string> FilmEncoding::run() {
  LACONIC_RETURN_IF_ERROR(open_input());
  LACONIC_RETURN_IF_ERROR(open_encoder());
  LACONIC_RETURN_IF_ERROR(open_output());
  for (const std::string& warning : writer_->warnings()) reporter_.warning(name_, warning);

  progress_.emplace(reporter_, film().duration_seconds);
  auto reading = std::async(std::launch::async, [this] { return read_frames(); });
  auto encoding = std::async(std::launch::async, [this] { return encode_frames(); });
  Status status = write_packets();
  for (auto* stage : {&encoding, &reading}) {
    const Status ended = stage->get();
    if (status.ok()) status = ended;
  }
  for (const std::string& warning : reader_->take_warnings()) reporter_.warning(name_, warning);
  return report(status);
}

Status FilmEncoding::open_input() {
  LACONIC_RETURN_IF_ERROR(check_stdout(job_.output));
  FilmReadOptions read_options;
  read_options.num_threads = options_.common.num_threads;
  {
    const EndOnInterrupt nothing_to_clean_up;
    LACONIC_ASSIGN_OR_RETURN(reader_, FilmReader::open(job_.input, read_options));
  }
  if (film().is_laconic) return corrupt("is a Laconic film already; 'laconic decode' makes it one that others play");
  if (film().start_seconds >= kShiftedStartSeconds) start_seconds_ = film().start_seconds;
  return ok_status();
}

Status FilmEncoding::open_encoder() {
  const double rate = film().video.frame_rate.num > 0 ? film().video.frame_rate.value() : kFallbackFramesPerSecond;
  VideoEncoderOptions encoder_options;
  encoder_options.quality = options_.quality.value_or(encoder_options.quality);
  encoder_options.key_interval =
      options_.key_interval.value_or(std::max(1, static_cast<int>(std::lround(kDefaultKeySeconds * std::min(rate, 300.0)))));
  encoder_options.max_b_frames = kMaxBFrames;
  encoder_options.bits_per_second = options_.bits_per_second.value_or(0);
  encoder_options.frames_per_second = rate;
  encoder_options.num_threads = options_.common.num_threads;
  LACONIC_ASSIGN_OR_RETURN(const auto model, store_.video_for_encoding());
  LACONIC_ASSIGN_OR_RETURN(encoder_, VideoEncoder::create(model, film().video.format, encoder_options));
  if (options_.audio != "laconic") return ok_status();
  AudioEncoderOptions sound_options;
  sound_options.quality = options_.quality.value_or(sound_options.quality);
  sound_options.num_threads = options_.common.num_threads;
  std::vector<std::string> warnings;
  LACONIC_ASSIGN_OR_RETURN(const auto sound_model, store_.audio_for_encoding());
  LACONIC_ASSIGN_OR_RETURN(sounds_, FilmSoundCoder::create(*reader_, sound_model, sound_options, warnings));
  for (const std::string& warning : warnings) reporter_.warning(name_, warning);
  return ok_status();
}

Status FilmEncoding::open_output() {
  FilmWriteOptions write_options;
  write_options.path = job_.output;
  write_options.video = film().video;
  write_options.source = reader_->source();
  write_options.sound = options_.audio == "opus" ? SoundCoding::kOpus : SoundCoding::kCopy;
  if (sounds_) write_options.coded_sounds = sounds_->streams();
  write_options.start_seconds = start_seconds_;
  LACONIC_ASSIGN_OR_RETURN(writer_, FilmWriter::create(write_options, encoder_->extradata()));
  return ok_status();
}

Status FilmEncoding::read_frames() {
  const ClosesAtEnd closes(frames_);
  while (!is_interrupted()) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<FilmItem> item, reader_->read());
    if (!item) break;
    const int weight = std::holds_alternative<VideoFrame>(*item) ? kFrameWeight : 1;
    if (!frames_.push(std::move(*item), weight)) break;
  }
  return ok_status();
}

// An error in here stops the reader as well; what was coded so far still reaches the file.
Status FilmEncoding::encode_frames() {
  const ClosesAtEnd closes(packets_);
  const StopsAtEnd stops(frames_);
  while (auto item = frames_.pop()) {
    if (is_interrupted()) break;
    const auto* frame = std::get_if<VideoFrame>(&*item);
    if (frame == nullptr) {
      auto& copy = std::get<CopiedPacket>(*item);
      if (sounds_ && sounds_->codes(copy.stream_index())) {
        LACONIC_RETURN_IF_ERROR(encode_sound(&copy));
      } else if (!packets_.push(std::move(copy), 1)) {
        break;
      }
      continue;
    }
    LACONIC_RETURN_IF_ERROR(encoder_->send_frame(*frame));
    LACONIC_RETURN_IF_ERROR(receive_packets());
  }
  encoder_->finish();
  LACONIC_RETURN_IF_ERROR(receive_packets());
  return sounds_ ? encode_sound(nullptr) : ok_status();
}

// An interrupt leaves out frames not begun. Nor does a writer that has stopped take anything; it says why itself.
Status FilmEncoding::receive_packets() {
  while (!is_interrupted()) {
    LACONIC_ASSIGN_OR_RETURN(std::optional<VideoPacket> packet, encoder_->receive_packet());
    if (!packet || !packets_.push(std::move(*packet), 1)) break;
  }
  return ok_status();
}

// Null: the end of all streams of sound. A writer that has stopped takes nothing more, and says why itself.
Status FilmEncoding::encode_sound(const CopiedPacket* packet) {
  LACONIC_ASSIGN_OR_RETURN(std::vector<FilmSoundPacket> coded, packet != nullptr ? sounds_->code(*packet) : sounds_->drain());
  for (FilmSoundPacket& sound : coded) {
    if (!packets_.push(std::move(sound), 1)) break;
  }
  return ok_status();
}

Status FilmEncoding::write_packets() {
  const StopsAtEnd stops(packets_);
  while (auto item = packets_.pop()) {
    if (const auto* packet = std::get_if<VideoPacket>(&*item)) {
      LACONIC_RETURN_IF_ERROR(write_packet(*packet));
    } else if (const auto* sound = std::get_if<FilmSoundPacket>(&*item)) {
      LACONIC_RETURN_IF_ERROR(writer_->write(sound->stream_index, sound->packet, sound->num_samples));
    } else {
      LACONIC_RETURN_IF_ERROR(writer_->write(std::move(std::get<CopiedPacket>(*item))));
    }
  }
  return ok_status();
}

Status FilmEncoding::write_packet(const VideoPacket& packet) {
  LACONIC_RETURN_IF_ERROR(writer_->write(packet));
  video_bytes_ += packet.bytes.size();
  progress_->frame_done(seconds_of(packet.pts_ticks + packet.duration_ticks) - start_seconds_, video_bytes_);
  return ok_status();
}

// Whatever stopped the work, frames that are coded are kept; only a file that cannot be written is given up.
Result<std::string> FilmEncoding::report(const Status& status) {
  const bool is_part = !status.ok() || is_interrupted();
  if (is_part && !keeps_part(status, progress_->num_frames() > 0)) return end_without_output(status);
  LACONIC_RETURN_IF_ERROR(writer_->finish());
  const std::string output = display_name(job_.output, "standard output");
  const std::string kept = fmt::format("{} holds the first {} frames ({:.3f} s) and plays", output, progress_->num_frames(),
                                       progress_->film_seconds());
  LACONIC_RETURN_IF_ERROR(end_of_job(status, kept, /*may_conceal=*/false));
  const VideoFormat& format = film().video.format;
  std::string line = fmt::format("{} -> {}: {}x{}, {}, video {} bytes, {}", name_, output, format.width_px, format.height_px,
                                 progress_->summary(), video_bytes_,
                                 format_bit_rate(bits_per_second(video_bytes_, progress_->film_seconds())));
  if (sounds_) {
    line += fmt::format(", sound {} bytes, {}", sounds_->num_bytes(),
                        format_bit_rate(bits_per_second(sounds_->num_bytes(), progress_->film_seconds())));
  }
  return line + stage_lines(options_.common.is_verbose, store_, encoder_->stage_times());
}

}  // namespace

Result<std::string> encode_film(const Job& job, const FilmEncodeOptions& options, ModelStore& store, Reporter& reporter) {
  return FilmEncoding(job, options, store, reporter).run();
}

}  // namespace laconic::cli
