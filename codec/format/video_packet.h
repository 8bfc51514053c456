// The packet of a shown frame: the frames it needs that no packet before has brought (FORMAT.md 16).
#pragma once

#include <cstdint>
#include <vector>

#include "codec/base/limits.h"
#include "codec/base/span.h"
#include "codec/base/status.h"

namespace laconic {

// Frames since the key frame that a packet can count.
constexpr uint32_t kMaxFrameNumber = (1u << 28) - 1;

// How far a packet may bring frames ahead of the one it shows.
constexpr uint32_t kMaxFramesAhead = 15;

struct CodedFrameHeader {
  uint32_t ahead = 0;         // how many frames after the packet's own it is shown; 0: it is that
  uint32_t quality_step = 0;  // 0..2048
};

struct VideoPacketHeader {
  uint32_t frame_number = 0;             // of the frame shown, since the key frame, which is 0
  std::vector<CodedFrameHeader> frames;  // in the order of coding; a key frame's packet has itself alone

  bool is_key_frame() const { return frame_number == 0; }
};

// What an encoder hands over.
struct VideoPacketSections {
  VideoPacketHeader header;
  std::vector<Bytes> sections;  // sealed; of a key frame one for each superblock, raster order; else one for each frame
};

// What a decoder gets; spans borrow from the packet.
struct VideoPacketView {
  VideoPacketHeader header;
  std::vector<ByteSpan> sections;
};

Result<VideoPacketHeader> read_video_packet_header(ByteSpan packet);
// A packet whose table tells more than it holds is corrupt: a container says where packets end.
Result<VideoPacketView> parse_video_packet(ByteSpan packet, uint64_t num_superblocks, const Limits& limits);
Result<Bytes> write_video_packet(const VideoPacketSections& packet);

}  // namespace laconic
