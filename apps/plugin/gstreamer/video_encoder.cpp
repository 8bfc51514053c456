// laconicvideoenc: raw frames, to our video. One frame is one packet, in order; with B-frames packets come b-frames + 3 frames later. The stream header goes
// into the caps.
//
//   gst-launch-1.0 filesrc location=film.mp4 ! decodebin ! videoconvert ! laconicvideoenc quality=60
//     ! laconicmux ! filesink location=film.mov
//
// A key frame can be asked for by a force-key-unit event (gst_video_event_new_upstream_force_key_unit).
#include <gst/video/gstvideoencoder.h>
#include <gst/video/video.h>

#include "apps/plugin/gstreamer/elements.h"
#include "apps/plugin/gstreamer/handles.h"
#include "apps/plugin/gstreamer/messages.h"
#include "apps/plugin/gstreamer/settings.h"
#include "apps/plugin/gstreamer/video_format.h"
#include "apps/plugin/gstreamer/weights.h"

using namespace laconic::gstreamer;

namespace {

enum : guint { kQualityProperty = kFirstOwnProperty, kBitrateProperty, kKeyIntervalProperty, kBFramesProperty };

struct State {
  RunSettings run;
  float quality = 50;
  guint bits_per_second = 0;
  int key_interval = 60;
  int max_b_frames = 3;
  VideoEncoder encoder;
  CapsError caps_error;
  GstVideoInfo info = {};  // of the frames
};

}  // namespace

struct LaconicVideoEnc {
  GstVideoEncoder parent;
  State* state;  // owned
};

struct LaconicVideoEncClass {
  GstVideoEncoderClass parent_class;
};

G_DEFINE_TYPE(LaconicVideoEnc, laconic_video_enc, GST_TYPE_VIDEO_ENCODER)
GST_ELEMENT_REGISTER_DEFINE(laconicvideoenc, "laconicvideoenc", GST_RANK_SECONDARY, laconic_video_enc_get_type())

