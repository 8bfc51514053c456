#include "apps/plugin/gstreamer/weights.h"

#include <map>
#include <mutex>

namespace laconic::gstreamer {
namespace {

// Never freed: streaming threads may still decode when the process ends, and LibTorch's own statics are gone by then.
struct Installed {
  std::mutex mutex;  // a collection is for one thread at a time
  std::map<std::string, laconic_models*> by_device;
};

Installed& installed() {
  static Installed* const the_only_one = new Installed;
  return *the_only_one;
}

// find(collection): receives the model. A failure is not kept: weights may be installed while a player runs.
template <typename Owner, typename Find>
Owner weights_for(const std::string& device, laconic_error* error, const Find& find) {
  Installed& weights = installed();
  const std::lock_guard<std::mutex> lock(weights.mutex);
  laconic_models*& models = weights.by_device[device];
  if (models == nullptr && laconic_models_open(nullptr, device.c_str(), &models, error) != LACONIC_OK) return nullptr;
  return Owner(find(models));
}

}  // namespace

Model image_weights(const std::string& device, const char* id, laconic_error* error) {
  return weights_for<Model>(device, error, [&](laconic_models* models) {
    laconic_model* model = nullptr;
    laconic_models_image(models, id, &model, error);
    return model;
  });
}

VideoModel video_weights(const std::string& device, const char* id, const char* image_id, laconic_error* error) {
  return weights_for<VideoModel>(device, error, [&](laconic_models* models) {
    laconic_video_model* model = nullptr;
    laconic_models_video(models, id, image_id, &model, error);
    return model;
  });
}

AudioModel audio_weights(const std::string& device, const char* id, laconic_error* error) {
  return weights_for<AudioModel>(device, error, [&](laconic_models* models) {
    laconic_audio_model* model = nullptr;
    laconic_models_audio(models, id, &model, error);
    return model;
  });
}

}  // namespace laconic::gstreamer
