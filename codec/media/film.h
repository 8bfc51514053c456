// What film readers and writers exchange, besides the frames and packets of codec/video.h. No FFmpeg.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "codec/video.h"

namespace laconic {

struct Rational {
  int num = 0;
  int den = 1;  // above 0
  double value() const { return static_cast<double>(num) / den; }
};

using FilmTags = std::vector<std::pair<std::string, std::string>>;  // "title", "artist", ... as FFmpeg names them, and their texts

enum class StreamKind { kVideo, kAudio, kSubtitle, kData, kAttachment, kCoverArt };
const char* stream_kind_name(StreamKind kind);  // "video", "audio", ...

// One stream of a container, for listings and warnings.
struct FilmStream {
  int index = 0;  // in the container it was read from
  StreamKind kind = StreamKind::kData;
  std::string codec;     // "h264", "aac", ...; for codecs unknown to FFmpeg the FourCC
  std::string language;  // ISO 639-2, empty if not said
  std::string title;
  int sample_rate_hz = 0;  // sound only
  int num_channels = 0;    // sound only
  Rational time_base{1, 1};
  bool is_laconic = false;  // video or sound of ours ...
  Bytes extradata;          // ... and its stream header

  std::string name() const;  // "audio stream 1 (aac, deu)"
};

// Which field of interlaced frames is coded first, and which shown first. Frames are coded whole; this is passed on.
enum class FieldOrder { kUnknown, kProgressive, kTopTop, kBottomBottom, kTopBottom, kBottomTop };

// The video stream. Samples of frames are described by `format`; a stream of ours says its real format in its extradata,
// and here only the size is known.
struct VideoProperties {
  VideoFormat format;
  Rational time_base{1, 1000};  // seconds a tick
  Rational frame_rate{0, 1};    // average; 0 if unknown
  Rational sample_aspect_ratio{0, 1};  // 0 if unknown
  // Rotation and mirroring to be applied for display, as in ISO/IEC 14496-12 tkhd (16.16, 16.16, 2.30 fixed point).
  std::optional<std::array<int32_t, 9>> display_matrix;
  FieldOrder field_order = FieldOrder::kUnknown;
  bool is_interlaced() const { return field_order > FieldOrder::kProgressive; }
  double rotation_degrees() const;  // counter-clockwise, -180..180; 0 without a matrix
};

// A packet of a stream that we do not code. Movable, opaque.
class CopiedPacket {
 public:
  struct Impl;
  explicit CopiedPacket(std::unique_ptr<Impl> impl);
  CopiedPacket(CopiedPacket&& other) noexcept;
  CopiedPacket& operator=(CopiedPacket&& other) noexcept;
  ~CopiedPacket();

  int stream_index() const;
  double seconds() const;  // presentation time; -infinity if the packet has none
  size_t size_bytes() const;
  const Impl& impl() const { return *impl_; }
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Everything of a film but its frames: the other streams' descriptions, chapters, tags. A snapshot, independent of the
// reader it came from; may be read by several threads.
class FilmSource {
 public:
  struct Impl;
  explicit FilmSource(std::unique_ptr<Impl> impl);
  ~FilmSource();
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// In the order of the container. VideoPacket: of a stream of ours.
using FilmItem = std::variant<VideoFrame, VideoPacket, CopiedPacket>;

}  // namespace laconic
