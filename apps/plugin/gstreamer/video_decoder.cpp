// laconicvideodec: our video, to raw frames. One packet is one frame, in order, without delay.
//
//   gst-launch-1.0 filesrc location=film.mov ! decodebin ! videoconvert ! autovideosink
//
// Note [Frames that come too late]
// Every frame is predicted from the one before, so a late frame must be decoded all the same while it leads to one in time: only
// its copy to the display is saved, and once a second it is shown for all that. When more than kHopeless behind, the decoder never
// catches up by this, and drops packets undecoded up to the next key frame, which needs none of them.
#include <gst/video/gstvideodecoder.h>
#include <gst/video/video.h>

#include <cstring>

#include "apps/plugin/gstreamer/elements.h"
#include "apps/plugin/gstreamer/handles.h"
#include "apps/plugin/gstreamer/messages.h"
#include "apps/plugin/gstreamer/settings.h"
#include "apps/plugin/gstreamer/stream_headers.h"
#include "apps/plugin/gstreamer/video_format.h"
#include "apps/plugin/gstreamer/weights.h"

using namespace laconic::gstreamer;

namespace {

constexpr GstClockTimeDiff kHopeless = GST_SECOND;

enum : guint { kConcealProperty = kFirstOwnProperty };

struct State {
  RunSettings run;
  bool conceals = false;
  VideoDecoder decoder;
  CapsError caps_error;
  bool skips_to_key = false;                        // see Note [Frames that come too late]
  GstClockTime last_shown = GST_CLOCK_TIME_NONE;  // time stamp
};

}  // namespace

struct LaconicVideoDec {
  GstVideoDecoder parent;
  State* state;  // owned
};

struct LaconicVideoDecClass {
  GstVideoDecoderClass parent_class;
};

G_DEFINE_TYPE(LaconicVideoDec, laconic_video_dec, GST_TYPE_VIDEO_DECODER)
GST_ELEMENT_REGISTER_DEFINE(laconicvideodec, "laconicvideodec", GST_RANK_PRIMARY, laconic_video_dec_get_type())

namespace {

State& state_of(gpointer element) { return *static_cast<LaconicVideoDec*>(element)->state; }

// Null on failure, with error filled.
VideoDecoder open_decoder(const State& state, const std::vector<uint8_t>& header, laconic_video_format& format, laconic_error& error) {
  char model_id[17], image_model_id[17];
  if (laconic_video_info(header.data(), header.size(), &format, model_id, image_model_id, &error) != LACONIC_OK) return nullptr;
  const VideoModel model = video_weights(state.run.device, model_id, image_model_id, &error);
  if (model == nullptr) return nullptr;
  laconic_video_decoder* made = nullptr;
  laconic_video_decoder_create(model.get(), header.data(), header.size(), &made, &error);
  VideoDecoder decoder(made);
  if (decoder == nullptr || laconic_video_decoder_set_threads(made, state.run.num_threads, &error) != LACONIC_OK ||
      laconic_video_decoder_set_conceal(made, state.conceals, &error) != LACONIC_OK) {
    return nullptr;
  }
  return decoder;
}

gboolean set_format(GstVideoDecoder* element, GstVideoCodecState* input) {
  State& state = state_of(element);
  state.decoder.reset();
  const std::vector<uint8_t> header = stream_header(StreamKind::kVideo, GST_VIDEO_DECODER_SINK_PAD(element), input->caps);
  if (header.empty()) {
    state.caps_error.post(GST_ELEMENT(element), kNoHeader);
    return FALSE;
  }
  laconic_error error;
  laconic_video_format format = {};
  state.decoder = open_decoder(state, header, format, error);
  if (state.decoder == nullptr) {
    state.caps_error.post(GST_ELEMENT(element), error);
    return FALSE;
  }
  state.caps_error.clear();
  GstVideoCodecState* const output = gst_video_decoder_set_output_state(
      element, gst_format_of(format), static_cast<guint>(format.width_px), static_cast<guint>(format.height_px), input);
  output->info.colorimetry = colorimetry_of(format);
  gst_video_codec_state_unref(output);

  const Tags tags(gst_tag_list_new(GST_TAG_VIDEO_CODEC, "Laconic video", nullptr));
  gst_video_decoder_merge_tags(element, tags.get(), GST_TAG_MERGE_REPLACE);
  return gst_video_decoder_negotiate(element);
}

gboolean stop(GstVideoDecoder* element) {
  state_of(element).decoder.reset();
  state_of(element).caps_error.clear();
  return TRUE;
}

gboolean flush(GstVideoDecoder* element) {
  State& state = state_of(element);
  laconic_video_decoder_reset(state.decoder.get(), nullptr);
  state.skips_to_key = false;
  state.last_shown = GST_CLOCK_TIME_NONE;
  return TRUE;
}

void copy_planes(const laconic_video_frame* from, GstVideoFrame& to) {
  for (int p = 0; p < 3; ++p) {
    const auto* source = static_cast<const uint8_t*>(laconic_video_frame_plane(from, p));
    auto* target = static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&to, p));
    const size_t row_bytes = laconic_video_frame_stride(from, p);
    for (int y = 0; y < laconic_video_frame_rows(from, p); ++y) {
      std::memcpy(target, source, row_bytes);
      source += row_bytes;
      target += GST_VIDEO_FRAME_PLANE_STRIDE(&to, p);
    }
  }
}

