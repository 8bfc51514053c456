// The elements of the module `laconic`. What each does stands at the top of its source.
#pragma once

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(laconicvideodec)
GST_ELEMENT_REGISTER_DECLARE(laconicvideoenc)
GST_ELEMENT_REGISTER_DECLARE(laconicaudiodec)
GST_ELEMENT_REGISTER_DECLARE(laconicaudioenc)
GST_ELEMENT_REGISTER_DECLARE(laconicimagedec)
GST_ELEMENT_REGISTER_DECLARE(laconicmux)

namespace laconic::gstreamer {

// Caps of our streams between our own elements; in files FourCCs name them.
constexpr const char* kVideoType = "video/x-laconic";
constexpr const char* kAudioType = "audio/x-laconic";

}  // namespace laconic::gstreamer