namespace {

State& state_of(gpointer element) { return *static_cast<LaconicVideoEnc*>(element)->state; }

// Null on failure, with error filled.
VideoEncoder open_encoder(const State& state, laconic_error& error) {
  const VideoModel model = video_weights(state.run.device, nullptr, nullptr, &error);
  if (model == nullptr) return nullptr;
  const laconic_video_format format = codec_format_of(state.info);
  laconic_video_encoder* made = nullptr;
  laconic_video_encoder_create(model.get(), &format, &made, &error);
  VideoEncoder encoder(made);
  if (encoder == nullptr) return nullptr;
  const double frames_per_second = static_cast<double>(GST_VIDEO_INFO_FPS_N(&state.info)) / GST_VIDEO_INFO_FPS_D(&state.info);
  if (laconic_video_encoder_set_quality(made, state.quality, &error) != LACONIC_OK ||
      laconic_video_encoder_set_key_interval(made, state.key_interval, &error) != LACONIC_OK ||
      laconic_video_encoder_set_max_b_frames(made, state.max_b_frames, &error) != LACONIC_OK ||
      laconic_video_encoder_set_threads(made, state.run.num_threads, &error) != LACONIC_OK ||
      (state.bits_per_second != 0 &&
       laconic_video_encoder_set_bitrate(made, state.bits_per_second, frames_per_second, &error) != LACONIC_OK)) {
    return nullptr;
  }
  return encoder;
}

// The packets that are due, each with the frame that has waited longest.
GstFlowReturn give_packets(GstVideoEncoder* element) {
  while (true) {
    laconic_error error;
    laconic_packet* made = nullptr;
    if (laconic_video_encoder_receive(state_of(element).encoder.get(), &made, &error) != LACONIC_OK) {
      post_error(GST_ELEMENT(element), error);
      return GST_FLOW_ERROR;
    }
    const Packet packet(made);
    if (packet == nullptr) return GST_FLOW_OK;
    GstVideoCodecFrame* const frame = gst_video_encoder_get_oldest_frame(element);
    frame->output_buffer = buffer_of(laconic_packet_bytes(made), laconic_packet_size(made)).release();
    frame->dts = frame->pts;  // packets are in the order of showing
    if (laconic_packet_is_key(made)) GST_VIDEO_CODEC_FRAME_SET_SYNC_POINT(frame);
    const GstFlowReturn flow = gst_video_encoder_finish_frame(element, frame);
    if (flow != GST_FLOW_OK) return flow;
  }
}

// The packets of the frames that wait; no more can be sent.
GstFlowReturn drain(GstVideoEncoder* element) {
  State& state = state_of(element);
  if (state.encoder == nullptr) return GST_FLOW_OK;
  laconic_error error;
  if (laconic_video_encoder_drain(state.encoder.get(), &error) == LACONIC_OK) return give_packets(element);
  post_error(GST_ELEMENT(element), error);
  return GST_FLOW_ERROR;
}

gboolean set_format(GstVideoEncoder* element, GstVideoCodecState* input) {
  State& state = state_of(element);
  if (drain(element) != GST_FLOW_OK) return FALSE;  // frames of the format before
  state.info = input->info;
  laconic_error error;
  state.encoder = open_encoder(state, error);
  const uint8_t* header = nullptr;
  size_t size = 0;
  if (state.encoder == nullptr || laconic_video_encoder_header(state.encoder.get(), &header, &size, &error) != LACONIC_OK) {
    state.encoder.reset();
    state.caps_error.post(GST_ELEMENT(element), error);
    return FALSE;
  }
  state.caps_error.clear();
  GstCaps* const caps = gst_caps_new_empty_simple(kVideoType);
  const Buffer codec_data = buffer_of(header, size);
  gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, codec_data.get(), nullptr);
  gst_video_codec_state_unref(gst_video_encoder_set_output_state(element, caps, input));
  const int num_waiting = state.max_b_frames == 0 ? 0 : state.max_b_frames + LACONIC_LOOKAHEAD_FRAMES;
  const GstClockTime latency = GST_VIDEO_INFO_FPS_N(&state.info) == 0 ? 0 :
      gst_util_uint64_scale(static_cast<guint64>(num_waiting) * GST_SECOND, GST_VIDEO_INFO_FPS_D(&state.info), GST_VIDEO_INFO_FPS_N(&state.info));
  gst_video_encoder_set_latency(element, latency, latency);

  const Tags tags(gst_tag_list_new(GST_TAG_VIDEO_CODEC, "Laconic video", nullptr));
  gst_video_encoder_merge_tags(element, tags.get(), GST_TAG_MERGE_REPLACE);
  return gst_video_encoder_negotiate(element);
}

gboolean stop(GstVideoEncoder* element) {
  state_of(element).encoder.reset();
  state_of(element).caps_error.clear();
  return TRUE;
}

// Frames that wait are forgotten; what comes next need not follow what came before.
gboolean flush(GstVideoEncoder* element) {
  State& state = state_of(element);
  laconic_error error;
  if (state.encoder != nullptr && (state.encoder = open_encoder(state, error)) == nullptr) post_error(GST_ELEMENT(element), error);
  return state.encoder != nullptr;
}

laconic_status send(State& state, GstVideoCodecFrame* frame, laconic_error& error) {
  GstVideoFrame source;
  if (!gst_video_frame_map(&source, &state.info, frame->input_buffer, GST_MAP_READ)) {
    g_strlcpy(error.message, "the memory of a frame cannot be read", sizeof(error.message));
    return error.code = LACONIC_IO;
  }
  const void* planes[3];
  size_t stride_bytes[3];
  for (int p = 0; p < 3; ++p) {
    planes[p] = GST_VIDEO_FRAME_PLANE_DATA(&source, p);
    stride_bytes[p] = static_cast<size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&source, p));
  }
  const laconic_status status =
      laconic_video_encoder_send(state.encoder.get(), planes, stride_bytes, 0, 0, GST_VIDEO_CODEC_FRAME_IS_FORCE_KEYFRAME(frame), &error);
  gst_video_frame_unmap(&source);
  return status;
}

