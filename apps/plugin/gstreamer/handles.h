// Owners of the handles that this folder works with: the codec's and GStreamer's.
#pragma once

#include <gst/gst.h>

#include <memory>

#include "apps/plugin/owners.h"

namespace laconic::gstreamer {

using plugin::Decoder;
using plugin::FreeWith;
using plugin::Model;
using plugin::Picture;
using plugin::PictureInfo;

using Packet = std::unique_ptr<laconic_packet, FreeWith<laconic_packet_free>>;

using VideoModel = std::unique_ptr<laconic_video_model, FreeWith<laconic_video_model_free>>;
using VideoEncoder = std::unique_ptr<laconic_video_encoder, FreeWith<laconic_video_encoder_free>>;
using VideoDecoder = std::unique_ptr<laconic_video_decoder, FreeWith<laconic_video_decoder_free>>;
using VideoFrame = std::unique_ptr<laconic_video_frame, FreeWith<laconic_video_frame_free>>;

using AudioModel = std::unique_ptr<laconic_audio_model, FreeWith<laconic_audio_model_free>>;
using AudioEncoder = std::unique_ptr<laconic_audio_encoder, FreeWith<laconic_audio_encoder_free>>;
using AudioDecoder = std::unique_ptr<laconic_audio_decoder, FreeWith<laconic_audio_decoder_free>>;
using AudioFrame = std::unique_ptr<laconic_audio_frame, FreeWith<laconic_audio_frame_free>>;

using Text = std::unique_ptr<gchar, FreeWith<g_free>>;

// The functions that release these are inline in GStreamer's headers: no arguments for a template that several files share.
struct Unref {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
  void operator()(GstBuffer* buffer) const { gst_buffer_unref(buffer); }
  void operator()(GstTagList* tags) const { gst_tag_list_unref(tags); }
};
using Caps = std::unique_ptr<GstCaps, Unref>;
using Buffer = std::unique_ptr<GstBuffer, Unref>;
using Tags = std::unique_ptr<GstTagList, Unref>;
using Element = std::unique_ptr<GstElement, FreeWith<gst_object_unref>>;
using Pad = std::unique_ptr<GstPad, FreeWith<gst_object_unref>>;
using Iterator = std::unique_ptr<GstIterator, FreeWith<gst_iterator_free>>;

// The bytes of a buffer for reading, while this object lives.
class MappedBuffer {
 public:
  explicit MappedBuffer(GstBuffer* buffer) : buffer_(buffer), is_mapped_(gst_buffer_map(buffer, &map_, GST_MAP_READ) != FALSE) {}
  ~MappedBuffer() {
    if (is_mapped_) gst_buffer_unmap(buffer_, &map_);
  }
  MappedBuffer(const MappedBuffer&) = delete;
  MappedBuffer& operator=(const MappedBuffer&) = delete;

  const uint8_t* bytes() const { return is_mapped_ ? map_.data : nullptr; }
  size_t size() const { return is_mapped_ ? map_.size : 0; }

 private:
  GstBuffer* const buffer_;
  GstMapInfo map_ = GST_MAP_INFO_INIT;
  const bool is_mapped_;  // after map_, which it fills
};

// A buffer with a copy of the bytes.
inline Buffer buffer_of(const uint8_t* bytes, size_t size) {
  GstBuffer* const buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
  gst_buffer_fill(buffer, 0, bytes, size);
  return Buffer(buffer);
}

}  // namespace laconic::gstreamer
