#include "tests/apps/plugin/gstreamer_packets.h"

#include <gst/app/gstappsink.h>

namespace laconic::gstreamer {
namespace {

Stream encode(const std::string& description) {
  const Pipeline pipeline(description + " ! appsink name=sink sync=false wait-on-eos=false max-buffers=0");
  const Played played = pipeline.play();
  EXPECT_TRUE(played.has_ended);
  Stream stream;
  const Element sink = pipeline.element("sink");
  while (GstSample* const sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), 0)) {
    if (stream.caps == nullptr) stream.caps.reset(gst_caps_ref(gst_sample_get_caps(sample)));
    stream.packets.emplace_back(gst_buffer_ref(gst_sample_get_buffer(sample)));
    gst_sample_unref(sample);
  }
  return stream;
}

Buffer copy(GstBuffer* packet, const Bytes& bytes) {
  Buffer made = buffer_of(bytes.data(), bytes.size());
  gst_buffer_copy_into(made.get(), packet, static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS), 0, -1);
  return made;
}

Bytes bytes_of(GstBuffer* packet) {
  const MappedBuffer mapped(packet);
  return Bytes(mapped.bytes(), mapped.bytes() + mapped.size());
}

}  // namespace

Stream encode_video(int width_px, int height_px) {
  return encode("videotestsrc pattern=ball num-buffers=30 ! video/x-raw,format=I420,framerate=25/1,width=" + std::to_string(width_px) +
                ",height=" + std::to_string(height_px) + " ! laconicvideoenc key-int=10");
}

Stream encode_sound() {
  return encode("audiotestsrc num-buffers=56 samplesperbuffer=2048 ! audio/x-raw,format=F32LE,rate=48000,channels=2 ! laconicaudioenc");
}

Buffer flipped(GstBuffer* packet, size_t at) {
  Bytes bytes = bytes_of(packet);
  bytes[at] ^= 0x10;
  return copy(packet, bytes);
}

Buffer cut(GstBuffer* packet, size_t at) {
  Bytes bytes = bytes_of(packet);
  bytes.resize(at);
  return copy(packet, bytes);
}

Lonely::Lonely(const std::string& element, const Caps& caps, const Settings& settings)
    : harness_(gst_harness_new(element.c_str())), bus_(gst_bus_new()) {
  gst_element_set_bus(harness_->element, bus_.get());
  for (const auto& [name, value] : settings) gst_util_set_object_arg(G_OBJECT(harness_->element), name, value);
  gst_harness_set_src_caps(get(), gst_caps_ref(caps.get()));
}

std::vector<Piece> Lonely::pull() const {
  std::vector<Piece> pieces;
  while (const Buffer buffer{gst_harness_try_pull(get())}) {
    pieces.push_back({GST_BUFFER_PTS(buffer.get()), GST_BUFFER_DURATION(buffer.get()), bytes_of(buffer.get())});
  }
  return pieces;
}

}  // namespace laconic::gstreamer
