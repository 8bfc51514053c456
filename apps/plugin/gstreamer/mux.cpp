// laconicmux: our video and our sound, to fragmented QuickTime, which codec/media writes: GStreamer's own muxers know no FourCC
// but their own. At most one video stream; of sound any number beside it, or one alone. Nothing is written twice, so any sink will do, and a
// file that was cut short plays up to there.
//
//   gst-launch-1.0 laconicmux name=mux ! filesink location=film.mov filesrc location=film.mp4 ! decodebin name=d
//     d. ! queue ! videoconvert ! laconicvideoenc ! mux.  d. ! queue ! audioconvert ! audioresample ! laconicaudioenc ! mux.
#include <gst/base/gstaggregator.h>
#include <gst/video/video.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/plugin/gstreamer/audio_format.h"
#include "apps/plugin/gstreamer/elements.h"
#include "apps/plugin/gstreamer/handles.h"
#include "apps/plugin/gstreamer/messages.h"
#include "codec/media/byte_sink.h"
#include "codec/media/film_writer.h"
#include "codec/media/sound_writer.h"

using namespace laconic::gstreamer;

namespace {

constexpr const char* kSourceCaps = "video/quicktime, variant=(string)apple";
constexpr const char* kPath = "stream.mov";  // names the container only
constexpr int kLeastTicksPerSecond = 10000;  // so that frames of an uneven rate keep their times

// A pad. Its index in the writer is its place in State::tracks.
struct Track {
  bool is_video = false;
  Caps caps;
  laconic::Bytes header;
  int64_t last_pts = G_MININT64;  // in ticks of the stream
};

// Used by the thread of the source pad alone, but for properties of pads that GstAggregator guards.
struct State {
  std::map<GstAggregatorPad*, Track> tracks;
  laconic::FilmTags tags;
  laconic::Rational time_base;  // of the video
  laconic::MemorySink output;   // before the writers, which write to it to their end
  std::unique_ptr<laconic::FilmWriter> film;
  std::unique_ptr<laconic::SoundWriter> sound;
  bool has_failed = false;

  bool has_started() const { return film != nullptr || sound != nullptr; }
};

laconic_error error_of(const laconic::Status& status) {
  static_assert(static_cast<int>(laconic::StatusCode::kInternal) == LACONIC_INTERNAL, "both count alike");
  laconic_error error;
  error.code = static_cast<laconic_status>(status.code());
  g_strlcpy(error.message, status.message().c_str(), sizeof(error.message));
  return error;
}

}  // namespace

struct LaconicMux {
  GstAggregator parent;
  State* state;  // owned
};

struct LaconicMuxClass {
  GstAggregatorClass parent_class;
};

G_DEFINE_TYPE(LaconicMux, laconic_mux, GST_TYPE_AGGREGATOR)
GST_ELEMENT_REGISTER_DEFINE(laconicmux, "laconicmux", GST_RANK_SECONDARY, laconic_mux_get_type())

