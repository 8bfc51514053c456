// laconic encode: picture files to .lac files, at a quality, a size, a rate or a PSNR. Films go to film_encode.h, sound to
// sound_encode.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "apps/cli/commands.h"
#include "apps/cli/file_kind.h"
#include "apps/cli/files.h"
#include "apps/cli/film_encode.h"
#include "apps/cli/film_kind.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/jobs.h"
#include "apps/cli/options.h"
#include "apps/cli/quality_search.h"
#include "apps/cli/sound_encode.h"
#include "codec/media/atomic_file.h"
#include "codec/metrics.h"
#include "codec/model_store.h"

namespace laconic::cli {
namespace {

constexpr float kDefaultQuality = 60;
constexpr double kSizeCloseEnough = 0.005;     // of the target: a search may stop there
constexpr double kSizeTolerance = 0.03;        // of the target: worse than this is told
constexpr double kPsnrCloseEnough_db = 0.005;  // about half a quality step

struct EncodeOptions {
  CommonOptions common;
  JobPaths paths;
  std::optional<float> quality;
  int effort = ImageEncoderOptions().effort;
  std::optional<double> bpp;
  std::optional<std::string> size;
  std::optional<double> psnr_db;
  bool has_effort = false;
  std::optional<std::string> bit_rate;  // films and sound
  // Films only.
  std::optional<int> key_interval;
  std::optional<std::string> audio;
};

class EncodeCommand {
 public:
  explicit EncodeCommand(const EncodeOptions& options)
      : options_(options), reporter_(options.common.is_quiet), store_(store_options(options.common)) {}

  ExitCode run();

 private:
  Result<std::string> encode_file(const Job& job);
  Result<std::string> encode_as_film(const Job& job);
  Result<std::string> encode_as_sound(const Job& job);
  Result<std::string> encode_as_picture(const Job& job);
  Status prepare(const Job& job);
  Result<Bytes> encode_to_target(const Image& image);
  Result<Bytes> encode_to_size(const Image& image, double target_bytes);
  Result<Bytes> encode_to_psnr(const Image& image, double target_db);
  Result<double> measure_psnr(const Image& image, ByteSpan stream);
  struct Found {
    Bytes stream;
    double value = 0;  // size or PSNR
    int step = 0;
  };
  Result<Found> encode_to(const Image& image, QualitySearch search, double close_enough_at_last,
                          const std::function<Result<double>(const Bytes&)>& value_of);
  // Encodes at one quality step; keeps the time by stage.
  Result<Bytes> encode_step(const Image& image, int step, int effort);
  Result<Bytes> encode_once(const Image& image);

