// Where weights are looked for, and which of them a job needs. For the command line, and for the C interface.
//
//   the path given, else $LACONIC_MODEL, else data/weights of the source tree (for what runs from its build tree), else
//   share/laconic/weights of the installation that the program or shared library holding this code lies in, else that of the
//   prefix it was configured for.
//
// What the path or $LACONIC_MODEL names must exist; decoding looks in the places after $LACONIC_MODEL too, for other ids.
// A path may be a file or a folder. In a folder, image-*.safetensors, video-*.safetensors and audio-*.safetensors count;
// manifest.json names the default one of each kind.
//
// Video weights work with the image weights they were trained with. Those are looked for beside them, then in all places.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/audio_codec.h"
#include "codec/image_codec.h"
#include "codec/video_codec.h"

namespace laconic {

struct ModelStoreOptions {
  std::string path;            // a weights file, or a folder with some; empty: looked up
  std::string device = "cpu";  // "cpu" or "cuda"
  // What it returns is kept while weights are loaded, which takes up to a second and cannot be cancelled; may be empty.
  std::function<std::shared_ptr<void>()> guard_loading;
};

enum class WeightsKind { kImage, kVideo, kAudio };

struct WeightsFile {
  std::string path;
  bool is_default = false;  // used for encoding
};

// Loads each weights file at most once. One thread at a time.
class ModelStore {
 public:
  explicit ModelStore(ModelStoreOptions options);

  Result<std::shared_ptr<const ImageModel>> for_encoding();
  // The one that a stream names; kModelMismatch names the id wanted and those found.
  Result<std::shared_ptr<const ImageModel>> for_stream(const std::string& model_id);
  Result<std::shared_ptr<const ImageModel>> load(const std::string& path);
  // The same for films.
  Result<std::shared_ptr<const VideoModel>> video_for_encoding();
  Result<std::shared_ptr<const VideoModel>> video_for_stream(const std::string& model_id, const std::string& image_model_id);
  Result<std::shared_ptr<const VideoModel>> load_video(const std::string& path);
  // The same for sound.
  Result<std::shared_ptr<const AudioModel>> audio_for_encoding();
  Result<std::shared_ptr<const AudioModel>> audio_for_stream(const std::string& model_id);
  Result<std::shared_ptr<const AudioModel>> load_audio(const std::string& path);
  // The default one first; kModelMismatch if there is none.
  Result<std::vector<WeightsFile>> weights_files(bool is_for_decoding, WeightsKind kind = WeightsKind::kImage) const;

  double seconds_loading() const { return seconds_loading_; }

 private:
  Status check_named_path() const;
  std::vector<std::string> search_path(bool is_for_decoding) const;
  std::vector<std::string> image_weights_for(const std::string& video_path) const;
  Result<std::string> default_path(WeightsKind kind) const;
  // Of weights that need no others: pictures', sound's.
  template <typename Model>
  using Loaded = std::map<std::string, std::shared_ptr<const Model>>;
  template <typename Model>
  Result<std::shared_ptr<const Model>> load_alone(const std::string& path, Loaded<Model>& loaded);
  template <typename Model>
  Result<std::shared_ptr<const Model>> find_alone(const std::string& model_id, WeightsKind kind, Loaded<Model>& loaded);

  // load: () -> Result<std::shared_ptr<const Model>>.
  template <typename Load>
  auto timed_load(Load load);

  const ModelStoreOptions options_;
  Loaded<ImageModel> loaded_;  // these: by path
  Loaded<VideoModel> loaded_videos_;
  Loaded<AudioModel> loaded_sounds_;
  double seconds_loading_ = 0;
};

}  // namespace laconic
