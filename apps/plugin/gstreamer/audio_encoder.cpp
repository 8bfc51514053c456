// laconicaudioenc: raw sound at 48 kHz (audioresample before it takes others), to our sound. The stream header goes into the caps.
//
//   gst-launch-1.0 filesrc location=song.flac ! decodebin ! audioconvert ! audioresample ! laconicaudioenc
//     ! laconicmux ! filesink location=song.mov
//
// Time as in codec/audio_codec.h, Note [Time]: the first packet only prepares the decoder; it has the time stamp of the first sample,
// and no duration. Each later one has the time stamp of the samples that decoding it gives. The last is as long as the rest of the sound.
#include <gst/audio/gstaudioencoder.h>

#include <algorithm>
#include <vector>

#include "apps/plugin/gstreamer/audio_format.h"
#include "apps/plugin/gstreamer/elements.h"
#include "apps/plugin/gstreamer/handles.h"
#include "apps/plugin/gstreamer/messages.h"
#include "apps/plugin/gstreamer/settings.h"
#include "apps/plugin/gstreamer/weights.h"

using namespace laconic::gstreamer;

namespace {

constexpr int kLatencyPackets = 3;   // sent before the first packet comes out
constexpr int kBitsPerSample = 16;   // for players that write files: how deep the source was is not known here

enum : guint { kQualityProperty = kFirstOwnProperty, kBitrateProperty };

struct State {
  RunSettings run;
  float quality = 50;
  guint bits_per_second = 0;
  AudioEncoder encoder;
  CapsError caps_error;
  laconic_audio_format format = {};
  bool has_order = false;                // input samples are to be brought from `from` to `to`
  Positions from = {}, to = {};
  uint64_t num_sent = 0;    // samples a channel
  uint64_t num_given = 0;   // of these, in packets that went downstream
  bool is_primed = false;   // the first packet went
};

}  // namespace

struct LaconicAudioEnc {
  GstAudioEncoder parent;
  State* state;  // owned
};

struct LaconicAudioEncClass {
  GstAudioEncoderClass parent_class;
};

G_DEFINE_TYPE(LaconicAudioEnc, laconic_audio_enc, GST_TYPE_AUDIO_ENCODER)
GST_ELEMENT_REGISTER_DEFINE(laconicaudioenc, "laconicaudioenc", GST_RANK_SECONDARY, laconic_audio_enc_get_type())