// Takes the frame.
GstFlowReturn show(GstVideoDecoder* element, const laconic_video_frame* decoded, GstVideoCodecFrame* frame) {
  const GstFlowReturn flow = gst_video_decoder_allocate_output_frame(element, frame);
  if (flow != GST_FLOW_OK) {
    gst_video_decoder_release_frame(element, frame);
    return flow;
  }
  GstVideoCodecState* const output = gst_video_decoder_get_output_state(element);
  GstVideoFrame target;
  const bool is_mapped = gst_video_frame_map(&target, &output->info, frame->output_buffer, GST_MAP_WRITE);
  gst_video_codec_state_unref(output);
  if (!is_mapped) {
    post_error(GST_ELEMENT(element), {LACONIC_IO, "the memory that the next element offers for frames cannot be written"});
    gst_video_decoder_release_frame(element, frame);
    return GST_FLOW_ERROR;
  }
  copy_planes(decoded, target);
  gst_video_frame_unmap(&target);
  state_of(element).last_shown = frame->pts;
  return gst_video_decoder_finish_frame(element, frame);
}

bool was_shown_lately(const State& state, GstClockTime now) {
  return GST_CLOCK_TIME_IS_VALID(state.last_shown) && GST_CLOCK_TIME_IS_VALID(now) && now >= state.last_shown &&
         now - state.last_shown < GST_SECOND;
}

// Takes the frame.
GstFlowReturn handle_frame(GstVideoDecoder* element, GstVideoCodecFrame* frame) {
  State& state = state_of(element);
  // Matroska says only when a frame is to be decoded where frames are not reordered.
  if (!GST_CLOCK_TIME_IS_VALID(frame->pts)) frame->pts = frame->dts;
  const GstClockTimeDiff time_left = gst_video_decoder_get_max_decode_time(element, frame);  // huge without a clock or QoS
  const bool is_key = GST_VIDEO_CODEC_FRAME_IS_SYNC_POINT(frame);
  state.skips_to_key = !is_key && (state.skips_to_key || time_left < -kHopeless);
  if (state.skips_to_key) return gst_video_decoder_drop_frame(element, frame);

  laconic_error error;
  laconic_video_frame* made = nullptr;
  laconic_status status;
  {
    const MappedBuffer packet(frame->input_buffer);
    status = laconic_video_decoder_decode(state.decoder.get(), packet.bytes(), packet.size(), 0, 0, &made, &error);
  }
  const VideoFrame decoded(made);
  if (status != LACONIC_OK) {
    post_error(GST_ELEMENT(element), error);
    gst_video_decoder_release_frame(element, frame);
    return GST_FLOW_ERROR;
  }
  if (const char* const damage = laconic_video_decoder_damage(state.decoder.get())) post_warning(GST_ELEMENT(element), damage);
  if (decoded == nullptr || (time_left < 0 && was_shown_lately(state, frame->pts))) return gst_video_decoder_drop_frame(element, frame);
  return show(element, decoded.get(), frame);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = state_of(object);
  if (set_run_property(state.run, id, value)) return;
  if (id == kConcealProperty) {
    state.conceals = g_value_get_boolean(value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const State& state = state_of(object);
  if (get_run_property(state.run, id, value)) return;
  if (id == kConcealProperty) {
    g_value_set_boolean(value, state.conceals);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void finalize(GObject* object) {
  delete static_cast<LaconicVideoDec*>(static_cast<void*>(object))->state;
  G_OBJECT_CLASS(laconic_video_dec_parent_class)->finalize(object);
}

void add_templates(GstElementClass* element_class) {
  const Caps sink(gst_caps_from_string(
      "video/x-gst-fourcc-LACV; video/x-unknown, codec-id=(string)V_MS/VFW/FOURCC, fourcc=(string)LACV; video/x-laconic"));
  const Caps source(gst_caps_from_string(kRawVideoCaps));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, sink.get()));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, source.get()));
}

}  // namespace

static void laconic_video_dec_class_init(LaconicVideoDecClass* klass) {
  auto* const object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_run_properties(object_class);
  g_object_class_install_property(
      object_class, kConcealProperty,
      g_param_spec_boolean("conceal", "Conceal", "Show the frame before again in place of a damaged one", FALSE,
                           static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)));

  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Laconic video decoder", "Codec/Decoder/Video",
                                        "Decodes video of Laconic, a learned codec", "Laconic");
  add_templates(element_class);

  auto* const decoder_class = GST_VIDEO_DECODER_CLASS(klass);
  decoder_class->set_format = set_format;
  decoder_class->stop = stop;
  decoder_class->flush = flush;
  decoder_class->handle_frame = handle_frame;
}

static void laconic_video_dec_init(LaconicVideoDec* element) {
  element->state = new State;
  gst_video_decoder_set_packetized(GST_VIDEO_DECODER(element), TRUE);
  gst_video_decoder_set_needs_format(GST_VIDEO_DECODER(element), TRUE);
  gst_video_decoder_set_needs_sync_point(GST_VIDEO_DECODER(element), TRUE);  // packets before the first key frame never come here
}
