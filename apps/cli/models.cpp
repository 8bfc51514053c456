// laconic models: the weights that are installed, with their ids and training records.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/cli/commands.h"
#include "apps/cli/options.h"
#include "apps/cli/reporter.h"
#include "codec/model_store.h"

namespace laconic::cli {
namespace {

struct ModelsOptions {
  CommonOptions common;
  bool is_json = false;
};

std::string indented(const std::string& text) {
  std::string out = "  ";
  for (const char c : text) out += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return out;
}

ExitCode run_models(const ModelsOptions& options) {
  Reporter reporter(options.common.is_quiet);
  ModelStore store(store_options(options.common));
  const auto files = store.weights_files(/*is_for_decoding=*/true);
  const auto videos = store.weights_files(/*is_for_decoding=*/true, WeightsKind::kVideo);
  const auto sounds = store.weights_files(/*is_for_decoding=*/true, WeightsKind::kAudio);
  if (!files.ok() && !videos.ok() && !sounds.ok()) return print_result(files.status(), "models", reporter);

  ExitCode worst = kExitOk;
  auto json = nlohmann::ordered_json::array();
  std::string text;
  const auto list = [&](const WeightsFile& file, const char* kind, const auto& model) {
    if (!model.ok()) {
      reporter.error(file.path, model.status().message());
      worst = std::max(worst, exit_code_for(model.status()));
      return;
    }
    const std::string record = (*model)->record_json();
    auto parsed = nlohmann::ordered_json::parse(record, nullptr, /*allow_exceptions=*/false);
    json.push_back({{"path", file.path},
                    {"kind", kind},
                    {"id", (*model)->id()},
                    {"is_default", file.is_default},
                    {"record", parsed.is_discarded() ? nlohmann::ordered_json(record) : parsed}});
    text += fmt::format("{}  {}{}\n{}\n", (*model)->id(), file.path, file.is_default ? "  (default)" : "",
                        indented(record));
  };
  if (files.ok()) {
    for (const WeightsFile& file : *files) list(file, "image", store.load(file.path));
  }
  if (videos.ok()) {
    for (const WeightsFile& file : *videos) list(file, "video", store.load_video(file.path));
  }
  if (sounds.ok()) {
    for (const WeightsFile& file : *sounds) list(file, "audio", store.load_audio(file.path));
  }
  const std::string output = options.is_json ? json.dump(2) : text.substr(0, text.find_last_not_of('\n') + 1);
  if (json.empty() && !options.is_json) return worst;
  return std::max(worst, print_result(output, "models", reporter));
}

}  // namespace

void add_models_command(CLI::App& program, Run& run) {
  auto options = std::make_shared<ModelsOptions>();
  CLI::App* command = program.add_subcommand("models", "List the weights that are installed");
  command->add_flag("--json", options->is_json, "As JSON");
  add_model_options(*command, options->common);
  command->callback([options, &run] { run = [options] { return run_models(*options); }; });
}

}  // namespace laconic::cli
