// The properties that all elements have: where and how wide they compute.
#pragma once

#include <glib-object.h>

#include <string>

namespace laconic::gstreamer {

struct RunSettings {
  int num_threads = 0;  // 0: one a core
  std::string device = "cpu";
};

// Ids of these properties; an element's own begin at kFirstOwnProperty.
enum : guint { kThreadsProperty = 1, kDeviceProperty, kFirstOwnProperty };

void install_run_properties(GObjectClass* object_class);
// False if the id is not one of these.
bool set_run_property(RunSettings& settings, guint id, const GValue* value);
bool get_run_property(const RunSettings& settings, guint id, GValue* value);

}  // namespace laconic::gstreamer
