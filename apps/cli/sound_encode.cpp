#include "apps/cli/sound_encode.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/film_kind.h"
#include "apps/cli/film_progress.h"
#include "apps/cli/files.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/job_end.h"
#include "apps/cli/sound_progress.h"
#include "codec/audio_codec.h"
#include "codec/media/sound_reader.h"
#include "codec/media/sound_writer.h"

namespace laconic::cli {
namespace {

class SoundEncoding {
 public:
  SoundEncoding(const Job& job, const SoundEncodeOptions& options, ModelStore& store, Reporter& reporter)
      : job_(job), options_(options), store_(store), reporter_(reporter), name_(display_name(job.input, "standard input")) {}

  Result<std::string> run();

 private:
  Status open_input();
  Status open_encoder();
  Status open_output();
  Status code_all();
  Status code_frame(const AudioFrame& frame);
  Status drain();
  Status write_packets();
  Result<std::string> report(const Status& status);
  const AudioFormat& format() const { return reader_->properties().format; }

  const Job& job_;
  const SoundEncodeOptions& options_;
  ModelStore& store_;
  Reporter& reporter_;
  const std::string name_;
  std::unique_ptr<SoundReader> reader_;
  std::unique_ptr<AudioEncoder> encoder_;
  std::unique_ptr<SoundWriter> writer_;
  std::optional<SoundProgress> progress_;
  int64_t num_sent_ = 0;  // samples at kCodingRateHz
  bool is_whole_ = false;
  uint64_t packet_bytes_ = 0;
};

Result<std::string> SoundEncoding::run() {
  LACONIC_RETURN_IF_ERROR(open_input());
  LACONIC_RETURN_IF_ERROR(open_encoder());
  LACONIC_RETURN_IF_ERROR(open_output());
  for (const std::string& warning : writer_->warnings()) reporter_.warning(name_, warning);
  progress_.emplace(reporter_, reader_->properties().duration_seconds);
  const Status status = code_all();
  for (const std::string& warning : reader_->take_warnings()) reporter_.warning(name_, warning);
  return report(status);
}

Status SoundEncoding::open_input() {
  LACONIC_RETURN_IF_ERROR(check_stdout(job_.output));
  {
    const EndOnInterrupt nothing_to_clean_up;
    LACONIC_ASSIGN_OR_RETURN(reader_, SoundReader::open(job_.input, {}));
  }
  if (reader_->properties().is_laconic) return corrupt("is Laconic sound already; 'laconic decode' makes it one that others play");
  return ok_status();
}

Status SoundEncoding::open_encoder() {
  AudioEncoderOptions encoder_options;
  encoder_options.quality = options_.quality.value_or(encoder_options.quality);
  encoder_options.bits_per_second = options_.bits_per_second.value_or(0);
  encoder_options.num_threads = options_.common.num_threads;
  LACONIC_ASSIGN_OR_RETURN(const auto model, store_.audio_for_encoding());
  LACONIC_ASSIGN_OR_RETURN(encoder_, AudioEncoder::create(model, format(), encoder_options));
  return ok_status();
}

Status SoundEncoding::open_output() {
  SoundWriteOptions write_options;
  write_options.path = job_.output;
  write_options.format = format();
  write_options.source = reader_->source();
  write_options.stream_index = reader_->properties().stream_index;
  LACONIC_ASSIGN_OR_RETURN(writer_, SoundWriter::create(write_options, encoder_->extradata()));
  return ok_status();
}

// Whatever stops the reading, what came before is coded to its end.
Status SoundEncoding::code_all() {
  Status status;
  while (!is_interrupted()) {
    auto item = reader_->read();
    status = item.status();
    is_whole_ = item.ok() && !item->has_value();
    if (!status.ok() || is_whole_) break;
    const auto* frame = std::get_if<AudioFrame>(&**item);
    LACONIC_RETURN_IF_ERROR(frame != nullptr ? code_frame(*frame) : writer_->write(std::move(std::get<CopiedPacket>(**item))));
  }
  if (num_sent_ > 0) LACONIC_RETURN_IF_ERROR(drain());
  return status;
}

Status SoundEncoding::code_frame(const AudioFrame& frame) {
  LACONIC_RETURN_IF_ERROR(encoder_->send_frame(frame));
  num_sent_ += static_cast<int64_t>(frame.num_samples());
  LACONIC_RETURN_IF_ERROR(write_packets());
  progress_->done(static_cast<double>(num_sent_) / kCodingRateHz, packet_bytes_);
  return ok_status();
}

// The source's own count; of a part, what the samples sent stand for.
Status SoundEncoding::drain() {
  const auto num_sent = static_cast<uint64_t>(num_sent_);
  const uint64_t num_of_part = num_sent * static_cast<uint64_t>(format().sample_rate_hz) / kCodingRateHz;
  LACONIC_RETURN_IF_ERROR(encoder_->drain(is_whole_ ? reader_->num_source_samples() : num_of_part));
  return write_packets();
}

Status SoundEncoding::write_packets() {
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<AudioPacket> packet, encoder_->receive_packet());
    if (!packet) return ok_status();
    const int64_t num_left = num_sent_ - packet->pts_samples;
    LACONIC_RETURN_IF_ERROR(writer_->write(*packet, static_cast<int>(std::clamp<int64_t>(num_left, 0, kAudioPacketSamples))));
    packet_bytes_ += packet->bytes.size();
  }
}

// Sound that is coded is kept; only a file that cannot be written is given up.
Result<std::string> SoundEncoding::report(const Status& status) {
  if (!keeps_part(status, packet_bytes_ > 0)) {
    LACONIC_RETURN_IF_ERROR(end_without_output(status));
    return corrupt("holds no sound: its stream is empty");
  }
  LACONIC_RETURN_IF_ERROR(writer_->finish());
  const std::string output = display_name(job_.output, "standard output");
  const std::string kept = fmt::format("{} holds the first {} and plays", output, format_time(progress_->sound_seconds()));
  LACONIC_RETURN_IF_ERROR(end_of_job(status, kept, /*may_conceal=*/false));
  const std::string line = fmt::format("{} -> {}: {} Hz, {} channels, {}, {} bytes, {}", name_, output, format().sample_rate_hz,
                                 format().num_channels, progress_->summary(), packet_bytes_,
                                 format_bit_rate(bits_per_second(packet_bytes_, progress_->sound_seconds())));
  return line + stage_lines(options_.common.is_verbose, store_, encoder_->stage_times());
}

}  // namespace

Result<std::string> encode_sound(const Job& job, const SoundEncodeOptions& options, ModelStore& store, Reporter& reporter) {
  return SoundEncoding(job, options, store, reporter).run();
}

}  // namespace laconic::cli
