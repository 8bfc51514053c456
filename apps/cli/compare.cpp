// laconic compare: PSNR and MS-SSIM of two pictures; either may be a .lac file. Films go to film_compare.h, sounds to
// sound_compare.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/cli/commands.h"
#include "apps/cli/file_kind.h"
#include "apps/cli/files.h"
#include "apps/cli/film_compare.h"
#include "apps/cli/film_kind.h"
#include "apps/cli/options.h"
#include "apps/cli/picture_decoder.h"
#include "apps/cli/sound_compare.h"
#include "codec/metrics.h"

namespace laconic::cli {
namespace {

struct CompareOptions {
  CommonOptions common;
  std::string reference;
  std::string distorted;
  bool is_json = false;
  std::string plot_path;  // films only
};

struct LoadedPicture {
  Image image;
  uint64_t file_bytes = 0;
};

struct Comparison {
  int width_px = 0;
  int height_px = 0;
  uint64_t distorted_bytes = 0;
  double psnr_db = 0;                   // infinite when all samples are equal
  std::optional<double> alpha_psnr_db;  // if both have alpha
  std::optional<double> ms_ssim;        // not defined for pictures below 161 px
};

// The name of the file goes into the sentence: there are two that it could be about.
Result<LoadedPicture> load_either(const std::string& path, PictureDecoder& decoder) {
  const auto with_name = [&](const Status& status) { return Status(status.code(), path + ": " + status.message()); };
  const auto file = open_input(path, decoder.limits());
  if (!file.ok()) return file.status();
  LoadedPicture loaded;
  loaded.file_bytes = file->bytes().size();
  auto image = is_laconic_stream(file->bytes()) ? decoder.decode(file->bytes(), std::nullopt)
                                                : read_picture_bytes(file->bytes(), decoder.limits());
  if (!image.ok()) return with_name(image.status());
  loaded.image = std::move(*image);
  return loaded;
}

Result<Comparison> compare(const CompareOptions& options, Reporter& reporter) {
  if (options.reference == "-" && options.distorted == "-")
    return invalid_argument("only one side can be standard input");
  PictureDecoder decoder(options.common, /*conceals=*/false, /*num_slices=*/4, reporter);
  LACONIC_ASSIGN_OR_RETURN(const LoadedPicture reference, load_either(options.reference, decoder));
  LACONIC_ASSIGN_OR_RETURN(const LoadedPicture distorted, load_either(options.distorted, decoder));
  const Image &a = reference.image, &b = distorted.image;
  if (a.width_px != b.width_px || a.height_px != b.height_px) {
    return invalid_argument(
        fmt::format("the pictures differ in size: {}x{} and {}x{}", a.width_px, a.height_px, b.width_px, b.height_px));
  }
  Comparison result;
  result.width_px = a.width_px;
  result.height_px = a.height_px;
  result.distorted_bytes = distorted.file_bytes;
  LACONIC_ASSIGN_OR_RETURN(result.psnr_db, psnr(a, b));
  if (const auto similarity = ms_ssim(a, b); similarity.ok()) result.ms_ssim = *similarity;
  if (const auto alpha = psnr_alpha(a, b); alpha.ok()) result.alpha_psnr_db = *alpha;
  return result;
}

double bits_per_pixel(const Comparison& c) {
  return 8.0 * static_cast<double>(c.distorted_bytes) / c.width_px / c.height_px;
}

// Infinite for identical pictures.
double ms_ssim_db(double ms_ssim) { return -10 * std::log10(1 - ms_ssim); }

std::string to_json(const Comparison& c) {
  const auto finite_or_null = [](double v) {
    return std::isfinite(v) ? nlohmann::ordered_json(v) : nlohmann::ordered_json();
  };
  nlohmann::ordered_json json = {{"width_px", c.width_px},
                                 {"height_px", c.height_px},
                                 {"distorted_bytes", c.distorted_bytes},
                                 {"bpp", bits_per_pixel(c)},
                                 {"identical", std::isinf(c.psnr_db) && std::isinf(c.alpha_psnr_db.value_or(INFINITY))},
                                 {"psnr_db", finite_or_null(c.psnr_db)},
                                 {"ms_ssim", c.ms_ssim ? finite_or_null(*c.ms_ssim) : nullptr},
                                 {"ms_ssim_db", c.ms_ssim ? finite_or_null(ms_ssim_db(*c.ms_ssim)) : nullptr}};
  if (c.alpha_psnr_db) json["alpha_psnr_db"] = finite_or_null(*c.alpha_psnr_db);
  return json.dump(2);
}

std::string psnr_text(double psnr_db) {
  return std::isinf(psnr_db) ? "infinite (all samples are equal)" : fmt::format("{:.3f} dB", psnr_db);
}

std::string to_text(const Comparison& c) {
  std::string text = fmt::format("PSNR     {}\n", psnr_text(c.psnr_db));
  if (c.alpha_psnr_db) text += fmt::format("alpha    {}\n", psnr_text(*c.alpha_psnr_db));
  text += c.ms_ssim ? fmt::format("MS-SSIM  {:.5f} ({:.2f} dB)\n", *c.ms_ssim, ms_ssim_db(*c.ms_ssim))
                    : "MS-SSIM  not defined for pictures with a side below 161 px\n";
  return text + fmt::format("size     {} bytes, {:.3f} bpp", c.distorted_bytes, bits_per_pixel(c));
}

ExitCode run_compare(const CompareOptions& options) {
  Reporter reporter(options.common.is_quiet);
  reporter.begin_file("compare", 0, 1);
  if (is_film_input(options.reference, false) || is_film_input(options.distorted, false)) {
    return print_result(
        compare_films({options.common, options.reference, options.distorted, options.plot_path, options.is_json}, reporter),
        "compare", reporter);
  }
  if (!options.plot_path.empty()) {
    return print_result(invalid_argument("--plot is for films, and the inputs are none"), "compare", reporter);
  }
  if (is_sound_input(options.reference, false) || is_sound_input(options.distorted, false)) {
    return print_result(
        compare_sounds({options.common, options.reference, options.distorted, options.is_json}, reporter), "compare", reporter);
  }
  const auto comparison = compare(options, reporter);
  if (!comparison.ok()) return print_result(comparison.status(), "compare", reporter);
  return print_result(options.is_json ? to_json(*comparison) : to_text(*comparison), "compare", reporter);
}

}  // namespace

void add_compare_command(CLI::App& program, Run& run) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = program.add_subcommand(
      "compare", "Measure how far two pictures (PSNR, MS-SSIM), films (PSNR) or sounds (SI-SDR, mel, STFT, SNR) are apart");
  command->add_option("reference", options->reference, "A picture, .lac file, film or sound")->type_name("REF")->required();
  command->add_option("distorted", options->distorted, "A picture, .lac file, film or sound")->type_name("DIST")->required();
  command->add_flag("--json", options->is_json, "As JSON");
  command->add_option("--plot", options->plot_path, "Films: a picture of the PSNR of each frame")->type_name("PNG");
  add_model_options(*command, options->common);
  command->callback([options, &run] { run = [options] { return run_compare(*options); }; });
}

}  // namespace laconic::cli
