// laconicimagedec: a .lac picture, to one raw frame of RGB, RGBA or grey, of 8 or 16 bits. Exif becomes tags, such as the orientation,
// which videoflip obeys.
//
//   gst-launch-1.0 filesrc location=photo.lac ! decodebin ! videoconvert ! pngenc ! filesink location=photo.png
//
// A file arrives in pieces and is whole at the end of the stream. With a frame rate in the caps (multifilesrc) each buffer is a file.
#include <gst/tag/tag.h>
#include <gst/video/gstvideodecoder.h>
#include <gst/video/video.h>

#include <cstring>

#include "apps/plugin/gstreamer/elements.h"
#include "apps/plugin/gstreamer/handles.h"
#include "apps/plugin/gstreamer/messages.h"
#include "apps/plugin/gstreamer/settings.h"
#include "apps/plugin/gstreamer/weights.h"

using namespace laconic::gstreamer;

namespace {

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
constexpr GstVideoFormat kGrey16 = GST_VIDEO_FORMAT_GRAY16_LE, kRgba16 = GST_VIDEO_FORMAT_RGBA64_LE;
constexpr const char* kSourceCaps = GST_VIDEO_CAPS_MAKE("{ GRAY8, GRAY16_LE, RGB, RGBA, RGBA64_LE }");
#else
constexpr GstVideoFormat kGrey16 = GST_VIDEO_FORMAT_GRAY16_BE, kRgba16 = GST_VIDEO_FORMAT_RGBA64_BE;
constexpr const char* kSourceCaps = GST_VIDEO_CAPS_MAKE("{ GRAY8, GRAY16_BE, RGB, RGBA, RGBA64_BE }");
#endif

struct State {
  RunSettings run;
  GstVideoCodecState* input = nullptr;  // owned

  void set_input(GstVideoCodecState* given) {
    if (given != nullptr) gst_video_codec_state_ref(given);
    if (input != nullptr) gst_video_codec_state_unref(input);
    input = given;
  }
  ~State() { set_input(nullptr); }
};

}  // namespace

struct LaconicImageDec {
  GstVideoDecoder parent;
  State* state;  // owned
};

struct LaconicImageDecClass {
  GstVideoDecoderClass parent_class;
};

G_DEFINE_TYPE(LaconicImageDec, laconic_image_dec, GST_TYPE_VIDEO_DECODER)
GST_ELEMENT_REGISTER_DEFINE(laconicimagedec, "laconicimagedec", GST_RANK_PRIMARY, laconic_image_dec_get_type())

namespace {

State& state_of(gpointer element) { return *static_cast<LaconicImageDec*>(element)->state; }

gboolean set_format(GstVideoDecoder* element, GstVideoCodecState* input) {
  state_of(element).set_input(input);
  gst_video_decoder_set_packetized(element, gst_structure_has_field(gst_caps_get_structure(input->caps, 0), "framerate"));
  return TRUE;
}

gboolean stop(GstVideoDecoder* element) {
  state_of(element).set_input(nullptr);
  return TRUE;
}

GstFlowReturn parse(GstVideoDecoder* element, GstVideoCodecFrame*, GstAdapter* adapter, gboolean is_end) {
  if (!is_end) return GST_VIDEO_DECODER_FLOW_NEED_DATA;
  gst_video_decoder_add_to_frame(element, static_cast<int>(gst_adapter_available(adapter)));
  return gst_video_decoder_have_frame(element);
}

// Null on failure, with error filled.
Picture decode(const RunSettings& run, const MappedBuffer& stream, laconic_error& error) {
  laconic_info* read = nullptr;
  laconic_info_read(stream.bytes(), stream.size(), &read, &error);
  const PictureInfo info(read);
  if (info == nullptr) return nullptr;
  const Model model = image_weights(run.device, laconic_info_model_id(info.get()), &error);
  if (model == nullptr) return nullptr;
  laconic_decoder* made = nullptr;
  laconic_decoder_create(model.get(), &made, &error);
  const Decoder decoder(made);
  if (decoder == nullptr || laconic_decoder_set_threads(made, run.num_threads, &error) != LACONIC_OK) return nullptr;
  laconic_image* picture = nullptr;
  laconic_decoder_decode(made, stream.bytes(), stream.size(), &picture, &error);
  return Picture(picture);
}

// The narrowest format that holds the picture; GStreamer has no RGB of 16 bits without alpha, and no grey with it.
GstVideoFormat format_of(const laconic_image* picture) {
  const int num_channels = laconic_image_channels(picture);
  const bool is_deep = laconic_image_bit_depth(picture) == 16;
  if (num_channels == 1) return is_deep ? kGrey16 : GST_VIDEO_FORMAT_GRAY8;
  if (is_deep) return kRgba16;
  return num_channels == 3 ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_FORMAT_RGBA;
}

// Grey is repeated, missing alpha is opaque.
template <typename Sample>
void copy_row(const Sample* from, int num_from, Sample* to, int num_to, int width_px) {
  for (int x = 0; x < width_px; ++x, from += num_from, to += num_to) {
    for (int c = 0; c < num_to; ++c) {
      const bool is_alpha = c == 3;
      if (is_alpha) {
        to[c] = num_from % 2 == 0 ? from[num_from - 1] : static_cast<Sample>(-1);
      } else {
        to[c] = from[num_from < 3 ? 0 : c];
      }
    }
  }
}

void copy_picture(const laconic_image* picture, GstVideoFrame& frame) {
  const auto* source = static_cast<const uint8_t*>(laconic_image_pixels(picture));
  auto* target = static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
  const int num_from = laconic_image_channels(picture);
  const int num_to = static_cast<int>(GST_VIDEO_FRAME_N_COMPONENTS(&frame));
  const int width_px = laconic_image_width(picture);
  for (int y = 0; y < laconic_image_height(picture); ++y) {
    if (laconic_image_bit_depth(picture) == 16) {  // rows of both sides are aligned for it
      copy_row(reinterpret_cast<const uint16_t*>(source), num_from, reinterpret_cast<uint16_t*>(target), num_to, width_px);
    } else {
      copy_row(source, num_from, target, num_to, width_px);
    }
    source += laconic_image_stride(picture);
    target += GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0);
  }
}

