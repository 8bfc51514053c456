// The module `laconictypefind`.
//
//   gst-typefind-1.0 film.mov photo.lac
#include "apps/plugin/gstreamer/type_finders.h"

#include <cstring>

#include "apps/plugin/gstreamer/handles.h"
#include "apps/plugin/gstreamer/stream_headers.h"

namespace laconic::gstreamer {
namespace {

// Asked before GStreamer's own, which name the same files without our headers.
constexpr guint kRank = GST_RANK_PRIMARY + 1;

void suggest(GstTypeFind* find, Caps caps, const StreamHeaders& headers) {
  GValue list = G_VALUE_INIT, item = G_VALUE_INIT;
  g_value_init(&list, GST_TYPE_ARRAY);
  g_value_init(&item, GST_TYPE_BUFFER);
  for (const std::vector<uint8_t>& header : headers) {
    gst_value_take_buffer(&item, buffer_of(header.data(), header.size()).release());
    gst_value_array_append_value(&list, &item);
  }
  gst_caps_set_value(caps.get(), kHeadersField, &list);
  g_value_unset(&item);
  g_value_unset(&list);
  gst_type_find_suggest(find, GST_TYPE_FIND_MAXIMUM, caps.get());
}

void find_quicktime(GstTypeFind* find, gpointer) {
  const StreamHeaders headers = quicktime_headers(find);
  if (headers.empty()) return;
  suggest(find, Caps(gst_caps_new_simple("video/quicktime", "variant", G_TYPE_STRING, "apple", nullptr)), headers);
}

void find_matroska(GstTypeFind* find, gpointer) {
  const StreamHeaders headers = matroska_headers(find);
  if (!headers.empty()) suggest(find, Caps(gst_caps_new_empty_simple("video/x-matroska")), headers);
}

void find_picture(GstTypeFind* find, gpointer) {
  const uint8_t* const start = gst_type_find_peek(find, 0, 4);
  if (start == nullptr || std::memcmp(start, "\xB1LAC", 4) != 0) return;  // FORMAT.md 4.1
  const Caps caps(gst_caps_new_empty_simple("image/x-laconic"));
  gst_type_find_suggest(find, GST_TYPE_FIND_MAXIMUM, caps.get());
}

gboolean register_finder(GstPlugin* plugin, const char* name, GstTypeFindFunction function, const char* extensions, const char* type) {
  const Caps caps(gst_caps_new_empty_simple(type));
  return gst_type_find_register(plugin, name, kRank, function, extensions, caps.get(), nullptr, nullptr);
}

gboolean register_all(GstPlugin* plugin) {
  return register_finder(plugin, "laconic-quicktime", find_quicktime, "mov,qt", "video/quicktime") &&
         register_finder(plugin, "laconic-matroska", find_matroska, "mkv", "video/x-matroska") &&
         register_finder(plugin, "laconic-picture", find_picture, "lac", "image/x-laconic");
}

}  // namespace
}  // namespace laconic::gstreamer

#define PACKAGE "laconic"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, laconictypefind, "Recognises files of the learned codec Laconic",
                  laconic::gstreamer::register_all, LACONIC_PLUGIN_VERSION, "unknown" /* GStreamer's list lacks Apache-2.0 */,
                  "Laconic", "Unknown package origin")
