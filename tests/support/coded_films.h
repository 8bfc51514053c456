// Films coded by the tests.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "codec/video_codec.h"

namespace laconic::test {

// All packets that are due.
inline void receive_all(VideoEncoder& encoder, std::vector<VideoPacket>& packets) {
  while (true) {
    auto packet = encoder.receive_packet();
    ASSERT_TRUE(packet.ok()) << packet.status().message();
    if (!packet->has_value()) return;
    packets.push_back(std::move(**packet));
  }
}

inline std::vector<VideoPacket> encode_all(VideoEncoder& encoder, const std::vector<VideoFrame>& frames) {
  std::vector<VideoPacket> packets;
  for (const VideoFrame& frame : frames) {
    const Status status = encoder.send_frame(frame);
    EXPECT_TRUE(status.ok()) << status.message();
    receive_all(encoder, packets);
  }
  encoder.finish();
  receive_all(encoder, packets);
  return packets;
}

}  // namespace laconic::test
