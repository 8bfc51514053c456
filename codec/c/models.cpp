// The C interface over model_store.h: installed weights, found by what a stream asks for.
#include <memory>
#include <string>

#include "codec/c/handles.h"
#include "codec/model_store.h"

struct laconic_models {
  std::unique_ptr<laconic::ModelStore> store;
};

namespace {

using laconic::invalid_argument;
using laconic::ok_status;
using laconic::Status;
using laconic::c::guarded_making;
using laconic::c::null_argument;

}  // namespace

laconic_status laconic_models_open(const char* path, const char* device, laconic_models** models, laconic_error* error) {
  return guarded_making(models, error, [&](laconic_models& made) -> Status {
    laconic::ModelStoreOptions options;
    if (path != nullptr) options.path = path;
    if (device != nullptr) options.device = device;
    made.store = std::make_unique<laconic::ModelStore>(options);
    return ok_status();
  });
}

laconic_status laconic_models_image(laconic_models* models, const char* model_id, laconic_model** model, laconic_error* error) {
  return guarded_making(model, error, [&](laconic_model& made) -> Status {
    if (models == nullptr) return null_argument("models");
    LACONIC_ASSIGN_OR_RETURN(made.model, model_id != nullptr ? models->store->for_stream(model_id) : models->store->for_encoding());
    made.id = made.model->id();
    return ok_status();
  });
}

laconic_status laconic_models_video(laconic_models* models, const char* model_id, const char* image_model_id,
                                    laconic_video_model** model, laconic_error* error) {
  return guarded_making(model, error, [&](laconic_video_model& made) -> Status {
    if (models == nullptr) return null_argument("models");
    if ((model_id == nullptr) != (image_model_id == nullptr))
      return invalid_argument("only one of model_id and image_model_id is NULL, allowed are both and none");
    LACONIC_ASSIGN_OR_RETURN(made.model, model_id != nullptr ? models->store->video_for_stream(model_id, image_model_id)
                                                             : models->store->video_for_encoding());
    made.id = made.model->id();
    return ok_status();
  });
}

laconic_status laconic_models_audio(laconic_models* models, const char* model_id, laconic_audio_model** model, laconic_error* error) {
  return guarded_making(model, error, [&](laconic_audio_model& made) -> Status {
    if (models == nullptr) return null_argument("models");
    LACONIC_ASSIGN_OR_RETURN(made.model,
                             model_id != nullptr ? models->store->audio_for_stream(model_id) : models->store->audio_for_encoding());
    made.id = made.model->id();
    return ok_status();
  });
}

void laconic_models_free(laconic_models* models) { delete models; }
