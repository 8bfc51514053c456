#include "apps/cli/model_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "apps/cli/interrupt.h"
#include "apps/cli/reporter.h"

// Set by apps/cli/CMakeLists.txt.
#if !defined(LACONIC_BUILD_DIR) || !defined(LACONIC_SOURCE_WEIGHTS_DIR) || !defined(LACONIC_INSTALL_WEIGHTS_DIR) || \
    !defined(LACONIC_RELATIVE_WEIGHTS_DIR)
#error "the weights folders are not defined"
#endif

namespace laconic::cli {
namespace {

namespace fs = std::filesystem;

fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

const char* kind_name(WeightsKind kind) {
  static constexpr const char* kNames[] = {"image", "video", "audio"};
  return kNames[static_cast<int>(kind)];
}

// "weights for pictures"
const char* what_for(WeightsKind kind) {
  static constexpr const char* kNames[] = {"pictures", "films", "sound"};
  return kNames[static_cast<int>(kind)];
}

bool is_weights_name(const std::string& name, WeightsKind kind) {
  return name.rfind(kind_name(kind) + std::string("-"), 0) == 0 && fs::path(name).extension() == ".safetensors";
}

// The file that manifest.json names for this kind, or empty. A manifest that cannot be read counts as absent: the error
// that matters to the user is then the one about missing or several weights.
std::string manifest_default(const fs::path& folder, WeightsKind kind) {
  std::ifstream file(folder / "manifest.json");
  const auto manifest = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  const char* name = kind_name(kind);
  if (!manifest.is_object() || !manifest.contains(name) || !manifest[name].is_string()) return "";
  return manifest[name].get<std::string>();
}

// Sorted by name, the default first: the one of the manifest, or the only one.
std::vector<WeightsFile> scan_folder(const fs::path& folder, WeightsKind kind) {
  std::vector<WeightsFile> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (is_weights_name(entry->path().filename().string(), kind)) files.push_back({entry->path().string()});
  }
  const std::string default_name = manifest_default(folder, kind);
  for (WeightsFile& file : files) {
    file.is_default = files.size() == 1 || fs::path(file.path).filename() == default_name;
  }
  std::sort(files.begin(), files.end(), [](const WeightsFile& a, const WeightsFile& b) {
    return a.is_default != b.is_default ? a.is_default : a.path < b.path;
  });
  return files;
}

// The metadata in the header of a weights file, 8 bytes of length before it (safetensors). Empty if there are none.
nlohmann::json metadata_of(const std::string& path) {
  constexpr uint64_t kMaxHeaderBytes = 1 << 24;
  std::ifstream file(path, std::ios::binary);
  unsigned char length[8] = {};
  if (!file.read(reinterpret_cast<char*>(length), sizeof(length))) return {};
  uint64_t size_bytes = 0;
  for (int i = 7; i >= 0; --i) size_bytes = size_bytes << 8 | length[i];
  if (size_bytes > kMaxHeaderBytes) return {};
  std::string header(size_bytes, '\0');
  if (!file.read(header.data(), static_cast<std::streamsize>(size_bytes))) return {};
  const auto json = nlohmann::json::parse(header, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("__metadata__") ? json["__metadata__"] : nlohmann::json();
}

// The image weights that a video weights file was trained with. Empty if it does not say.
std::string named_image_model(const std::string& path) {
  const nlohmann::json metadata = metadata_of(path);
  const bool is_named = metadata.is_object() && metadata.contains("image_model") && metadata["image_model"].is_string();
  return is_named ? metadata["image_model"].get<std::string>() : "";
}

// By its name, else by what its metadata say.
WeightsKind kind_of_file(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  for (const WeightsKind kind : {WeightsKind::kImage, WeightsKind::kVideo, WeightsKind::kAudio}) {
    if (is_weights_name(name, kind)) return kind;
  }
  if (!named_image_model(path).empty()) return WeightsKind::kVideo;
  const nlohmann::json metadata = metadata_of(path);
  const bool has_kind = metadata.is_object() && metadata.contains("kind") && metadata["kind"].is_string();
  const bool is_audio = has_kind && metadata["kind"].get<std::string>().rfind("laconic-audio", 0) == 0;
  return is_audio ? WeightsKind::kAudio : WeightsKind::kImage;
}

}  // namespace

ModelStore::ModelStore(const CommonOptions& options) : options_(options) {}

// What the user names must be there, whatever else is installed.
Status ModelStore::check_named_path() const {
  const char* variable = std::getenv("LACONIC_MODEL");
  const bool is_option = !options_.model_path.empty();
  const std::string path = is_option ? options_.model_path : variable != nullptr ? variable : "";
  std::error_code error;
  if (path.empty() || fs::exists(path, error)) return ok_status();
  return model_mismatch(fmt::format("weights '{}'{} do not exist", path, is_option ? "" : " named by $LACONIC_MODEL"));
}

std::vector<std::string> ModelStore::search_path(bool is_for_decoding) const {
  if (!options_.model_path.empty()) return {options_.model_path};
  std::vector<std::string> paths;
  if (const char* variable = std::getenv("LACONIC_MODEL"); variable != nullptr && *variable != '\0') {
    paths.emplace_back(variable);
    if (!is_for_decoding) return paths;  // decoding may need others than the preferred one
  }
  const std::vector<std::string> installed = installed_paths();
  paths.insert(paths.end(), installed.begin(), installed.end());
  return paths;
}

std::vector<std::string> ModelStore::installed_paths() const {
  std::vector<std::string> paths;
  std::error_code error;
  const fs::path folder = program_folder();
  if (fs::equivalent(folder, LACONIC_BUILD_DIR, error)) paths.emplace_back(LACONIC_SOURCE_WEIGHTS_DIR);
  paths.push_back((folder / LACONIC_RELATIVE_WEIGHTS_DIR).lexically_normal().string());
  if (paths.back() != LACONIC_INSTALL_WEIGHTS_DIR) paths.emplace_back(LACONIC_INSTALL_WEIGHTS_DIR);
  return paths;
}

Result<std::vector<WeightsFile>> ModelStore::weights_files(bool is_for_decoding, WeightsKind kind) const {
  LACONIC_RETURN_IF_ERROR(check_named_path());
  const std::vector<std::string> paths = search_path(is_for_decoding);
  std::vector<WeightsFile> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      const std::vector<WeightsFile> in_folder = scan_folder(path, kind);
      files.insert(files.end(), in_folder.begin(), in_folder.end());
    } else if (fs::exists(path, error) && kind_of_file(path) == kind) {
      files.push_back({path, true});
    }
  }
  if (files.empty()) {
    return model_mismatch(
        fmt::format("no weights for {} found; looked in {} (--model PATH names others)",
                    what_for(kind), fmt::join(paths, ", ")));
  }
  // Of several places the first one decides.
  const auto first_default =
      std::find_if(files.begin(), files.end(), [](const WeightsFile& f) { return f.is_default; });
  for (auto file = files.begin(); file != files.end(); ++file) file->is_default = file == first_default;
  return files;
}

