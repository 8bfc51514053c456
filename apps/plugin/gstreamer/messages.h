// What the elements say on the bus: the codec's sentences, and GStreamer's codes for them.
#pragma once

#include <gst/gst.h>

#include "codec/laconic.h"

GST_DEBUG_CATEGORY_EXTERN(laconic_debug);  // GST_DEBUG=laconic:5

namespace laconic::gstreamer {

// One error message; the caller then returns GST_FLOW_ERROR or FALSE, and nobody below it posts another.
void post_error(GstElement* element, const laconic_error& error);
// Of our own sentence; for streams that contradict themselves.
void post_stream_error(GstElement* element, const char* sentence);
// For what was concealed or lost, while the stream goes on.
void post_warning(GstElement* element, const char* sentence);

}  // namespace laconic::gstreamer
