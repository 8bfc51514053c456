// laconic decode: .lac files to picture files, whole or a region. Films go to film_decode.h, sound to sound_decode.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "apps/cli/commands.h"
#include "apps/cli/file_kind.h"
#include "apps/cli/files.h"
#include "apps/cli/film_decode.h"
#include "apps/cli/film_kind.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/jobs.h"
#include "apps/cli/options.h"
#include "apps/cli/picture_decoder.h"
#include "apps/cli/sound_decode.h"
#include "codec/media/image_file.h"
#include "codec/media/sound_file_writer.h"
#include "codec/model_store.h"

namespace laconic::cli {
namespace {

struct DecodeOptions {
  CommonOptions common;
  JobPaths paths;
  std::string format;  // empty: from the extension, png in a folder
  std::optional<std::string> region;
  bool conceals = false;
  int num_slices = 4;
  std::optional<std::string> from, to;  // films and sound
};

class DecodeCommand {
 public:
  explicit DecodeCommand(const DecodeOptions& options)
      : options_(options), reporter_(options.common.is_quiet), store_(store_options(options.common)), decoder_(options.common, options.conceals, options.num_slices, reporter_) {}

  ExitCode run();

 private:
  bool is_film(const Job& job) const;
  bool is_sound(const Job& job) const;
  Result<std::string> decode_as_film(const Job& job);
  Result<std::string> decode_as_sound(const Job& job);
  Status check_options_of_pictures(const char* input) const;
  // Reads --from and --to into options that have them.
  template <typename Options>
  Status read_times(Options& options) const;
  Result<std::string> decode_file(const Job& job);
  Status check_output(const Job& job) const;