namespace {

State& state_of(gpointer element) { return *static_cast<LaconicMux*>(element)->state; }

GstFlowReturn fail(GstAggregator* element, const laconic::Status& status) {
  State& state = state_of(element);
  if (!state.has_failed) post_error(GST_ELEMENT(element), error_of(status));
  state.has_failed = true;
  return GST_FLOW_ERROR;
}

// ---- What the streams are ----

// Fields of GStreamer's tags that QuickTime has names for.
constexpr const char* kTagNames[][2] = {{GST_TAG_TITLE, "title"},       {GST_TAG_ARTIST, "artist"},   {GST_TAG_ALBUM, "album"},
                                        {GST_TAG_COMMENT, "comment"},   {GST_TAG_GENRE, "genre"},     {GST_TAG_COMPOSER, "composer"},
                                        {GST_TAG_COPYRIGHT, "copyright"}, {GST_TAG_DESCRIPTION, "description"}};

void take_tags(State& state, const GstTagList* tags) {
  for (const auto& [field, name] : kTagNames) {
    gchar* text = nullptr;
    if (!gst_tag_list_get_string(tags, field, &text)) continue;
    const Text owner(text);
    const auto has_name = [name = name](const auto& tag) { return name == tag.first; };
    if (std::none_of(state.tags.begin(), state.tags.end(), has_name)) state.tags.emplace_back(name, text);
  }
}

bool take_caps(GstAggregator* element, GstAggregatorPad* pad, GstCaps* caps) {
  State& state = state_of(element);
  Track& track = state.tracks[pad];
  if (state.has_started()) {
    if (track.caps != nullptr && gst_caps_is_equal(caps, track.caps.get())) return true;
    fail(element, laconic::unsupported("a stream changes its format, and a QuickTime file holds one for each"));
    return false;
  }
  const GstStructure* const structure = gst_caps_get_structure(caps, 0);
  GstBuffer* header = nullptr;
  if (!gst_structure_get(structure, "codec_data", GST_TYPE_BUFFER, &header, nullptr)) {
    fail(element, laconic::corrupt("the stream header is missing in the caps (codec_data)"));
    return false;
  }
  const Buffer owner(header);
  const MappedBuffer mapped(header);
  track.is_video = gst_structure_has_name(structure, kVideoType);
  track.header.assign(mapped.bytes(), mapped.bytes() + mapped.size());
  track.caps.reset(gst_caps_ref(caps));
  return true;
}

gboolean sink_event(GstAggregator* element, GstAggregatorPad* pad, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(event, &caps);
    const bool is_taken = take_caps(element, pad, caps);
    gst_event_unref(event);
    return is_taken;
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_TAG) {
    GstTagList* tags = nullptr;
    gst_event_parse_tag(event, &tags);
    take_tags(state_of(element), tags);
  }
  return GST_AGGREGATOR_CLASS(laconic_mux_parent_class)->sink_event(element, pad, event);
}

// ---- Writing ----

laconic::VideoProperties properties_of(const GstCaps* caps, const laconic_video_format& format) {
  const GstStructure* const structure = gst_caps_get_structure(caps, 0);
  laconic::VideoProperties video;
  video.format.width_px = format.width_px;
  video.format.height_px = format.height_px;
  video.format.colour = {static_cast<uint8_t>(format.primaries), static_cast<uint8_t>(format.transfer),
                         static_cast<uint8_t>(format.matrix), format.is_full_range != 0};
  gst_structure_get_fraction(structure, "framerate", &video.frame_rate.num, &video.frame_rate.den);
  gst_structure_get_fraction(structure, "pixel-aspect-ratio", &video.sample_aspect_ratio.num, &video.sample_aspect_ratio.den);
  int ticks_per_second = video.frame_rate.num > 0 ? video.frame_rate.num : 90000;
  while (ticks_per_second < kLeastTicksPerSecond) ticks_per_second *= 2;
  video.time_base = {1, ticks_per_second};
  return video;
}

laconic::AudioFormat sound_format(const laconic_audio_format& format) {
  return {format.sample_rate_hz, format.num_channels, format.channel_mask, format.bits_per_sample};
}

laconic::Status describe(const Track& track, laconic_video_format& video, laconic_audio_format& audio) {
  laconic_error error;
  const auto status = track.is_video
                          ? laconic_video_info(track.header.data(), track.header.size(), &video, nullptr, nullptr, &error)
                          : laconic_audio_info(track.header.data(), track.header.size(), &audio, nullptr, &error);
  return status == LACONIC_OK ? laconic::ok_status() : laconic::Status(static_cast<laconic::StatusCode>(status), error.message);
}

int index_of(const State& state, GstAggregatorPad* pad) {
  return static_cast<int>(std::distance(state.tracks.begin(), state.tracks.find(pad)));
}

