// The stream header of a film (FORMAT.md 15), which the container keeps as the stream's extradata.
#pragma once

#include <array>
#include <cstdint>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"
#include "codec/format/image_header.h"
#include "codec/video.h"

namespace laconic {

constexpr std::array<uint8_t, 4> kVideoMagic = {0xB1, 'L', 'A', 'V'};
constexpr uint8_t kVideoFormatVersion = 5;

struct VideoHeader {
  uint8_t format_version = kVideoFormatVersion;
  uint8_t flags = 0;  // bit 0: full range
  uint32_t width_px = 0;
  uint32_t height_px = 0;
  uint8_t chroma = 0;     // ChromaFormat
  uint8_t bit_depth = 0;  // 8 or 10
  uint8_t primaries = 2, transfer = 2, matrix = 2;  // ITU-T H.273
  ModelId image_model_id{};
  ModelId video_model_id{};

  VideoFormat format() const;
  static VideoHeader of(const VideoFormat& format, const ModelId& image_model_id, const ModelId& video_model_id);
};

// The one list of fields; see visit_image_header.
template <typename Header, typename Visitor>
Status visit_video_header(Header& header, Visitor& visitor) {
  LACONIC_RETURN_IF_ERROR(visitor.magic(kVideoMagic));
  LACONIC_RETURN_IF_ERROR(visitor.version_and_flags(header.format_version, header.flags));
  LACONIC_RETURN_IF_ERROR(visitor.dimension("width_px", header.width_px));
  LACONIC_RETURN_IF_ERROR(visitor.dimension("height_px", header.height_px));
  LACONIC_RETURN_IF_ERROR(visitor.u8("chroma", header.chroma, uint8_t{2}));
  LACONIC_RETURN_IF_ERROR(visitor.u8("bit_depth", header.bit_depth, uint8_t{10}));
  LACONIC_RETURN_IF_ERROR(visitor.u8("primaries", header.primaries, uint8_t{255}));
  LACONIC_RETURN_IF_ERROR(visitor.u8("transfer", header.transfer, uint8_t{255}));
  LACONIC_RETURN_IF_ERROR(visitor.u8("matrix", header.matrix, uint8_t{255}));
  LACONIC_RETURN_IF_ERROR(visitor.bytes("image_model_id", header.image_model_id));
  return visitor.bytes("video_model_id", header.video_model_id);
}

// The whole of the bytes, with their check; a byte too many is corrupt.
Result<VideoHeader> parse_video_header(ByteSpan bytes, const Limits& limits);
Result<Bytes> write_video_header(const VideoHeader& header);

}  // namespace laconic