void say_tags(GstVideoDecoder* element, const laconic_image* picture) {
  Tags tags(gst_tag_list_new(GST_TAG_VIDEO_CODEC, "Laconic picture", nullptr));
  size_t size = 0;
  const uint8_t* const exif = laconic_image_metadata(picture, LACONIC_METADATA_EXIF, &size);
  if (exif != nullptr) {
    const Buffer buffer = buffer_of(exif, size);
    const Tags read(gst_tag_list_from_exif_buffer_with_tiff_header(buffer.get()));
    if (read != nullptr) gst_tag_list_insert(tags.get(), read.get(), GST_TAG_MERGE_REPLACE);
  }
  gst_video_decoder_merge_tags(element, tags.get(), GST_TAG_MERGE_REPLACE);
}

bool negotiate(GstVideoDecoder* element, const laconic_image* picture) {
  GstVideoCodecState* const output = gst_video_decoder_set_output_state(
      element, format_of(picture), static_cast<guint>(laconic_image_width(picture)), static_cast<guint>(laconic_image_height(picture)),
      state_of(element).input);
  const bool is_grey = laconic_image_channels(picture) == 1;
  output->info.colorimetry = {GST_VIDEO_COLOR_RANGE_0_255, is_grey ? GST_VIDEO_COLOR_MATRIX_BT601 : GST_VIDEO_COLOR_MATRIX_RGB,
                              GST_VIDEO_TRANSFER_SRGB, GST_VIDEO_COLOR_PRIMARIES_BT709};
  gst_video_codec_state_unref(output);
  return gst_video_decoder_negotiate(element);
}

// Takes the frame.
GstFlowReturn handle_frame(GstVideoDecoder* element, GstVideoCodecFrame* frame) {
  laconic_error error;
  Picture picture;
  {
    const MappedBuffer stream(frame->input_buffer);
    picture = decode(state_of(element).run, stream, error);
  }
  GstFlowReturn flow = GST_FLOW_ERROR;
  if (picture == nullptr) {
    post_error(GST_ELEMENT(element), error);
  } else {
    say_tags(element, picture.get());
    flow = negotiate(element, picture.get()) ? gst_video_decoder_allocate_output_frame(element, frame) : GST_FLOW_NOT_NEGOTIATED;
  }
  if (flow != GST_FLOW_OK) {
    gst_video_decoder_release_frame(element, frame);
    return flow;
  }
  GstVideoCodecState* const output = gst_video_decoder_get_output_state(element);
  GstVideoFrame target;
  const bool is_mapped = gst_video_frame_map(&target, &output->info, frame->output_buffer, GST_MAP_WRITE);
  gst_video_codec_state_unref(output);
  if (!is_mapped) {
    post_error(GST_ELEMENT(element), {LACONIC_IO, "the memory that the next element offers for the picture cannot be written"});
    gst_video_decoder_release_frame(element, frame);
    return GST_FLOW_ERROR;
  }
  copy_picture(picture.get(), target);
  gst_video_frame_unmap(&target);
  return gst_video_decoder_finish_frame(element, frame);
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  if (!set_run_property(state_of(object).run, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  if (!get_run_property(state_of(object).run, id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void finalize(GObject* object) {
  delete static_cast<LaconicImageDec*>(static_cast<void*>(object))->state;
  G_OBJECT_CLASS(laconic_image_dec_parent_class)->finalize(object);
}

}  // namespace

static void laconic_image_dec_class_init(LaconicImageDecClass* klass) {
  auto* const object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_run_properties(object_class);

  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Laconic picture decoder", "Codec/Decoder/Image",
                                        "Decodes still pictures of Laconic, a learned codec", "Laconic");
  const Caps sink(gst_caps_from_string("image/x-laconic"));
  const Caps source(gst_caps_from_string(kSourceCaps));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, sink.get()));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, source.get()));

  auto* const decoder_class = GST_VIDEO_DECODER_CLASS(klass);
  decoder_class->set_format = set_format;
  decoder_class->stop = stop;
  decoder_class->parse = parse;
  decoder_class->handle_frame = handle_frame;
}

static void laconic_image_dec_init(LaconicImageDec* element) {
  element->state = new State;
  gst_video_decoder_set_packetized(GST_VIDEO_DECODER(element), FALSE);
  gst_video_decoder_set_needs_format(GST_VIDEO_DECODER(element), TRUE);
}
