// The installed weights, shared by all pictures that this process opens.
#pragma once

#include "apps/plugin/gdk-pixbuf/handles.h"

namespace laconic::gdk_pixbuf {

// model_id: as the stream names it. Looked for where the command line looks (laconic_models_open); a file that was loaded
// once stays, so a folder of a hundred pictures loads its weights once. From any thread. Null on failure; error says why.
Model weights_for(const char* model_id, laconic_error* error);

}  // namespace laconic::gdk_pixbuf
