// What the elements say on the bus: the codec's sentences, and GStreamer's codes for them.
#pragma once

#include <gst/gst.h>

#include "codec/laconic.h"

GST_DEBUG_CATEGORY_EXTERN(laconic_debug);  // GST_DEBUG=laconic:5

namespace laconic::gstreamer {

// One error message; the caller then returns GST_FLOW_ERROR or FALSE, and nobody below it posts another.
void post_error(GstElement* element, const laconic_error& error);
// For what was concealed or lost, while the stream goes on.
void post_warning(GstElement* element, const char* sentence);

// Errors of caps: GStreamer's base classes offer caps that were refused again with each buffer, and one message is enough.
class CapsError {
 public:
  void post(GstElement* element, const laconic_error& error);
  void post(GstElement* element, const char* sentence);  // of our own, for streams that contradict themselves
  void clear() { is_posted_ = false; }  // the element stops, or takes caps

 private:
  bool is_posted_ = false;
};

}  // namespace laconic::gstreamer