// Takes the frame.
GstFlowReturn handle_frame(GstVideoEncoder* element, GstVideoCodecFrame* frame) {
  laconic_error error;
  if (send(state_of(element), frame, error) != LACONIC_OK) {
    post_error(GST_ELEMENT(element), error);
    gst_video_encoder_finish_frame(element, frame);  // without output: released
    return GST_FLOW_ERROR;
  }
  gst_video_codec_frame_unref(frame);
  return give_packets(element);
}

// What comes after the end starts anew.
GstFlowReturn finish(GstVideoEncoder* element) {
  State& state = state_of(element);
  const GstFlowReturn flow = drain(element);
  laconic_error error;
  if (state.encoder != nullptr) state.encoder = open_encoder(state, error);  // weights that were there are there
  return flow;
}

// Frames with padded rows are read as they are.
gboolean propose_allocation(GstVideoEncoder* element, GstQuery* query) {
  gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  return GST_VIDEO_ENCODER_CLASS(laconic_video_enc_parent_class)->propose_allocation(element, query);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = state_of(object);
  if (set_run_property(state.run, id, value)) return;
  switch (id) {
    case kQualityProperty:
      state.quality = g_value_get_float(value);
      break;
    case kBitrateProperty:
      state.bits_per_second = g_value_get_uint(value);
      break;
    case kKeyIntervalProperty:
      state.key_interval = g_value_get_int(value);
      break;
    case kBFramesProperty:
      state.max_b_frames = g_value_get_int(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const State& state = state_of(object);
  if (get_run_property(state.run, id, value)) return;
  switch (id) {
    case kQualityProperty:
      g_value_set_float(value, state.quality);
      break;
    case kBitrateProperty:
      g_value_set_uint(value, state.bits_per_second);
      break;
    case kKeyIntervalProperty:
      g_value_set_int(value, state.key_interval);
      break;
    case kBFramesProperty:
      g_value_set_int(value, state.max_b_frames);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void finalize(GObject* object) {
  delete static_cast<LaconicVideoEnc*>(static_cast<void*>(object))->state;
  G_OBJECT_CLASS(laconic_video_enc_parent_class)->finalize(object);
}

void install_properties(GObjectClass* object_class) {
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  const State defaults;
  g_object_class_install_property(
      object_class, kQualityProperty,
      g_param_spec_float("quality", "Quality", "Higher is better; continuous", 0, 100, defaults.quality, flags));
  g_object_class_install_property(
      object_class, kBitrateProperty,
      g_param_spec_uint("bitrate", "Bit rate", "Aim at so many bits a second, by moving the quality; 0: constant quality", 0, G_MAXUINT,
                        defaults.bits_per_second, flags));
  g_object_class_install_property(
      object_class, kKeyIntervalProperty,
      g_param_spec_int("key-int", "Key interval", "Frames from one key frame to the next at most; 1: key frames only", 1, 1 << 20,
                       defaults.key_interval, flags));
  g_object_class_install_property(
      object_class, kBFramesProperty,
      g_param_spec_int("b-frames", "B-frames", "Frames at most coded between two others, and 3 less than frames of delay; 0: none of either", 0, 15,
                       defaults.max_b_frames, flags));
}

}  // namespace

static void laconic_video_enc_class_init(LaconicVideoEncClass* klass) {
  auto* const object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_run_properties(object_class);
  install_properties(object_class);

  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Laconic video encoder", "Codec/Encoder/Video",
                                        "Encodes video with Laconic, a learned codec", "Laconic");
  const Caps sink(gst_caps_from_string(kRawVideoCaps));
  const Caps source(gst_caps_new_empty_simple(kVideoType));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, sink.get()));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, source.get()));

  auto* const encoder_class = GST_VIDEO_ENCODER_CLASS(klass);
  encoder_class->set_format = set_format;
  encoder_class->stop = stop;
  encoder_class->flush = flush;
  encoder_class->handle_frame = handle_frame;
  encoder_class->finish = finish;
  encoder_class->propose_allocation = propose_allocation;
}

static void laconic_video_enc_init(LaconicVideoEnc* element) { element->state = new State; }