  const EncodeOptions options_;
  Reporter reporter_;
  ModelStore store_;
  Limits limits_;
  std::optional<uint64_t> target_bytes_;  // of --size
  std::shared_ptr<const ImageModel> model_;
  std::unique_ptr<ImageEncoder> encoder_;
  std::unique_ptr<ImageDecoder> decoder_;  // only for --psnr
  StageClock stages_;
  std::string file_name_;
};

ExitCode EncodeCommand::run() {
  if (options_.common.is_verbose) stages_.add("program start", seconds_since_process_start());
  if (options_.size) {
    const auto size = parse_size_bytes(*options_.size);
    if (!size.ok()) {
      reporter_.error("--size", size.status().message());
      return kExitUsage;
    }
    target_bytes_ = *size;
  }
  JobPaths paths = options_.paths;
  paths.extension_for = [](const std::string& input) { return is_film_input(input, false) || is_sound_input(input, false) ? "mov" : "lac"; };
  const auto jobs = plan_jobs(paths);
  if (!jobs.ok()) {
    reporter_.error("", jobs.status().message());
    return exit_code_for(jobs.status());
  }
  return run_jobs(*jobs, reporter_, [this](const Job& job) { return encode_file(job); });
}

Result<std::string> EncodeCommand::encode_file(const Job& job) {
  file_name_ = display_name(job.input, "standard input");
  if (is_film_input(job.input, is_film_extension(extension_of(job.output)))) return encode_as_film(job);
  return is_sound_input(job.input, false) ? encode_as_sound(job) : encode_as_picture(job);
}

Result<std::string> EncodeCommand::encode_as_sound(const Job& job) {
  if (options_.size || options_.bpp || options_.psnr_db || options_.has_effort || options_.key_interval || options_.audio) {
    return invalid_argument(
        "--size, --bpp, --psnr and --effort are for pictures, --gop and --audio for films; sound takes --quality or --bitrate");
  }
  SoundEncodeOptions sound_options;
  sound_options.common = options_.common;
  sound_options.quality = options_.quality;
  if (options_.bit_rate) {
    LACONIC_ASSIGN_OR_RETURN(sound_options.bits_per_second, parse_bit_rate(*options_.bit_rate));
  }
  return encode_sound(job, sound_options, store_, reporter_);
}

Result<std::string> EncodeCommand::encode_as_film(const Job& job) {
  if (options_.size || options_.bpp || options_.psnr_db || options_.has_effort) {
    return invalid_argument("--size, --bpp, --psnr and --effort are for pictures; films take --quality or --bitrate");
  }
  FilmEncodeOptions film_options;
  film_options.common = options_.common;
  film_options.quality = options_.quality;
  film_options.key_interval = options_.key_interval;
  film_options.audio = options_.audio.value_or(film_options.audio);
  if (options_.bit_rate) {
    LACONIC_ASSIGN_OR_RETURN(film_options.bits_per_second, parse_bit_rate(*options_.bit_rate));
  }
  return encode_film(job, film_options, store_, reporter_);
}

Result<std::string> EncodeCommand::encode_as_picture(const Job& job) {
  if (options_.bit_rate || options_.key_interval || options_.audio) {
    return invalid_argument("--bitrate, --gop and --audio are for films, and the input is none");
  }
  if (is_film_extension(extension_of(job.output))) {
    return invalid_argument(fmt::format("output '{}' is named like a film, and the input is none", job.output));
  }
  LACONIC_RETURN_IF_ERROR(prepare(job));
  std::vector<std::string> warnings;
  LACONIC_ASSIGN_OR_RETURN(const Image image,
                           timed(stages_, "reading", [&] { return read_picture(job.input, limits_, &warnings); }));
  for (const std::string& warning : warnings) reporter_.warning(file_name_, warning);
  LACONIC_ASSIGN_OR_RETURN(const Bytes stream, encode_to_target(image));
  if (is_interrupted()) return invalid_argument("interrupted");  // after the last call of Progress
  LACONIC_RETURN_IF_ERROR(timed(stages_, "writing", [&] { return write_file_atomically(job.output, stream); }));

  const double bpp = 8.0 * static_cast<double>(stream.size()) / image.width_px / image.height_px;
  std::string line = fmt::format("{} -> {}: {}x{}, {} bytes, {:.3f} bpp, {:.2f} s", file_name_,
                                 display_name(job.output, "standard output"), image.width_px, image.height_px,
                                 stream.size(), bpp, reporter_.file_seconds());
  if (options_.common.is_verbose) line += "\n" + stages_.table();
  stages_ = {};
  return line;
}

// Everything that can be refused before the picture is read, and the networks on first use.
Status EncodeCommand::prepare(const Job& job) {
  LACONIC_RETURN_IF_ERROR(check_stdout(job.output));
  if (is_picture_extension(extension_of(job.output))) {
    return invalid_argument(
        fmt::format("output '{}' is named like a picture; names of Laconic streams end in .lac", job.output));
  }
  if (encoder_ != nullptr) return ok_status();
  LACONIC_ASSIGN_OR_RETURN(model_, store_.for_encoding());
  stages_.add("loading weights", store_.seconds_loading());
  ImageEncoderOptions encoder_options;
  encoder_options.quality = options_.quality.value_or(kDefaultQuality);
  encoder_options.effort = options_.effort;
  encoder_options.num_threads = options_.common.num_threads;
  encoder_options.limits = limits_;
  encoder_options.progress = reporter_.progress();
  LACONIC_ASSIGN_OR_RETURN(encoder_, ImageEncoder::create(model_, encoder_options));
  return ok_status();
}

Result<Bytes> EncodeCommand::encode_to_target(const Image& image) {
  if (target_bytes_) return encode_to_size(image, static_cast<double>(*target_bytes_));
  if (options_.bpp) return encode_to_size(image, *options_.bpp * image.width_px * image.height_px / 8);
  if (options_.psnr_db) return encode_to_psnr(image, *options_.psnr_db);
  return encode_once(image);
}

Result<Bytes> EncodeCommand::encode_once(const Image& image) {
  LACONIC_ASSIGN_OR_RETURN(Bytes stream, encoder_->encode(image));
  stages_.add(encoder_->stage_times());
  return stream;
}

Result<Bytes> EncodeCommand::encode_step(const Image& image, int step, int effort) {
  const float quality = quality_of_step(step);
  reporter_.set_activity(fmt::format("trying quality {:.1f}", quality));
  LACONIC_RETURN_IF_ERROR(encoder_->set_quality(quality));
  LACONIC_RETURN_IF_ERROR(encoder_->set_effort(effort));
  return encode_once(image);
}

// The quality is searched with one-pass encodes. What the chosen effort changes is learned from encoding with it, and the
// search goes on with the target shifted by that.
Result<EncodeCommand::Found> EncodeCommand::encode_to(const Image& image, QualitySearch search, double close_enough_at_last,
                                                      const std::function<Result<double>(const Bytes&)>& value_of) {
  constexpr int kMaxFullEncodes = 3;
  const double target = search.target;
  const auto meets = [&](double value) { return search.is_upper_bound ? value <= target : value >= target; };
  std::map<int, double> one_pass;
  search.value = [&](int step) -> Result<double> {
    if (const auto known = one_pass.find(step); known != one_pass.end()) return known->second;
    LACONIC_ASSIGN_OR_RETURN(const Bytes stream, encode_step(image, step, 0));
    LACONIC_ASSIGN_OR_RETURN(const double value, value_of(stream));
    return one_pass[step] = value;
  };
  Found found;
  for (int i = 0; i < kMaxFullEncodes; ++i) {
    LACONIC_ASSIGN_OR_RETURN(const QualityFound quality, find_quality(search));
    LACONIC_ASSIGN_OR_RETURN(Bytes stream, encode_step(image, quality.step, options_.effort));
    LACONIC_ASSIGN_OR_RETURN(const double value, value_of(stream));
    const bool is_better = found.stream.empty() || meets(value) > meets(found.value) ||
                           (meets(value) && (search.is_upper_bound ? value > found.value : stream.size() < found.stream.size()));
    if (is_better) found = {std::move(stream), value, quality.step};
    if (meets(found.value) && std::abs(found.value - target) <= close_enough_at_last) break;
    const double before = search.target;
    search.target = search.is_logarithmic ? target * one_pass[quality.step] / value : target + one_pass[quality.step] - value;
    if (search.target == before) break;
  }
  return found;
}

Result<Bytes> EncodeCommand::encode_to_size(const Image& image, double target_bytes) {
  QualitySearch search;
  search.target = target_bytes;
  search.close_enough = kSizeCloseEnough * target_bytes;
  LACONIC_ASSIGN_OR_RETURN(Found found, encode_to(image, search, kSizeTolerance / 2 * target_bytes, [](const Bytes& stream) -> Result<double> {
                             return static_cast<double>(stream.size());
                           }));
  if (found.value > target_bytes) {
    return limit_exceeded(fmt::format("quality {:.1f} takes {:.0f} bytes, which is more than the target of {:.0f}",
                                      quality_of_step(found.step), found.value, target_bytes));
  }
  if (found.value < (1 - kSizeTolerance) * target_bytes) {
    const char* reason = found.step == kNumQualitySteps ? "quality 100" : "the nearest quality below the target";
    reporter_.warning(file_name_, fmt::format("{} takes {:.0f} bytes; the target was {:.0f}", reason, found.value, target_bytes));
  }
  return std::move(found.stream);
}

Result<Bytes> EncodeCommand::encode_to_psnr(const Image& image, double target_db) {
  QualitySearch search;
  search.target = target_db;
  search.is_upper_bound = false;
  search.is_logarithmic = false;
  search.close_enough = kPsnrCloseEnough_db;
  LACONIC_ASSIGN_OR_RETURN(Found found, encode_to(image, search, 2 * kPsnrCloseEnough_db,
                                                  [&](const Bytes& stream) { return measure_psnr(image, stream); }));
  if (found.value < target_db) {
    return limit_exceeded(fmt::format("quality {:.1f} reaches {:.2f} dB, which is less than the target of {:.2f} dB",
                                      quality_of_step(found.step), found.value, target_db));
  }
  return std::move(found.stream);
}

Result<double> EncodeCommand::measure_psnr(const Image& image, ByteSpan stream) {
  if (decoder_ == nullptr) {
    ImageDecoderOptions decoder_options;
    decoder_options.num_threads = options_.common.num_threads;
    decoder_options.limits = limits_;
    decoder_options.progress = reporter_.progress();
    LACONIC_ASSIGN_OR_RETURN(decoder_, ImageDecoder::create(model_, decoder_options));
  }
  return timed(stages_, "decoding to measure", [&]() -> Result<double> {
    LACONIC_ASSIGN_OR_RETURN(const Image decoded, decoder_->decode(stream));
    return psnr(image, decoded);
  });
}

}  // namespace

void add_encode_command(CLI::App& program, Run& run) {
  auto options = std::make_shared<EncodeOptions>();
  options->paths.output_extension = "lac";
  CLI::App* command = program.add_subcommand("encode", "Turn pictures into .lac files, films into .mov, .mkv or .nut, sound into .mov or .nut");
  command->add_option("paths", options->paths.paths, "IN OUT, or IN... with --out-dir; - is standard input or output")
      ->type_name("IN... OUT")
      ->required();
  command->add_option("--out-dir", options->paths.out_dir, "Folder for the outputs, created if needed")
      ->type_name("DIR");

  auto* target = command->add_option_group("Target (one of)");
  target->add_option("-q,--quality", options->quality, "0..100, higher is better; 60 (films, sound: 50) if no target is given")
      ->check(CLI::Range(0.0, 100.0))
      ->type_name("Q");
  target->add_option("--size", options->size, "Bytes of the output, 3 % less at most: 50000, 50k, 1.5M")
      ->type_name("SIZE");
  target->add_option("--bpp", options->bpp, "Bits per pixel, 3 % less at most")
      ->check(CLI::Range(1e-4, 1e3))
      ->type_name("X");
  target->add_option("--psnr", options->psnr_db, "At least so many dB (RGB), with as few bytes as that takes")
      ->check(CLI::Range(1.0, 200.0))
      ->type_name("DB");
  target->add_option("--bitrate", options->bit_rate, "Films, sound: bits a second of the video or the sound, 800k or 2M")->type_name("RATE");
  target->require_option(0, 1);
  command->add_option("--gop", options->key_interval, "Films: frames from key frame to key frame at most; else 2 seconds' worth")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  command->add_option("--audio", options->audio, "Films: copy the sound (default), or code it as opus or laconic")
      ->check(CLI::IsMember({"copy", "opus", "laconic"}))
      ->type_name("CODEC");
  CLI::Option* effort = command->add_option("--effort", options->effort, "0..9: time spent on a search for fewer bytes; decoding never notices")
      ->check(CLI::Range(0, 9))
      ->capture_default_str()
      ->type_name("N");

  add_model_options(*command, options->common);
  add_output_options(*command, options->common);
  command->callback([options, effort, &run] {
    options->has_effort = effort->count() > 0;
    run = [options] { return EncodeCommand(*options).run(); };
  });
}

}  // namespace laconic::cli