namespace {

State& state_of(gpointer element) { return *static_cast<LaconicAudioEnc*>(element)->state; }

// Null on failure, with error filled.
AudioEncoder open_encoder(const State& state, laconic_error& error) {
  const AudioModel model = audio_weights(state.run.device, nullptr, &error);
  if (model == nullptr) return nullptr;
  laconic_audio_encoder* made = nullptr;
  laconic_audio_encoder_create(model.get(), &state.format, &made, &error);
  AudioEncoder encoder(made);
  if (encoder == nullptr || laconic_audio_encoder_set_quality(made, state.quality, &error) != LACONIC_OK ||
      laconic_audio_encoder_set_threads(made, state.run.num_threads, &error) != LACONIC_OK ||
      (state.bits_per_second != 0 && laconic_audio_encoder_set_bitrate(made, state.bits_per_second, &error) != LACONIC_OK)) {
    return nullptr;
  }
  return encoder;
}

// A new stream with the same format: after new caps, a flush, or the end.
bool start_encoder(State& state, laconic_error& error) {
  state.num_sent = state.num_given = 0;
  state.is_primed = false;
  state.encoder = open_encoder(state, error);
  return state.encoder != nullptr;
}

void take_format(State& state, const GstAudioInfo& info) {
  state.format = {kRateHz, GST_AUDIO_INFO_CHANNELS(&info), 0, kBitsPerSample};
  state.has_order = mask_of(info, state.format.channel_mask, state.to);
  if (state.has_order) std::copy_n(info.position, state.format.num_channels, state.from.begin());
  state.has_order = state.has_order && !std::equal(info.position, info.position + state.format.num_channels, state.to.begin());
}

gboolean set_format(GstAudioEncoder* element, GstAudioInfo* info) {
  State& state = state_of(element);
  take_format(state, *info);
  laconic_error error;
  const uint8_t* header = nullptr;
  size_t size = 0;
  if (!start_encoder(state, error) || laconic_audio_encoder_header(state.encoder.get(), &header, &size, &error) != LACONIC_OK) {
    state.caps_error.post(GST_ELEMENT(element), error);
    return FALSE;
  }
  state.caps_error.clear();
  const GstClockTime latency = gst_util_uint64_scale(kLatencyPackets * kPacketSamples, GST_SECOND, kRateHz);
  gst_audio_encoder_set_latency(element, latency, latency);

  const Tags tags(gst_tag_list_new(GST_TAG_AUDIO_CODEC, "Laconic audio", nullptr));
  gst_audio_encoder_merge_tags(element, tags.get(), GST_TAG_MERGE_REPLACE);
  const Buffer codec_data = buffer_of(header, size);
  const Caps caps(gst_caps_new_simple(kAudioType, "rate", G_TYPE_INT, kRateHz, "channels", G_TYPE_INT, state.format.num_channels,
                                      "codec_data", GST_TYPE_BUFFER, codec_data.get(), nullptr));
  return gst_audio_encoder_set_output_format(element, caps.get());
}

gboolean stop(GstAudioEncoder* element) {
  state_of(element).encoder.reset();
  state_of(element).caps_error.clear();
  return TRUE;
}

void flush(GstAudioEncoder* element) {
  State& state = state_of(element);
  laconic_error error;
  if (state.encoder != nullptr && !start_encoder(state, error)) post_error(GST_ELEMENT(element), error);
}

GstFlowReturn give_packets(GstAudioEncoder* element) {
  State& state = state_of(element);
  while (true) {
    laconic_error error;
    laconic_packet* made = nullptr;
    if (laconic_audio_encoder_receive(state.encoder.get(), &made, &error) != LACONIC_OK) {
      post_error(GST_ELEMENT(element), error);
      return GST_FLOW_ERROR;
    }
    const Packet packet(made);
    if (packet == nullptr) return GST_FLOW_OK;
    const uint64_t num_samples = state.is_primed ? std::min<uint64_t>(kPacketSamples, state.num_sent - state.num_given) : 0;
    state.is_primed = true;
    state.num_given += num_samples;
    Buffer buffer = buffer_of(laconic_packet_bytes(made), laconic_packet_size(made));
    if (!laconic_packet_is_key(made)) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    const GstFlowReturn flow = gst_audio_encoder_finish_frame(element, buffer.release(), static_cast<gint>(num_samples));
    if (flow != GST_FLOW_OK) return flow;
  }
}

GstFlowReturn drain(GstAudioEncoder* element) {
  State& state = state_of(element);
  if (state.encoder == nullptr || state.num_sent == 0) return GST_FLOW_OK;
  laconic_error error;
  GstFlowReturn flow = GST_FLOW_ERROR;
  if (laconic_audio_encoder_drain(state.encoder.get(), state.num_sent, &error) != LACONIC_OK) {
    post_error(GST_ELEMENT(element), error);
  } else {
    flow = give_packets(element);
  }
  if (!start_encoder(state, error)) state.encoder.reset();  // weights that were there are there
  return flow;
}

GstFlowReturn handle_frame(GstAudioEncoder* element, GstBuffer* input) {
  if (input == nullptr) return drain(element);
  State& state = state_of(element);
  laconic_error error;
  laconic_status status;
  {
    const MappedBuffer mapped(input);
    const auto num_channels = static_cast<size_t>(state.format.num_channels);
    const auto* samples = reinterpret_cast<const float*>(mapped.bytes());
    std::vector<float> reordered;
    if (state.has_order) {
      reordered.assign(samples, samples + mapped.size() / sizeof(float));
      gst_audio_reorder_channels(reordered.data(), reordered.size() * sizeof(float), GST_AUDIO_FORMAT_F32, state.format.num_channels,
                                 state.from.data(), state.to.data());
      samples = reordered.data();
    }
    const size_t num_samples = mapped.size() / sizeof(float) / num_channels;
    status = laconic_audio_encoder_send(state.encoder.get(), samples, num_samples, &error);
    state.num_sent += num_samples;
  }
  if (status == LACONIC_OK) return give_packets(element);
  post_error(GST_ELEMENT(element), error);
  return GST_FLOW_ERROR;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  State& state = state_of(object);
  if (set_run_property(state.run, id, value)) return;
  if (id == kQualityProperty) {
    state.quality = g_value_get_float(value);
  } else if (id == kBitrateProperty) {
    state.bits_per_second = g_value_get_uint(value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const State& state = state_of(object);
  if (get_run_property(state.run, id, value)) return;
  if (id == kQualityProperty) {
    g_value_set_float(value, state.quality);
  } else if (id == kBitrateProperty) {
    g_value_set_uint(value, state.bits_per_second);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void finalize(GObject* object) {
  delete static_cast<LaconicAudioEnc*>(static_cast<void*>(object))->state;
  G_OBJECT_CLASS(laconic_audio_enc_parent_class)->finalize(object);
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
}

}  // namespace

static void laconic_audio_enc_class_init(LaconicAudioEncClass* klass) {
  auto* const object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_run_properties(object_class);
  install_properties(object_class);

  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Laconic audio encoder", "Codec/Encoder/Audio",
                                        "Encodes sound with Laconic, a learned codec", "Laconic");
  const Caps sink(gst_caps_from_string(kRawAudioCaps));
  const Caps source(gst_caps_from_string("audio/x-laconic, rate=(int)48000, channels=(int)[ 1, 8 ]"));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, sink.get()));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, source.get()));

  auto* const encoder_class = GST_AUDIO_ENCODER_CLASS(klass);
  encoder_class->set_format = set_format;
  encoder_class->stop = stop;
  encoder_class->flush = flush;
  encoder_class->handle_frame = handle_frame;
}

static void laconic_audio_enc_init(LaconicAudioEnc* element) { element->state = new State; }
