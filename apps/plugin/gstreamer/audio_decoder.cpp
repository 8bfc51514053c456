// laconicaudiodec: our sound, to 48 kHz; audioresample after it gives other rates.
//
//   gst-launch-1.0 filesrc location=song.mov ! decodebin ! audioconvert ! audioresample ! autoaudiosink
//
// Time as in codec/audio_codec.h, Note [Time]: the first packet, and the first one after a flush, only prepares the next and gives no
// sound. Time stamps are the container's: QuickTime has an edit list, so that the sample after the first packet is at 0. The last
// packet says where the sound ends, and what lies beyond is cut.
//
// Note [Sound after a seek]
// Decoding begins at key packets, every two seconds, but QuickTime's readers take every packet of sound for one (to say otherwise would
// cost bytes in each fragment) and start at the packet of the time asked for. Packets up to the next key packet are dropped, and
// silence with their time stamps is given: sound sets in up to two seconds after the seek, at the right time.
#include <gst/audio/gstaudiodecoder.h>

#include <algorithm>

#include "apps/plugin/gstreamer/audio_format.h"
#include "apps/plugin/gstreamer/elements.h"
#include "apps/plugin/gstreamer/handles.h"
#include "apps/plugin/gstreamer/messages.h"
#include "apps/plugin/gstreamer/settings.h"
#include "apps/plugin/gstreamer/stream_headers.h"
#include "apps/plugin/gstreamer/weights.h"

using namespace laconic::gstreamer;

namespace {

enum : guint { kConcealProperty = kFirstOwnProperty };

struct State {
  RunSettings run;
  bool conceals = false;
  AudioDecoder decoder;
  CapsError caps_error;
  laconic_audio_format format = {};
  bool is_primed = false;  // a packet was decoded since the last flush
  bool is_silent = false;  // see Note [Sound after a seek]
};

}  // namespace

struct LaconicAudioDec {
  GstAudioDecoder parent;
  State* state;  // owned
};

struct LaconicAudioDecClass {
  GstAudioDecoderClass parent_class;
};

G_DEFINE_TYPE(LaconicAudioDec, laconic_audio_dec, GST_TYPE_AUDIO_DECODER)
GST_ELEMENT_REGISTER_DEFINE(laconicaudiodec, "laconicaudiodec", GST_RANK_PRIMARY, laconic_audio_dec_get_type())

