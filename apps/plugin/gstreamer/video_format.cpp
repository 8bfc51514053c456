#include "apps/plugin/gstreamer/video_format.h"

namespace laconic::gstreamer {
namespace {

struct Pairing {
  int chroma;
  int bit_depth;
  GstVideoFormat format;
};

constexpr Pairing kPairings[] = {
    {420, 8, GST_VIDEO_FORMAT_I420},
    {422, 8, GST_VIDEO_FORMAT_Y42B},
    {444, 8, GST_VIDEO_FORMAT_Y444},
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    {420, 10, GST_VIDEO_FORMAT_I420_10LE},
    {422, 10, GST_VIDEO_FORMAT_I422_10LE},
    {444, 10, GST_VIDEO_FORMAT_Y444_10LE},
#else
    {420, 10, GST_VIDEO_FORMAT_I420_10BE},
    {422, 10, GST_VIDEO_FORMAT_I422_10BE},
    {444, 10, GST_VIDEO_FORMAT_Y444_10BE},
#endif
};

// H.273 writes 2 for unspecified, GStreamer's conversions 0 for what it does not know.
int code_point(guint iso) { return iso == 0 ? 2 : static_cast<int>(iso); }

}  // namespace

GstVideoFormat gst_format_of(const laconic_video_format& format) {
  for (const Pairing& pairing : kPairings) {
    if (pairing.chroma == format.chroma && pairing.bit_depth == format.bit_depth) return pairing.format;
  }
  return GST_VIDEO_FORMAT_UNKNOWN;
}

GstVideoColorimetry colorimetry_of(const laconic_video_format& format) {
  GstVideoColorimetry colorimetry;
  colorimetry.range = format.is_full_range ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235;
  colorimetry.matrix = gst_video_color_matrix_from_iso(static_cast<guint>(format.matrix));
  colorimetry.transfer = gst_video_transfer_function_from_iso(static_cast<guint>(format.transfer));
  colorimetry.primaries = gst_video_color_primaries_from_iso(static_cast<guint>(format.primaries));
  return colorimetry;
}

laconic_video_format codec_format_of(const GstVideoInfo& info) {
  laconic_video_format format = {};
  format.width_px = GST_VIDEO_INFO_WIDTH(&info);
  format.height_px = GST_VIDEO_INFO_HEIGHT(&info);
  for (const Pairing& pairing : kPairings) {
    if (pairing.format != GST_VIDEO_INFO_FORMAT(&info)) continue;
    format.chroma = pairing.chroma;
    format.bit_depth = pairing.bit_depth;
  }
  format.matrix = code_point(gst_video_color_matrix_to_iso(info.colorimetry.matrix));
  format.transfer = code_point(gst_video_transfer_function_to_iso(info.colorimetry.transfer));
  format.primaries = code_point(gst_video_color_primaries_to_iso(info.colorimetry.primaries));
  format.is_full_range = info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  return format;
}

}  // namespace laconic::gstreamer
