#include "codec/format/video_packet.h"

#include <algorithm>
#include <string>

#include "codec/format/image_header.h"
#include "codec/format/section_table.h"

namespace laconic {
namespace {

Result<uint32_t> read_field(ByteReader& reader, const char* name, uint32_t max) {
  LACONIC_ASSIGN_OR_RETURN(const uint64_t value, reader.read_varint());
  if (value > max) return corrupt(std::string(name) + " is " + std::to_string(value) + ", allowed are 0.." + std::to_string(max));
  return static_cast<uint32_t>(value);
}

Result<VideoPacketHeader> read_header(ByteReader& reader) {
  VideoPacketHeader header;
  LACONIC_ASSIGN_OR_RETURN(header.frame_number, read_field(reader, "frame_number", kMaxFrameNumber));
  LACONIC_ASSIGN_OR_RETURN(const uint32_t num_frames, read_field(reader, "num_frames", kMaxFramesAhead + 1));
  if (header.is_key_frame() && num_frames != 1) return corrupt("a key frame's packet has " + std::to_string(num_frames) + " frames instead of one");
  for (uint32_t i = 0; i < num_frames; ++i) {
    CodedFrameHeader frame;
    LACONIC_ASSIGN_OR_RETURN(frame.ahead, read_field(reader, "ahead", header.is_key_frame() ? 0 : kMaxFramesAhead));
    LACONIC_ASSIGN_OR_RETURN(frame.quality_step, read_field(reader, "quality_step", kMaxQualityStep));
    header.frames.push_back(frame);
  }
  return header;
}

uint64_t num_sections(const VideoPacketHeader& header, uint64_t num_superblocks) {
  return header.is_key_frame() ? num_superblocks : header.frames.size();
}

// The container says where a packet ends: what would go beyond it is damage.
Status whole(const Status& status) {
  if (status.code() == StatusCode::kNeedMoreData) return corrupt("the packet is cut: " + status.message());
  return status.code() == StatusCode::kLimitExceeded ? corrupt("a length in the packet is damaged: " + status.message()) : status;
}

Result<VideoPacketView> parse(ByteSpan packet, uint64_t num_superblocks, const Limits& limits) {
  ByteReader reader(packet);
  VideoPacketView view;
  LACONIC_ASSIGN_OR_RETURN(view.header, read_header(reader));
  LACONIC_ASSIGN_OR_RETURN(const std::vector<uint64_t> lengths,
                           read_section_table(reader, num_sections(view.header, num_superblocks), limits.max_stream_bytes));
  LACONIC_RETURN_IF_ERROR(read_header_check(reader, packet.first(reader.position())));
  for (const uint64_t length : lengths) {
    LACONIC_ASSIGN_OR_RETURN(const ByteSpan section, read_section(reader, length));
    view.sections.push_back(section);
  }
  if (reader.remaining() > 0) return corrupt(std::to_string(reader.remaining()) + " bytes after the last section");
  return view;
}

}  // namespace

Result<VideoPacketHeader> read_video_packet_header(ByteSpan packet) {
  ByteReader reader(packet);
  Result<VideoPacketHeader> header = read_header(reader);
  return header.ok() ? header : whole(header.status());
}

Result<VideoPacketView> parse_video_packet(ByteSpan packet, uint64_t num_superblocks, const Limits& limits) {
  Result<VideoPacketView> view = parse(packet, num_superblocks, limits);
  return view.ok() ? std::move(view) : Result<VideoPacketView>(whole(view.status()));
}

Result<Bytes> write_video_packet(const VideoPacketSections& packet) {
  const bool fits = packet.header.frame_number <= kMaxFrameNumber && packet.header.frames.size() <= kMaxFramesAhead + 1 &&
                    std::all_of(packet.header.frames.begin(), packet.header.frames.end(),
                                [](const CodedFrameHeader& frame) { return frame.ahead <= kMaxFramesAhead && frame.quality_step <= kMaxQualityStep; });
  if (!fits) return invalid_argument("a packet's frame number, quality step or number of frames is out of range");
  Bytes bytes;
  append_varint(bytes, packet.header.frame_number);
  append_varint(bytes, packet.header.frames.size());
  for (const CodedFrameHeader& frame : packet.header.frames) {
    append_varint(bytes, frame.ahead);
    append_varint(bytes, frame.quality_step);
  }
  LACONIC_RETURN_IF_ERROR(append_lengths(bytes, packet.sections));
  append_header_check(bytes);
  bytes.reserve(bytes.size() + size_of_all(packet.sections));
  append_sections(bytes, packet.sections);
  return bytes;
}

}  // namespace laconic
