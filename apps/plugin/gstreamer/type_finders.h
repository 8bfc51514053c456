// Recognises .lac pictures, and QuickTime and Matroska files with streams of ours. A module of its own, since GStreamer loads it
// for every file that it opens, and the decoders' takes LibTorch along.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <vector>

namespace laconic::gstreamer {

using StreamHeaders = std::vector<std::vector<uint8_t>>;

// The headers of our streams in a file, each once; empty where there are none, or not within what can be seen of the file.
// A pipe shows its first kilobytes only, and so its films play if the index is there (our writers put it there).
StreamHeaders quicktime_headers(GstTypeFind* find);
StreamHeaders matroska_headers(GstTypeFind* find);

}  // namespace laconic::gstreamer
