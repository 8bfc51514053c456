#include "apps/plugin/gdk-pixbuf/weights.h"

#include <mutex>

namespace laconic::gdk_pixbuf {
namespace {

// Never freed: other threads may still decode when the process ends, and LibTorch's own statics are gone by then.
struct Installed {
  std::mutex mutex;  // a collection is for one thread at a time
  laconic_models* models = nullptr;
};

Installed& installed() {
  static Installed* const the_only_one = new Installed;
  return *the_only_one;
}

}  // namespace

Model weights_for(const char* model_id, laconic_error* error) {
  Installed& weights = installed();
  const std::lock_guard<std::mutex> lock(weights.mutex);
  // A failure is not kept: weights may be installed while a file manager runs.
  if (weights.models == nullptr && laconic_models_open(nullptr, nullptr, &weights.models, error) != LACONIC_OK) return nullptr;
  laconic_model* model = nullptr;
  laconic_models_image(weights.models, model_id, &model, error);
  return Model(model);
}

}  // namespace laconic::gdk_pixbuf