laconic::Status start_writer(State& state) {
  laconic::FilmWriteOptions film;
  laconic::SoundWriteOptions sound;
  const laconic::Bytes* video_header = nullptr;
  for (const auto& [pad, track] : state.tracks) {
    if (track.caps == nullptr) continue;  // ended before it began
    laconic_video_format video = {};
    laconic_audio_format audio = {};
    if (const laconic::Status status = describe(track, video, audio); !status.ok()) return status;
    if (track.is_video) {
      film.video = properties_of(track.caps.get(), video);
      video_header = &track.header;
    } else {
      film.coded_sounds.push_back({index_of(state, pad), sound_format(audio), track.header});
    }
  }
  film.path = sound.path = kPath;
  film.sink = sound.sink = &state.output;
  film.tags = sound.tags = state.tags;
  if (video_header != nullptr) {
    state.time_base = film.video.time_base;
    auto writer = laconic::FilmWriter::create(film, *video_header);
    if (writer.ok()) state.film = std::move(*writer);
    return writer.status();
  }
  if (film.coded_sounds.size() != 1) return laconic::unsupported("there are several streams of sound and no video; one is supported");
  sound.format = film.coded_sounds[0].format;
  sound.stream_index = film.coded_sounds[0].stream_index;
  auto writer = laconic::SoundWriter::create(sound, film.coded_sounds[0].extradata);
  if (writer.ok()) state.sound = std::move(*writer);
  return writer.status();
}

// -1 for what is not known.
int64_t ticks_of(GstClockTime time, int ticks_per_second) {
  if (!GST_CLOCK_TIME_IS_VALID(time)) return -1;
  return static_cast<int64_t>(gst_util_uint64_scale_round(time, static_cast<guint64>(ticks_per_second), GST_SECOND));
}

laconic::Status write(State& state, GstAggregatorPad* pad, GstBuffer* buffer, GstClockTime running_time) {
  Track& track = state.tracks[pad];
  const MappedBuffer mapped(buffer);
  const bool is_key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  const int ticks_per_second = track.is_video ? state.time_base.den : kRateHz;
  const int64_t duration = std::max<int64_t>(ticks_of(GST_BUFFER_DURATION(buffer), ticks_per_second), 0);
  const bool is_priming = !track.is_video && track.last_pts == G_MININT64;  // see audio_encoder.cpp
  int64_t pts = ticks_of(running_time, ticks_per_second) - (is_priming ? kPacketSamples : 0);
  if (track.last_pts != G_MININT64) pts = std::max(pts, track.last_pts + 1);
  track.last_pts = pts;
  if (track.is_video) {
    return state.film->write(laconic::VideoPacket{{mapped.bytes(), mapped.bytes() + mapped.size()}, pts, duration, is_key});
  }
  const laconic::AudioPacket packet{{mapped.bytes(), mapped.bytes() + mapped.size()}, pts, is_key};
  const int num_samples = is_priming ? kPacketSamples : static_cast<int>(std::min<int64_t>(duration, kPacketSamples));
  return state.film != nullptr ? state.film->write(index_of(state, pad), packet, num_samples) : state.sound->write(packet, num_samples);
}

// ---- The flow ----

struct Next {
  GstAggregatorPad* pad = nullptr;  // kept alive by State::tracks' pad, which GstAggregator removes between calls only
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  bool is_waiting = false;  // a pad has neither a buffer nor ended
  bool lacks_caps = false;  // ... nor even said what will come
};

GstClockTime running_time_of(GstAggregatorPad* pad, GstBuffer* buffer) {
  const GstClockTime pts = GST_BUFFER_PTS_IS_VALID(buffer) ? GST_BUFFER_PTS(buffer) : GST_BUFFER_DTS(buffer);
  return gst_segment_to_running_time(&pad->segment, GST_FORMAT_TIME, pts);
}

// The earliest buffer of all pads.
Next find_next(GstAggregator* element) {
  Next next;
  const State& state = state_of(element);
  GST_OBJECT_LOCK(element);
  for (GList* item = GST_ELEMENT(element)->sinkpads; item != nullptr; item = item->next) {
    auto* const pad = GST_AGGREGATOR_PAD(item->data);
    const Buffer buffer(gst_aggregator_pad_peek_buffer(pad));
    if (buffer == nullptr) {
      const bool is_ended = gst_aggregator_pad_is_eos(pad);
      const auto track = state.tracks.find(pad);
      next.is_waiting = next.is_waiting || !is_ended;
      next.lacks_caps = next.lacks_caps || (!is_ended && (track == state.tracks.end() || track->second.caps == nullptr));
      continue;
    }
    const GstClockTime time = running_time_of(pad, buffer.get());
    if (next.pad != nullptr && GST_CLOCK_TIME_IS_VALID(time) && time >= next.running_time) continue;
    next.pad = pad;
    next.running_time = time;
  }
  GST_OBJECT_UNLOCK(element);
  return next;
}

