// The module `laconic`: decoders that decodebin and playbin find by themselves, encoders, and a muxer.
//
//   gst-inspect-1.0 laconic
#include "apps/plugin/gstreamer/elements.h"
#include "apps/plugin/gstreamer/messages.h"

GST_DEBUG_CATEGORY(laconic_debug);

namespace {

gboolean register_all(GstPlugin* plugin) {
  GST_DEBUG_CATEGORY_INIT(laconic_debug, "laconic", 0, "Laconic, a learned codec");
  return GST_ELEMENT_REGISTER(laconicvideodec, plugin) && GST_ELEMENT_REGISTER(laconicvideoenc, plugin) &&
         GST_ELEMENT_REGISTER(laconicaudiodec, plugin) && GST_ELEMENT_REGISTER(laconicaudioenc, plugin) &&
         GST_ELEMENT_REGISTER(laconicimagedec, plugin) && GST_ELEMENT_REGISTER(laconicmux, plugin);
}

}  // namespace

#define PACKAGE "laconic"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, laconic, "The learned codec Laconic: video, sound, still pictures", register_all,
                  LACONIC_PLUGIN_VERSION, "unknown" /* GStreamer's list lacks Apache-2.0 */, "Laconic", "Unknown package origin")
