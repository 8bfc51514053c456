// The installed weights, shared by all elements of this process. Found where the command line finds them
// (laconic_models_open); a file that was loaded once stays, so the next film starts at once. From any thread.
#pragma once

#include <string>

#include "apps/plugin/gstreamer/handles.h"

namespace laconic::gstreamer {

// device: "cpu" or "cuda". Ids: as a stream names them; null: the weights that encode by default. Null on failure; error says
// why.
Model image_weights(const std::string& device, const char* id, laconic_error* error);
VideoModel video_weights(const std::string& device, const char* id, const char* image_id, laconic_error* error);
AudioModel audio_weights(const std::string& device, const char* id, laconic_error* error);

}  // namespace laconic::gstreamer
