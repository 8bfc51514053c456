#include "apps/plugin/gstreamer/stream_headers.h"

#include <algorithm>
#include <cstring>

#include "apps/plugin/gstreamer/handles.h"

namespace laconic::gstreamer {
namespace {

// Elements between a source and a decoder; a graph that goes on for longer is not a player's.
constexpr int kMaxElements = 64;

std::vector<uint8_t> bytes_of(const GValue* value) {
  GstBuffer* const buffer = value != nullptr && GST_VALUE_HOLDS_BUFFER(value) ? gst_value_get_buffer(value) : nullptr;
  if (buffer == nullptr) return {};
  const MappedBuffer mapped(buffer);
  return std::vector<uint8_t>(mapped.bytes(), mapped.bytes() + mapped.size());
}

// What the caps of a demuxer say about the stream; a field that is missing agrees with everything.
bool agrees(const GstStructure* caps, const char* field, int value) {
  int said = 0;
  return !gst_structure_get_int(caps, field, &said) || said == value;
}

bool fits(StreamKind kind, const std::vector<uint8_t>& header, const GstStructure* caps) {
  if (!is_header_of(kind, header.data(), header.size())) return false;
  if (kind == StreamKind::kVideo) {
    laconic_video_format format;
    return laconic_video_info(header.data(), header.size(), &format, nullptr, nullptr, nullptr) != LACONIC_OK ||
           (agrees(caps, "width", format.width_px) && agrees(caps, "height", format.height_px));
  }
  laconic_audio_format format;
  return laconic_audio_info(header.data(), header.size(), &format, nullptr, nullptr) != LACONIC_OK ||
         agrees(caps, "channels", format.num_channels);
}

struct Search {
  StreamKind kind;
  const GstStructure* caps;  // of the stream
  std::vector<uint8_t> found;
};

bool search_caps(const GstCaps* caps, Search& search) {
  if (caps == nullptr || gst_caps_is_empty(caps) || gst_caps_is_any(caps)) return false;
  const GValue* const headers = gst_structure_get_value(gst_caps_get_structure(caps, 0), kHeadersField);
  if (headers == nullptr || !GST_VALUE_HOLDS_ARRAY(headers)) return false;
  for (guint i = 0; i < gst_value_array_get_size(headers); ++i) {
    std::vector<uint8_t> header = bytes_of(gst_value_array_get_value(headers, i));
    if (!fits(search.kind, header, search.caps)) continue;
    search.found = std::move(header);
    return true;
  }
  return false;
}

// A demuxer that pulls is never sent caps: there the element `typefind` keeps them as a property.
Caps caps_property_of(GstPad* pad) {
  const Element element(gst_pad_get_parent_element(pad));
  if (element == nullptr) return nullptr;
  const GParamSpec* const spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element.get()), "caps");
  if (spec == nullptr || spec->value_type != GST_TYPE_CAPS) return nullptr;
  GstCaps* caps = nullptr;
  g_object_get(element.get(), "caps", &caps, nullptr);
  return Caps(caps);
}

bool search_caps_of(GstPad* pad, Search& search) {
  return search_caps(Caps(gst_pad_get_current_caps(pad)).get(), search) || search_caps(caps_property_of(pad).get(), search);
}

bool search_above(GstPad* sink_pad, Search& search, int num_elements);

// From an element's output to its inputs.
bool search_inputs(GstPad* source_pad, Search& search, int num_elements) {
  const Iterator links(gst_pad_iterate_internal_links(source_pad));
  if (links == nullptr) return false;
  bool is_found = false;
  GValue item = G_VALUE_INIT;
  for (GstIteratorResult result = GST_ITERATOR_OK; !is_found;) {
    result = gst_iterator_next(links.get(), &item);
    if (result == GST_ITERATOR_RESYNC) {
      gst_iterator_resync(links.get());
    } else if (result == GST_ITERATOR_OK) {
      auto* const input = static_cast<GstPad*>(g_value_get_object(&item));
      is_found = search_caps_of(input, search) || search_above(input, search, num_elements);
      g_value_reset(&item);
    } else {
      break;
    }
  }
  if (G_IS_VALUE(&item)) g_value_unset(&item);
  return is_found;
}

bool search_above(GstPad* sink_pad, Search& search, int num_elements) {
  const Pad output(gst_pad_get_peer(sink_pad));
  if (output == nullptr || num_elements >= kMaxElements) return false;
  return search_caps_of(output.get(), search) || search_inputs(output.get(), search, num_elements + 1);
}

}  // namespace

bool is_header_of(StreamKind kind, const uint8_t* bytes, size_t size) {
  return size >= 4 && std::memcmp(bytes, kind == StreamKind::kVideo ? "\xB1LAV" : "\xB1LAA", 4) == 0;
}

std::vector<uint8_t> stream_header(StreamKind kind, GstPad* sink_pad, const GstCaps* caps) {
  const GstStructure* const structure = gst_caps_get_structure(caps, 0);
  std::vector<uint8_t> header = bytes_of(gst_structure_get_value(structure, "codec_data"));
  if (!header.empty()) return header;
  Search search{kind, structure, {}};
  search_above(sink_pad, search, 0);
  return std::move(search.found);
}

}  // namespace laconic::gstreamer