  const DecodeOptions options_;
  Reporter reporter_;
  ModelStore store_;        // of films
  PictureDecoder decoder_;  // uses reporter_
  std::optional<Rect> region_;
};

ExitCode DecodeCommand::run() {
  if (options_.common.is_verbose) decoder_.stages().add("program start", seconds_since_process_start());
  if (options_.region) {
    const auto region = parse_region(*options_.region);
    if (!region.ok()) {
      reporter_.error("--region", region.status().message());
      return kExitUsage;
    }
    region_ = *region;
  }
  JobPaths paths = options_.paths;
  paths.output_extension = options_.format.empty() ? "png" : options_.format;
  if (options_.format.empty()) {
    paths.extension_for = [](const std::string& input) { 
      return is_film_input(input, false) ? "mp4" : is_sound_input(input, false) ? "wav" : "png";
    };
  }
  const auto jobs = plan_jobs(paths);
  if (!jobs.ok()) {
    reporter_.error("", jobs.status().message());
    return exit_code_for(jobs.status());
  }
  return run_jobs(*jobs, reporter_, [this](const Job& job) { return decode_file(job); });
}

// What comes from a pipe and goes to one without a picture's format is a film.
bool DecodeCommand::is_film(const Job& job) const {
  const bool film_output = options_.format.empty() && (job.output == "-" || is_film_extension(extension_of(job.output)));
  return is_film_input(job.input, film_output);
}

bool DecodeCommand::is_sound(const Job& job) const {
  return is_sound_input(job.input, options_.format.empty() && SoundFileWriter::writes_extension(extension_of(job.output)));
}

Status DecodeCommand::check_options_of_pictures(const char* input) const {
  if (!options_.region && options_.num_slices == 4 && options_.format.empty()) return ok_status();
  return invalid_argument(fmt::format("--region, --slices and --format are for pictures, and the input is {}", input));
}

template <typename Options>
Status DecodeCommand::read_times(Options& options) const {
  if (options_.from) {
    LACONIC_ASSIGN_OR_RETURN(options.from_seconds, parse_time(*options_.from));
  }
  if (options_.to) {
    LACONIC_ASSIGN_OR_RETURN(options.to_seconds, parse_time(*options_.to));
  }
  return options.to_seconds <= options.from_seconds ? invalid_argument("--to lies before --from") : ok_status();
}

Result<std::string> DecodeCommand::decode_as_film(const Job& job) {
  LACONIC_RETURN_IF_ERROR(check_options_of_pictures("a film"));
  FilmDecodeOptions film_options;
  film_options.common = options_.common;
  film_options.conceals = options_.conceals;
  LACONIC_RETURN_IF_ERROR(read_times(film_options));
  return decode_film(job, film_options, store_, reporter_);
}

Result<std::string> DecodeCommand::decode_as_sound(const Job& job) {
  LACONIC_RETURN_IF_ERROR(check_options_of_pictures("sound"));
  SoundDecodeOptions sound_options;
  sound_options.common = options_.common;
  sound_options.conceals = options_.conceals;
  LACONIC_RETURN_IF_ERROR(read_times(sound_options));
  return decode_sound(job, sound_options, store_, reporter_);
}

Result<std::string> DecodeCommand::decode_file(const Job& job) {
  if (is_film(job)) return decode_as_film(job);
  if (is_sound(job)) return decode_as_sound(job);
  if (options_.from || options_.to) return invalid_argument("--from and --to are for films and sound, and the input is neither");
  const std::string name = display_name(job.input, "standard input");
  LACONIC_RETURN_IF_ERROR(check_output(job));
  StageClock& stages = decoder_.stages();
  LACONIC_ASSIGN_OR_RETURN(const InputFile stream,
                           timed(stages, "reading", [&] { return open_stream(job.input, decoder_.limits()); }));
  LACONIC_ASSIGN_OR_RETURN(const Image image, decoder_.decode(stream.bytes(), region_));
  if (is_interrupted()) return invalid_argument("interrupted");  // after the last call of Progress
  for (const std::string& damage : decoder_.damage()) reporter_.warning(name, damage);

  std::vector<std::string> warnings;
  ImageWriteOptions write_options;
  write_options.format = options_.format;
  write_options.warnings = &warnings;
  LACONIC_RETURN_IF_ERROR(timed(stages, "writing", [&] { return write_image(image, job.output, write_options); }));
  for (const std::string& warning : warnings) reporter_.warning(name, warning);

  std::string line = fmt::format("{} -> {}: {}x{}, {:.2f} s", name, display_name(job.output, "standard output"),
                                 image.width_px, image.height_px, reporter_.file_seconds());
  if (options_.common.is_verbose) line += "\n" + stages.table();
  stages = {};
  return line;
}

Status DecodeCommand::check_output(const Job& job) const {
  LACONIC_RETURN_IF_ERROR(check_stdout(job.output));
  if (!options_.format.empty()) return ok_status();
  if (job.output == "-") return invalid_argument("a picture for standard output needs --format, such as --format png");
  const std::string extension = extension_of(job.output);
  if (extension == "lac") return invalid_argument("the output is a picture; name it .png, .jpg, .webp, .tif or .ppm");
  if (extension.empty()) {
    return invalid_argument(
        fmt::format("output '{}' has no extension; add one (.png) or say --format png", job.output));
  }
  return ok_status();
}

}  // namespace

void add_decode_command(CLI::App& program, Run& run) {
  auto options = std::make_shared<DecodeOptions>();
  CLI::App* command = program.add_subcommand("decode", "Turn .lac files into pictures, films and sound of ours into ones that others play");
  command->add_option("paths", options->paths.paths, "IN OUT, or IN... with --out-dir; - is standard input or output")
      ->type_name("IN... OUT")
      ->required();
  command->add_option("--out-dir", options->paths.out_dir, "Folder for the outputs, created if needed")
      ->type_name("DIR");
  command->add_option("--format", options->format, "png, jpg, webp, tif, ppm or bmp; else the extension decides")
      ->check(
          CLI::IsMember({"png", "jpg", "jpeg", "webp", "tif", "tiff", "ppm", "pgm", "pnm", "bmp"}, CLI::ignore_case))
      ->type_name("NAME");
  command->add_option("--region", options->region, "Only this part, in pixels")->type_name("X,Y,W,H");
  command->add_flag("--conceal", options->conceals, "Decode what is left of a damaged file; what is lost becomes grey, in films the frame before, in sound silence");
  command->add_option("--slices", options->num_slices, "1..4: a preview from the first N of the picture's four slices")
      ->check(CLI::Range(1, 4))
      ->type_name("N");
  command->add_option("--from", options->from, "Films, sound: start here; seconds, m:s or h:m:s")->type_name("TIME");
  command->add_option("--to", options->to, "Films, sound: end here")->type_name("TIME");
  add_model_options(*command, options->common);
  add_output_options(*command, options->common);
  command->callback([options, &run] { run = [options] { return DecodeCommand(*options).run(); }; });
}

}  // namespace laconic::cli