GstFlowReturn push_output(GstAggregator* element) {
  const laconic::Bytes bytes = state_of(element).output.take();
  return bytes.empty() ? GST_FLOW_OK : gst_aggregator_finish_buffer(element, buffer_of(bytes.data(), bytes.size()).release());
}

GstFlowReturn finish(GstAggregator* element) {
  State& state = state_of(element);
  if (state.has_started()) {
    const laconic::Status status = state.film != nullptr ? state.film->finish() : state.sound->finish();
    if (!status.ok()) return fail(element, status);
    const GstFlowReturn flow = push_output(element);
    state.film.reset();
    state.sound.reset();
    if (flow != GST_FLOW_OK) return flow;
  }
  return GST_FLOW_EOS;
}

// Called when every pad has a buffer or has ended; in live pipelines also when the latency is over.
GstFlowReturn aggregate(GstAggregator* element, gboolean) {
  State& state = state_of(element);
  if (state.has_failed) return GST_FLOW_ERROR;
  const Next next = find_next(element);
  if (next.pad == nullptr) return next.is_waiting ? GST_AGGREGATOR_FLOW_NEED_DATA : finish(element);
  if (!state.has_started()) {
    if (next.lacks_caps) return GST_AGGREGATOR_FLOW_NEED_DATA;  // the file's beginning names all streams
    if (const laconic::Status status = start_writer(state); !status.ok()) return fail(element, status);
  }
  const Buffer buffer(gst_aggregator_pad_pop_buffer(next.pad));
  if (!GST_CLOCK_TIME_IS_VALID(next.running_time)) {
    return fail(element, laconic::corrupt("a packet has no time stamp, or one outside its segment"));
  }
  if (const laconic::Status status = write(state, next.pad, buffer.get(), next.running_time); !status.ok()) return fail(element, status);
  return push_output(element);
}

gboolean start(GstAggregator* element) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  gst_aggregator_update_segment(element, &segment);
  return TRUE;
}

gboolean stop(GstAggregator* element) {
  LaconicMux* const self = static_cast<LaconicMux*>(static_cast<void*>(element));
  delete self->state;
  self->state = new State;
  return TRUE;
}

// A file cannot be sought in while it is made.
gboolean src_event(GstAggregator* element, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEEK) {
    gst_event_unref(event);
    return FALSE;
  }
  return GST_AGGREGATOR_CLASS(laconic_mux_parent_class)->src_event(element, event);
}

void finalize(GObject* object) {
  delete static_cast<LaconicMux*>(static_cast<void*>(object))->state;
  G_OBJECT_CLASS(laconic_mux_parent_class)->finalize(object);
}

void add_template(GstElementClass* element_class, const char* name, GstPadDirection direction, GstPadPresence presence, const char* text,
                  GType type) {
  const Caps caps(gst_caps_from_string(text));
  gst_element_class_add_pad_template(element_class, gst_pad_template_new_with_gtype(name, direction, presence, caps.get(), type));
}

}  // namespace

static void laconic_mux_class_init(LaconicMuxClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = finalize;
  auto* const element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(element_class, "Laconic muxer", "Codec/Muxer",
                                        "Puts video and sound of Laconic, a learned codec, into QuickTime", "Laconic");
  add_template(element_class, "video", GST_PAD_SINK, GST_PAD_REQUEST, kVideoType, GST_TYPE_AGGREGATOR_PAD);
  add_template(element_class, "audio_%u", GST_PAD_SINK, GST_PAD_REQUEST, kAudioType, GST_TYPE_AGGREGATOR_PAD);
  add_template(element_class, "src", GST_PAD_SRC, GST_PAD_ALWAYS, kSourceCaps, GST_TYPE_AGGREGATOR_PAD);

  auto* const aggregator_class = GST_AGGREGATOR_CLASS(klass);
  aggregator_class->start = start;
  aggregator_class->stop = stop;
  aggregator_class->sink_event = sink_event;
  aggregator_class->src_event = src_event;
  aggregator_class->aggregate = aggregate;
}

static void laconic_mux_init(LaconicMux* element) { element->state = new State; }
