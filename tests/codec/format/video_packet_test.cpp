#include "codec/format/video_packet.h"

#include <gtest/gtest.h>

#include "codec/format/video_header.h"

namespace laconic {
namespace {

VideoHeader header_of_every_field() {
  VideoFormat format;
  format.width_px = 641;
  format.height_px = 359;
  format.chroma = ChromaFormat::k422;
  format.bit_depth = 10;
  format.colour = {9, 16, 9, true};
  return VideoHeader::of(format, {1, 2, 3, 4, 5, 6, 7, 8}, {9, 10, 11, 12, 13, 14, 15, 16});
}

TEST(VideoHeader, BringsBackEveryField) {
  const auto bytes = write_video_header(header_of_every_field());
  ASSERT_TRUE(bytes.ok());
  const auto found = parse_video_header(*bytes, Limits());
  ASSERT_TRUE(found.ok()) << found.status().message();
  const VideoFormat format = found->format();
  EXPECT_EQ(format.width_px, 641);
  EXPECT_EQ(format.height_px, 359);
  EXPECT_EQ(format.chroma, ChromaFormat::k422);
  EXPECT_EQ(format.bit_depth, 10);
  EXPECT_EQ(format.colour.primaries, 9);
  EXPECT_EQ(format.colour.transfer, 16);
  EXPECT_EQ(format.colour.matrix, 9);
  EXPECT_TRUE(format.colour.is_full_range);
  EXPECT_EQ(found->image_model_id, header_of_every_field().image_model_id);
  EXPECT_EQ(found->video_model_id, header_of_every_field().video_model_id);
}

TEST(VideoHeader, EveryCutAndEveryBitFlipIsRefused) {
  const Bytes bytes = *write_video_header(header_of_every_field());
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_EQ(parse_video_header(ByteSpan(bytes).first(size), Limits()).status().code(), StatusCode::kNeedMoreData) << size;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_FALSE(parse_video_header(damaged, Limits()).ok()) << bit;
  }
  Bytes longer = bytes;
  longer.push_back(1);
  EXPECT_EQ(parse_video_header(longer, Limits()).status().code(), StatusCode::kCorrupt);
}

TEST(VideoHeader, TakesTheByteThatMatroskaAddsToAnOddSize) {
  VideoHeader header = header_of_every_field();
  Bytes bytes = *write_video_header(header);
  ASSERT_EQ(bytes.size() % 2, 1u);
  bytes.push_back(0);
  const auto padded = parse_video_header(bytes, Limits());
  ASSERT_TRUE(padded.ok()) << padded.status().message();
  EXPECT_EQ(padded->width_px, header.width_px);
  bytes.back() = 1;
  EXPECT_EQ(parse_video_header(bytes, Limits()).status().code(), StatusCode::kCorrupt);
  bytes.back() = 0;
  bytes.push_back(0);
  EXPECT_EQ(parse_video_header(bytes, Limits()).status().code(), StatusCode::kCorrupt);
  header.width_px = 100;  // a header of even size gets none
  bytes = *write_video_header(header);
  bytes.push_back(0);
  EXPECT_EQ(parse_video_header(bytes, Limits()).status().code(), StatusCode::kCorrupt);
}

TEST(VideoHeader, RefusesFramesBeyondTheLimits) {
  Limits limits;
  limits.max_pixels = 641 * 359 - 1;
  EXPECT_EQ(parse_video_header(*write_video_header(header_of_every_field()), limits).status().code(), StatusCode::kLimitExceeded);
  limits.max_pixels += 1;
  EXPECT_TRUE(parse_video_header(*write_video_header(header_of_every_field()), limits).ok());
}

VideoPacketSections predicted_packet() { return {{7, {{3, 900}, {0, 700}}}, {Bytes(300, 8), Bytes(20, 9)}}; }

TEST(VideoPacket, BringsBackHeaderAndSections) {
  const auto bytes = write_video_packet(predicted_packet());
  ASSERT_TRUE(bytes.ok());
  const auto view = parse_video_packet(*bytes, 2, Limits());
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_EQ(view->header.frame_number, 7u);
  ASSERT_EQ(view->header.frames.size(), 2u);
  EXPECT_EQ(view->header.frames[0].ahead, 3u);
  EXPECT_EQ(view->header.frames[0].quality_step, 900u);
  EXPECT_EQ(view->header.frames[1].ahead, 0u);
  EXPECT_FALSE(view->header.is_key_frame());
  ASSERT_EQ(view->sections.size(), 2u);
  EXPECT_EQ(Bytes(view->sections[0].begin(), view->sections[0].end()), Bytes(300, 8));
}

TEST(VideoPacket, MayBringNothingNewButForAKeyFrame) {
  VideoPacketSections packet;
  packet.header.frame_number = 5;
  const auto view = parse_video_packet(*write_video_packet(packet), 2, Limits());
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_TRUE(view->header.frames.empty() && view->sections.empty());
  packet.header.frame_number = 0;
  EXPECT_EQ(parse_video_packet(*write_video_packet(packet), 2, Limits()).status().code(), StatusCode::kCorrupt);
}

TEST(VideoPacket, EveryCutAndEveryFlipInTheHeaderIsCorrupt) {
  const Bytes bytes = *write_video_packet(predicted_packet());
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_EQ(parse_video_packet(ByteSpan(bytes).first(size), 2, Limits()).status().code(), StatusCode::kCorrupt) << size;
  const size_t header_bytes = bytes.size() - 320;
  for (size_t bit = 0; bit < 8 * header_bytes; ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_FALSE(parse_video_packet(damaged, 2, Limits()).ok()) << bit;
  }
}

TEST(VideoPacket, RefusesToWriteWhatNoDecoderTakes) {
  VideoPacketSections packet = predicted_packet();
  packet.header.frames[1].quality_step = kMaxQualityStep + 1;
  EXPECT_FALSE(write_video_packet(packet).ok());
  packet = predicted_packet();
  packet.header.frames[0].ahead = kMaxFramesAhead + 1;
  EXPECT_FALSE(write_video_packet(packet).ok());
  packet = predicted_packet();
  packet.sections[0] = {1, 2};
  EXPECT_FALSE(write_video_packet(packet).ok());
}

}  // namespace
}  // namespace laconic