template <typename Model>
Result<std::shared_ptr<const Model>> ModelStore::load_alone(const std::string& path, Loaded<Model>& loaded) {
  const auto known = loaded.find(path);
  if (known != loaded.end()) return known->second;
  const EndOnInterrupt nothing_to_clean_up;
  const auto start = Clock::now();
  ImageModelOptions model_options;
  model_options.device = options_.device;
  auto model = Model::load(path, model_options);
  seconds_loading_ += seconds_since(start);
  if (model.ok()) {
    loaded[path] = *model;
    return model;
  }
  // Weights that cannot be read are a matter of weights to the user, not of the picture at hand.
  if (model.status().code() == StatusCode::kIo) return model_mismatch(model.status().message());
  return model;
}

template <typename Model>
Result<std::shared_ptr<const Model>> ModelStore::find_alone(const std::string& model_id, WeightsKind kind, Loaded<Model>& loaded) {
  for (const auto& [path, model] : loaded) {
    if (model->id() == model_id) return model;
  }
  LACONIC_ASSIGN_OR_RETURN(const auto files, weights_files(/*is_for_decoding=*/true, kind));
  std::vector<std::string> found;
  for (const WeightsFile& file : files) {
    const auto model = load_alone(file.path, loaded);
    if (!model.ok() && model.status().code() != StatusCode::kModelMismatch) return model.status();
    if (model.ok() && (*model)->id() == model_id) return model;
    found.push_back(model.ok() ? fmt::format("{} ({})", (*model)->id(), file.path) : model.status().message());
  }
  return model_mismatch(fmt::format("needs weights {}; found: {}", model_id, fmt::join(found, ", ")));
}

Result<std::string> ModelStore::default_path(WeightsKind kind) const {
  LACONIC_ASSIGN_OR_RETURN(const auto files, weights_files(/*is_for_decoding=*/false, kind));
  if (files.front().is_default) return files.front().path;
  return model_mismatch(fmt::format("{} holds several weights for {} and no manifest.json that names one; choose with --model",
                                    fs::path(files.front().path).parent_path().string(), what_for(kind)));
}

