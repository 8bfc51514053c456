// How a decoder comes by its stream header.
//
// Note [Where stream headers come from]
// A stream header (codec/FORMAT.md 15, 20) lies in the container as the stream's private data, and no decoder can begin without.
// GStreamer hands private data on as `codec_data` in the caps, and our encoders do so too. But qtdemux and matroskademux (1.22)
// do this only for codecs that they know: of ours they say FourCC and size, and drop the rest. So our type finder, which sees
// the file before any demuxer does, reads the headers and says them in the caps of the file (kHeadersField); decodebin, playbin and
// `typefind` hand these caps to the demuxer, and a decoder finds them by asking upstream, pad by pad.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <vector>

namespace laconic::gstreamer {

enum class StreamKind { kVideo, kAudio };

// In caps of a file: an array of buffers, the headers of its streams.
constexpr const char* kHeadersField = "laconic-headers";

// Whether these bytes begin as a header of this kind does.
bool is_header_of(StreamKind kind, const uint8_t* bytes, size_t size);

// The header of the stream with these caps that arrives at this pad; empty: there is none. Of several in a file the first that says
// the same size, or number of channels, as the caps.
std::vector<uint8_t> stream_header(StreamKind kind, GstPad* sink_pad, const GstCaps* caps);

// What a decoder without one says.
constexpr const char* kNoHeader =
    "the stream header is missing; qtdemux and matroskademux drop it unless 'typefind' comes before them, as in decodebin and playbin";

}  // namespace laconic::gstreamer
