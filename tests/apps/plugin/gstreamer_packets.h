// Packets of ours, pushed into single elements.
#pragma once

#include <gst/check/gstharness.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/apps/plugin/gstreamer_player.h"

namespace laconic::gstreamer {

using Harness = std::unique_ptr<GstHarness, FreeWith<gst_harness_teardown>>;

// A stream as an encoder of the plugin makes it.
struct Stream {
  Caps caps;  // with codec_data
  std::vector<Buffer> packets;
};

// 30 frames of a moving picture, 25 a second, a key frame every ten.
Stream encode_video(int width_px, int height_px);
// Two seconds and a bit of two tones, which is two key packets.
Stream encode_sound();

// A copy whose byte `at` has one bit flipped; or that ends before `at`.
Buffer flipped(GstBuffer* packet, size_t at);
Buffer cut(GstBuffer* packet, size_t at);

// One element, with caps set, and what it says on its bus.
class Lonely {
 public:
  using Settings = std::vector<std::pair<const char*, const char*>>;  // properties and their values
  Lonely(const std::string& element, const Caps& caps, const Settings& settings = {});
  ~Lonely() { gst_element_set_bus(harness_->element, nullptr); }
  GstHarness* get() const { return harness_.get(); }

  GstFlowReturn push(GstBuffer* packet) const { return gst_harness_push(get(), gst_buffer_ref(packet)); }
  std::vector<Piece> pull() const;  // all that came out since the last call
  Played messages() const { return read_messages(bus_.get()); }

 private:
  Harness harness_;
  std::unique_ptr<GstBus, FreeWith<gst_object_unref>> bus_;
};

}  // namespace laconic::gstreamer