Result<std::shared_ptr<const ImageModel>> ModelStore::load(const std::string& path) { return load_alone(path, loaded_); }

Result<std::shared_ptr<const ImageModel>> ModelStore::for_encoding() {
  LACONIC_ASSIGN_OR_RETURN(const std::string path, default_path(WeightsKind::kImage));
  return load(path);
}

Result<std::shared_ptr<const ImageModel>> ModelStore::for_stream(const std::string& model_id) {
  return find_alone(model_id, WeightsKind::kImage, loaded_);
}

Result<std::shared_ptr<const AudioModel>> ModelStore::load_audio(const std::string& path) {
  return load_alone(path, loaded_sounds_);
}

Result<std::shared_ptr<const AudioModel>> ModelStore::audio_for_encoding() {
  LACONIC_ASSIGN_OR_RETURN(const std::string path, default_path(WeightsKind::kAudio));
  return load_audio(path);
}

Result<std::shared_ptr<const AudioModel>> ModelStore::audio_for_stream(const std::string& model_id) {
  return find_alone(model_id, WeightsKind::kAudio, loaded_sounds_);
}

// Folders to look for image weights, and what --model or $LACONIC_MODEL names if that is a folder.
std::vector<std::string> ModelStore::image_weights_for(const std::string& video_path) const {
  std::vector<std::string> folders = {fs::path(video_path).parent_path().string()};
  for (const std::string& path : search_path(/*is_for_decoding=*/true)) folders.push_back(path);
  for (const std::string& path : installed_paths()) folders.push_back(path);
  std::vector<std::string> files;
  for (const std::string& folder : folders) {
    for (const WeightsFile& file : scan_folder(folder, WeightsKind::kImage)) {
      if (std::find(files.begin(), files.end(), file.path) == files.end()) files.push_back(file.path);
    }
  }
  return files;
}

// The loader compares ids; the first image weights that it accepts are the ones.
Result<std::shared_ptr<const VideoModel>> ModelStore::load_video(const std::string& path) {
  const auto known = loaded_videos_.find(path);
  if (known != loaded_videos_.end()) return known->second;
  const EndOnInterrupt nothing_to_clean_up;
  const auto start = Clock::now();
  ImageModelOptions model_options;
  model_options.device = options_.device;
  std::string last_message;
  for (const std::string& image_path : image_weights_for(path)) {
    auto model = VideoModel::load(path, image_path, model_options);
    if (model.ok()) {
      seconds_loading_ += seconds_since(start);
      loaded_videos_[path] = *model;
      return model;
    }
    last_message = model.status().message();
    if (model.status().code() != StatusCode::kModelMismatch && model.status().code() != StatusCode::kIo) return model;
  }
  if (last_message.empty()) {
    return model_mismatch(fmt::format("{} needs image weights {}, and none are found", path, named_image_model(path)));
  }
  return model_mismatch(last_message);
}

Result<std::shared_ptr<const VideoModel>> ModelStore::video_for_encoding() {
  LACONIC_ASSIGN_OR_RETURN(const std::string path, default_path(WeightsKind::kVideo));
  return load_video(path);
}

Result<std::shared_ptr<const VideoModel>> ModelStore::video_for_stream(const std::string& model_id,
                                                                       const std::string& image_model_id) {
  for (const auto& [path, model] : loaded_videos_) {
    if (model->id() == model_id && model->image_id() == image_model_id) return model;
  }
  const auto files = weights_files(/*is_for_decoding=*/true, WeightsKind::kVideo);
  std::vector<std::string> found;
  if (!files.ok()) found.push_back("nothing");
  for (const WeightsFile& file : files.ok() ? *files : std::vector<WeightsFile>()) {
    const auto model = load_video(file.path);
    if (!model.ok() && model.status().code() != StatusCode::kModelMismatch) return model.status();
    if (model.ok() && (*model)->id() == model_id && (*model)->image_id() == image_model_id) return model;
    found.push_back(model.ok() ? fmt::format("{} with {} ({})", (*model)->id(), (*model)->image_id(), file.path)
                               : model.status().message());
  }
  return model_mismatch(fmt::format("needs video weights {} with image weights {}; found: {}", model_id, image_model_id,
                                    fmt::join(found, ", ")));
}

}  // namespace laconic::cli
