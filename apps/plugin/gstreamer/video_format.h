// Between GStreamer's description of a frame and the codec's.
#pragma once

#include <gst/video/video.h>

#include "codec/laconic.h"

namespace laconic::gstreamer {

// Pad templates of raw frames: planar YCbCr of 8 and 10 bits in the machine's byte order, all that the codec knows.
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
constexpr const char* kRawVideoCaps = GST_VIDEO_CAPS_MAKE("{ I420, Y42B, Y444, I420_10LE, I422_10LE, Y444_10LE }");
#else
constexpr const char* kRawVideoCaps = GST_VIDEO_CAPS_MAKE("{ I420, Y42B, Y444, I420_10BE, I422_10BE, Y444_10BE }");
#endif

GstVideoFormat gst_format_of(const laconic_video_format& format);
GstVideoColorimetry colorimetry_of(const laconic_video_format& format);
// info: one of the formats above.
laconic_video_format codec_format_of(const GstVideoInfo& info);

}  // namespace laconic::gstreamer
