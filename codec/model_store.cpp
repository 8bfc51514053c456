#include "codec/model_store.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

// Set by codec/CMakeLists.txt.
#if !defined(LACONIC_BUILD_DIR) || !defined(LACONIC_SOURCE_WEIGHTS_DIR) || !defined(LACONIC_INSTALL_WEIGHTS_DIR) || \
    !defined(LACONIC_RELATIVE_WEIGHTS_DIR)
#error "the weights folders are not defined"
#endif

namespace laconic {
namespace {

namespace fs = std::filesystem;

// The folder of the file that this code was linked into: a program, a shared library, a plugin of another program. Without
// symbolic links: /lib may lead to /usr/lib.
fs::path own_folder() {
  fs::path file = "/proc/self/exe";
  Dl_info info{};
  link_map* map = nullptr;  // its name is empty for the program itself
  const bool is_found = dladdr1(reinterpret_cast<void*>(&own_folder), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0;
  if (is_found && map != nullptr && map->l_name != nullptr && *map->l_name != '\0') file = map->l_name;
  std::error_code error;
  return fs::canonical(file, error).parent_path();
}

// PREFIX/bin/laconic, PREFIX/lib/x86_64-linux-gnu/liblaconic.so.0, PREFIX/lib/.../loaders/plugin.so: the first folder upwards with
// weights of an installation is PREFIX. Within the build tree, those of the source tree.
std::vector<std::string> installed_paths() {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::path folder = own_folder(); folder.has_relative_path(); folder = folder.parent_path()) {
    const fs::path weights = folder / LACONIC_RELATIVE_WEIGHTS_DIR;
    const bool is_build_tree = fs::equivalent(folder, LACONIC_BUILD_DIR, error);
    if (!is_build_tree && !fs::is_directory(weights, error)) continue;
    paths.push_back(is_build_tree ? LACONIC_SOURCE_WEIGHTS_DIR : weights.string());
    break;
  }
  if (paths.empty() || paths.front() != LACONIC_INSTALL_WEIGHTS_DIR) paths.emplace_back(LACONIC_INSTALL_WEIGHTS_DIR);
  return paths;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
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

ModelStore::ModelStore(ModelStoreOptions options) : options_(std::move(options)) {}

// What the user names must be there, whatever else is installed.
Status ModelStore::check_named_path() const {
  const char* variable = std::getenv("LACONIC_MODEL");
  const bool is_option = !options_.path.empty();
  const std::string path = is_option ? options_.path : variable != nullptr ? variable : "";
  std::error_code error;
  if (path.empty() || fs::exists(path, error)) return ok_status();
  return model_mismatch("weights '" + path + "'" + (is_option ? "" : " named by $LACONIC_MODEL") + " do not exist");
}

std::vector<std::string> ModelStore::search_path(bool is_for_decoding) const {
  if (!options_.path.empty()) return {options_.path};
  std::vector<std::string> paths;
  if (const char* variable = std::getenv("LACONIC_MODEL"); variable != nullptr && *variable != '\0') {
    paths.emplace_back(variable);
    if (!is_for_decoding) return paths;  // decoding may need others than the preferred one
  }
  const std::vector<std::string> installed = installed_paths();
  paths.insert(paths.end(), installed.begin(), installed.end());
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
    return model_mismatch(std::string("no weights for ") + what_for(kind) + " found; looked in " + joined(paths) +
                          " (--model PATH or $LACONIC_MODEL names others)");
  }
  // Of several places the first one decides.
  const auto first_default =
      std::find_if(files.begin(), files.end(), [](const WeightsFile& f) { return f.is_default; });
  for (auto file = files.begin(); file != files.end(); ++file) file->is_default = file == first_default;
  return files;
}

template <typename Load>
auto ModelStore::timed_load(Load load) {
  const std::shared_ptr<void> guard = options_.guard_loading ? options_.guard_loading() : nullptr;
  const auto start = std::chrono::steady_clock::now();
  auto model = load();
  seconds_loading_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return model;
}

template <typename Model>
Result<std::shared_ptr<const Model>> ModelStore::load_alone(const std::string& path, Loaded<Model>& loaded) {
  const auto known = loaded.find(path);
  if (known != loaded.end()) return known->second;
  ImageModelOptions model_options;
  model_options.device = options_.device;
  auto model = timed_load([&] { return Model::load(path, model_options); });
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
    found.push_back(model.ok() ? (*model)->id() + " (" + file.path + ")" : model.status().message());
  }
  return model_mismatch("needs weights " + model_id + "; found: " + joined(found));
}

Result<std::string> ModelStore::default_path(WeightsKind kind) const {
  LACONIC_ASSIGN_OR_RETURN(const auto files, weights_files(/*is_for_decoding=*/false, kind));
  if (files.front().is_default) return files.front().path;
  return model_mismatch(fs::path(files.front().path).parent_path().string() + " holds several weights for " + what_for(kind) +
                        " and no manifest.json that names one; choose with --model or $LACONIC_MODEL");
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
  ImageModelOptions model_options;
  model_options.device = options_.device;
  std::string last_message;
  for (const std::string& image_path : image_weights_for(path)) {
    auto model = timed_load([&] { return VideoModel::load(path, image_path, model_options); });
    if (model.ok()) {
      loaded_videos_[path] = *model;
      return model;
    }
    last_message = model.status().message();
    if (model.status().code() != StatusCode::kModelMismatch && model.status().code() != StatusCode::kIo) return model;
  }
  if (last_message.empty()) {
    return model_mismatch(path + " needs image weights " + named_image_model(path) + ", and none are found");
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
    found.push_back(model.ok() ? (*model)->id() + " with " + (*model)->image_id() + " (" + file.path + ")" : model.status().message());
  }
  return model_mismatch("needs video weights " + model_id + " with image weights " + image_model_id + "; found: " + joined(found));
}

}  // namespace laconic
