// laconic info: what the header of a .lac file says, or what streams a film (film_info.h) or a file of sound (sound_info.h) holds;
// with --symbols a hash over all its decoded symbols.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/cli/commands.h"
#include "apps/cli/files.h"
#include "apps/cli/film_info.h"
#include "apps/cli/film_kind.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/options.h"
#include "apps/cli/picture_decoder.h"
#include "apps/cli/sound_info.h"

namespace laconic::cli {
namespace {

struct InfoOptions {
  CommonOptions common;
  std::string path;
  bool is_json = false;
  bool with_symbols = false;
};

const char* channel_names(int num_channels) {
  static constexpr const char* kNames[] = {"grey", "grey + alpha", "RGB", "RGB + alpha"};
  return num_channels >= 1 && num_channels <= 4 ? kNames[num_channels - 1] : "unknown";
}

double bits_per_pixel(const ImageStreamInfo& info) {
  return 8.0 * static_cast<double>(info.stream_bytes) / info.width_px / info.height_px;
}

std::string to_json(const ImageStreamInfo& info, const std::optional<std::string>& symbols) {
  nlohmann::ordered_json json = {{"width_px", info.width_px},
                                 {"height_px", info.height_px},
                                 {"num_channels", info.num_channels},
                                 {"bit_depth", info.bit_depth},
                                 {"quality", info.quality},
                                 {"model_id", info.model_id},
                                 {"format_version", info.format_version},
                                 {"num_superblocks", info.num_superblocks},
                                 {"header_bytes", info.header_bytes},
                                 {"icc_bytes", info.icc_bytes},
                                 {"exif_bytes", info.exif_bytes},
                                 {"xmp_bytes", info.xmp_bytes},
                                 {"colour_bytes", info.colour_bytes},
                                 {"alpha_bytes", info.alpha_bytes},
                                 {"stream_bytes", info.stream_bytes},
                                 {"bpp", bits_per_pixel(info)}};
  if (symbols) json["symbol_hash"] = *symbols;
  return json.dump(2);
}

std::string to_text(const ImageStreamInfo& info, const std::optional<std::string>& symbols) {
  const auto row = [](const char* name, const std::string& value) { return fmt::format("{:<13} {}\n", name, value); };
  std::string text = row("size", fmt::format("{} x {} px", info.width_px, info.height_px)) +
                     row("samples", fmt::format("{}, {} bits", channel_names(info.num_channels), info.bit_depth)) +
                     row("quality", fmt::format("{:.1f}", info.quality)) +
                     row("file", fmt::format("{} bytes, {:.3f} bpp", info.stream_bytes, bits_per_pixel(info))) +
                     row("  header", fmt::format("{} bytes", info.header_bytes)) +
                     row("  colour", fmt::format("{} bytes", info.colour_bytes)) +
                     row("  alpha", fmt::format("{} bytes", info.alpha_bytes)) +
                     row("metadata", fmt::format("ICC {}, Exif {}, XMP {} bytes (in the header)", info.icc_bytes,
                                                 info.exif_bytes, info.xmp_bytes)) +
                     row("superblocks", fmt::format("{}", info.num_superblocks)) + row("model", info.model_id) +
                     row("format", fmt::format("version {}", info.format_version));
  if (symbols) text += row("symbol hash", *symbols);
  text.pop_back();
  return text;
}

Result<std::string> describe(const InfoOptions& options, Reporter& reporter) {
  PictureDecoder decoder(options.common, /*conceals=*/false, /*num_slices=*/4, reporter);
  LACONIC_ASSIGN_OR_RETURN(const InputFile stream, open_stream(options.path, decoder.limits()));
  LACONIC_ASSIGN_OR_RETURN(const ImageStreamInfo info, read_image_info(stream.bytes(), decoder.limits()));
  std::optional<std::string> symbols;
  if (options.with_symbols) {
    LACONIC_ASSIGN_OR_RETURN(const uint64_t hash, decoder.symbol_hash(stream.bytes()));
    symbols = fmt::format("{:016x}", hash);
  }
  return options.is_json ? to_json(info, symbols) : to_text(info, symbols);
}

ExitCode run_info(const InfoOptions& options) {
  Reporter reporter(options.common.is_quiet);
  const std::string name = display_name(options.path, "standard input");
  reporter.begin_file(name, 0, 1);
  if (is_film_input(options.path, /*film_output=*/false)) {
    return print_result(describe_film({options.common, options.path, options.is_json, options.with_symbols}, reporter), name,
                        reporter);
  }
  if (is_sound_input(options.path, /*sound_output=*/false)) {
    return print_result(describe_sound({options.common, options.path, options.is_json, options.with_symbols}, reporter), name,
                        reporter);
  }
  return print_result(describe(options, reporter), name, reporter);
}

}  // namespace

void add_info_command(CLI::App& program, Run& run) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* command = program.add_subcommand("info", "Show what a .lac file, a film or a file of sound holds");
  command->add_option("file", options->path, "A .lac file, a film or sound; - is standard input")->required();
  command->add_flag("--json", options->is_json, "As JSON");
  command->add_flag("--symbols", options->with_symbols,
                    "Decode all symbols and show their 64-bit hash: equal on every machine");
  add_model_options(*command, options->common);
  command->callback([options, &run] { run = [options] { return run_info(*options); }; });
}

}  // namespace laconic::cli