namespace {

State& state_of(gpointer element) { return *static_cast<LaconicAudioDec*>(element)->state; }

// Null on failure, with error filled.
AudioDecoder open_decoder(const State& state, const std::vector<uint8_t>& header, laconic_audio_format& format, laconic_error& error) {
  char model_id[17];
  if (laconic_audio_info(header.data(), header.size(), &format, model_id, &error) != LACONIC_OK) return nullptr;
  const AudioModel model = audio_weights(state.run.device, model_id, &error);
  if (model == nullptr) return nullptr;
  laconic_audio_decoder* made = nullptr;
  laconic_audio_decoder_create(model.get(), header.data(), header.size(), &made, &error);
  AudioDecoder decoder(made);
  if (decoder == nullptr || laconic_audio_decoder_set_threads(made, state.run.num_threads, &error) != LACONIC_OK ||
      laconic_audio_decoder_set_conceal(made, state.conceals, &error) != LACONIC_OK) {
    return nullptr;
  }
  return decoder;
}

// GStreamer has one order of channels for each set of places.
Positions output_positions(const laconic_audio_format& format) {
  Positions positions = positions_of(format.channel_mask, format.num_channels);
  if (positions[0] != GST_AUDIO_CHANNEL_POSITION_NONE) {
    gst_audio_channel_positions_to_valid_order(positions.data(), format.num_channels);
  }
  return positions;
}

gboolean set_format(GstAudioDecoder* element, GstCaps* caps) {
  State& state = state_of(element);
  state.decoder.reset();
  state.is_primed = state.is_silent = false;
  const std::vector<uint8_t> header = stream_header(StreamKind::kAudio, GST_AUDIO_DECODER_SINK_PAD(element), caps);
  if (header.empty()) {
    state.caps_error.post(GST_ELEMENT(element), kNoHeader);
    return FALSE;
  }
  laconic_error error;
  state.decoder = open_decoder(state, header, state.format, error);
  if (state.decoder == nullptr) {
    state.caps_error.post(GST_ELEMENT(element), error);
    return FALSE;
  }
  state.caps_error.clear();
  const Tags tags(gst_tag_list_new(GST_TAG_AUDIO_CODEC, "Laconic audio", nullptr));
  gst_audio_decoder_merge_tags(element, tags.get(), GST_TAG_MERGE_REPLACE);
  GstAudioInfo info;
  gst_audio_info_init(&info);
  const Positions positions = output_positions(state.format);
  gst_audio_info_set_format(&info, GST_AUDIO_FORMAT_F32, kRateHz, state.format.num_channels, positions.data());
  return gst_audio_decoder_set_output_format(element, &info);
}

gboolean stop(GstAudioDecoder* element) {
  state_of(element).decoder.reset();
  state_of(element).caps_error.clear();
  return TRUE;
}

void flush(GstAudioDecoder* element, gboolean is_hard) {
  if (!is_hard) return;  // before new caps, at the end of a segment: nothing is held back
  State& state = state_of(element);
  laconic_audio_decoder_reset(state.decoder.get(), nullptr);
  state.is_primed = state.is_silent = false;
}

// Samples of the packet that was decoded last that belong to the sound: all but in the stream's last packet.
size_t num_own_samples(const State& state) {
  uint64_t num_source_samples = 0;
  if (!laconic_audio_decoder_source_samples(state.decoder.get(), &num_source_samples)) return kPacketSamples;
  const guint64 end = gst_util_uint64_scale_ceil(num_source_samples, kRateHz, static_cast<guint64>(state.format.sample_rate_hz));
  return end != 0 ? (end - 1) % kPacketSamples + 1 : 0;
}

Buffer interleaved_buffer(const State& state, const float* samples, size_t num_samples) {
  const auto num_channels = static_cast<size_t>(state.format.num_channels);
  const size_t size = num_samples * num_channels * sizeof(float);
  Buffer buffer(gst_buffer_new_allocate(nullptr, size, nullptr));
  if (samples == nullptr) {
    gst_buffer_memset(buffer.get(), 0, 0, size);
    return buffer;
  }
  gst_buffer_fill(buffer.get(), 0, samples, size);
  const Positions from = positions_of(state.format.channel_mask, state.format.num_channels);
  const Positions to = output_positions(state.format);
  if (from != to) {
    gst_audio_buffer_reorder_channels(buffer.get(), GST_AUDIO_FORMAT_F32, state.format.num_channels, from.data(), to.data());
  }
  return buffer;
}

GstFlowReturn give_silence(GstAudioDecoder* element) {
  return gst_audio_decoder_finish_frame(element, interleaved_buffer(state_of(element), nullptr, kPacketSamples).release(), 1);
}

// FORMAT.md 21: bit 0 of the first byte. An empty packet is left to the decoder, which says what is wrong with it.
bool can_start_at(GstBuffer* input) {
  const MappedBuffer packet(input);
  return packet.size() == 0 || (packet.bytes()[0] & 1) != 0;
}

GstFlowReturn handle_frame(GstAudioDecoder* element, GstBuffer* input) {
  if (input == nullptr) return GST_FLOW_OK;  // asked to give out what is held back: nothing is
  State& state = state_of(element);
  const bool is_first = !state.is_primed;
  if (is_first && !can_start_at(input)) {  // see Note [Sound after a seek]
    state.is_silent = true;
    return give_silence(element);
  }
  laconic_error error;
  laconic_audio_frame* made = nullptr;
  {
    const MappedBuffer packet(input);
    laconic_audio_decoder_decode(state.decoder.get(), packet.bytes(), packet.size(), 0, &made, &error);
  }
  const AudioFrame decoded(made);
  if (decoded == nullptr) {
    post_error(GST_ELEMENT(element), error);
    return GST_FLOW_ERROR;
  }
  state.is_primed = true;
  if (const char* const damage = laconic_audio_decoder_damage(state.decoder.get())) post_warning(GST_ELEMENT(element), damage);
  if (is_first && state.is_silent) return give_silence(element);
  const size_t num_samples = std::min(num_own_samples(state), laconic_audio_frame_count(decoded.get()));
  if (is_first || num_samples == 0) return gst_audio_decoder_finish_frame(element, nullptr, 1);
  return gst_audio_decoder_finish_frame(
      element, interleaved_buffer(state, laconic_audio_frame_samples(decoded.get()), num_samples).release(), 1);
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
  delete static_cast<LaconicAudioDec*>(static_cast<void*>(object))->state;
  G_OBJECT_CLASS(laconic_audio_dec_parent_class)->finalize(object);
}

}  // namespace

static void laconic_audio_dec_class_init(LaconicAudioDecClass* klass) {
  auto* const object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_run_properties(object_class);
  g_object_class_install_property(
      object_class, kConcealProperty,
      g_param_spec_boolean("conceal", "Conceal", "Fade to silence at a damaged packet", FALSE,
                           static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)));

  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Laconic audio decoder", "Codec/Decoder/Audio",
                                        "Decodes sound of Laconic, a learned codec", "Laconic");
  const Caps sink(gst_caps_from_string("audio/x-gst-fourcc-LACA; audio/x-laconic"));
  const Caps source(gst_caps_from_string(kRawAudioCaps));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, sink.get()));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, source.get()));

  auto* const decoder_class = GST_AUDIO_DECODER_CLASS(klass);
  decoder_class->set_format = set_format;
  decoder_class->stop = stop;
  decoder_class->flush = flush;
  decoder_class->handle_frame = handle_frame;
}

static void laconic_audio_dec_init(LaconicAudioDec* element) {
  element->state = new State;
  gst_audio_decoder_set_needs_format(GST_AUDIO_DECODER(element), TRUE);
}
