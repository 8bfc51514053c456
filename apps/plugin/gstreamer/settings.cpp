#include "apps/plugin/gstreamer/settings.h"

#include <gst/gst.h>

namespace laconic::gstreamer {

void install_run_properties(GObjectClass* object_class) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_property(
      object_class, kThreadsProperty,
      g_param_spec_int("threads", "Threads", "Threads to compute with; 0: one a core", 0, 1024, RunSettings().num_threads, flags));
  g_object_class_install_property(
      object_class, kDeviceProperty,
      g_param_spec_string("device", "Device", "What to compute on: cpu or cuda", RunSettings().device.c_str(), flags));
}

bool set_run_property(RunSettings& settings, guint id, const GValue* value) {
  if (id == kThreadsProperty) {
    settings.num_threads = g_value_get_int(value);
  } else if (id == kDeviceProperty) {
    const gchar* const device = g_value_get_string(value);
    settings.device = device != nullptr ? device : RunSettings().device;
  } else {
    return false;
  }
  return true;
}

bool get_run_property(const RunSettings& settings, guint id, GValue* value) {
  if (id == kThreadsProperty) {
    g_value_set_int(value, settings.num_threads);
  } else if (id == kDeviceProperty) {
    g_value_set_string(value, settings.device.c_str());
  } else {
    return false;
  }
  return true;
}

}  // namespace laconic::gstreamer
