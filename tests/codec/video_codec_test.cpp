#include "codec/video_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/coded_films.h"
#include "tests/support/test_films.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_model.h"

namespace laconic {
namespace {

using test::draw_frame;
using test::format_of;
using test::psnr;
using test::temporary_path;

class VideoCodec : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string image = temporary_path("image.safetensors"), video = temporary_path("video.safetensors");
    if (!test::write_tiny_model(image).ok() || !test::write_tiny_video_model(video, image).ok()) return;
    auto model = VideoModel::load(video, image, {});
    if (model.ok()) model_ = *model;
  }
  void SetUp() override { ASSERT_TRUE(model_); }

  static VideoEncoderOptions options_of(int key_interval) {
    VideoEncoderOptions options;
    options.quality = 80;
    options.key_interval = key_interval;
    options.finds_scene_cuts = false;
    options.num_threads = 1;
    return options;
  }
  struct Film {
    Bytes extradata;
    std::vector<VideoPacket> packets;
    std::vector<VideoFrame> frames;
  };
  static Film encode(const VideoFormat& format, int num_frames, VideoEncoderOptions options) {
    Film film;
    auto encoder = VideoEncoder::create(model_, format, options);
    EXPECT_TRUE(encoder.ok()) << encoder.status().message();
    film.extradata = (*encoder)->extradata();
    for (int t = 0; t < num_frames; ++t) film.frames.push_back(draw_frame(format, t));
    film.packets = test::encode_all(**encoder, film.frames);
    EXPECT_EQ(film.packets.size(), film.frames.size());
    return film;
  }
  static std::unique_ptr<VideoDecoder> decoder_of(const Film& film, int num_threads = 1, bool conceal = false) {
    VideoDecoderOptions options;
    options.num_threads = num_threads;
    options.conceal = conceal;
    auto decoder = VideoDecoder::create(model_, film.extradata, options);
    EXPECT_TRUE(decoder.ok()) << decoder.status().message();
    return std::move(*decoder);
  }

  static std::shared_ptr<const VideoModel> model_;
};
std::shared_ptr<const VideoModel> VideoCodec::model_;

TEST_F(VideoCodec, BringsBackEveryFormatAndSize) {
  for (const VideoFormat& format : {format_of(64, 48), format_of(1, 1), format_of(33, 17), format_of(530, 20), format_of(50, 34, ChromaFormat::k422, 10),
                                    format_of(47, 31, ChromaFormat::k444, 8), format_of(40, 40, ChromaFormat::k420, 10)}) {
    SCOPED_TRACE(testing::Message() << format.width_px << "x" << format.height_px << " depth " << format.bit_depth);
    const Film film = encode(format, 4, options_of(3));
    auto decoder = decoder_of(film);
    EXPECT_EQ(decoder->format().width_px, format.width_px);
    for (size_t t = 0; t < film.packets.size(); ++t) {
      EXPECT_EQ(film.packets[t].is_key_frame, t % 3 == 0);
      ASSERT_TRUE(decoder->send_packet(film.packets[t]).ok());
      const auto frame = decoder->receive_frame();
      ASSERT_TRUE(frame.ok() && *frame);
      EXPECT_EQ((*frame)->samples.size(), format.frame_bytes());
      EXPECT_EQ((*frame)->pts_ticks, film.frames[t].pts_ticks);
      EXPECT_EQ((*frame)->duration_ticks, 7);
      EXPECT_GT(psnr(film.frames[t], **frame), 17);  // random weights
    }
  }
}

TEST_F(VideoCodec, PredictedFramesAreSmaller) {
  const Film film = encode(format_of(128, 96), 3, options_of(60));
  EXPECT_LT(film.packets[2].bytes.size(), film.packets[0].bytes.size());
}

TEST_F(VideoCodec, DecodesTheSameSymbolsWithAnyNumberOfThreadsAndAfterASeek) {
  const Film film = encode(format_of(600, 40), 6, options_of(3));
  auto one = decoder_of(film, 1), two = decoder_of(film, 2), late = decoder_of(film);
  for (size_t t = 0; t < film.packets.size(); ++t) {
    ASSERT_TRUE(one->send_packet(film.packets[t]).ok());
    ASSERT_TRUE(two->send_packet(film.packets[t]).ok());
    EXPECT_EQ(one->symbol_hash(), two->symbol_hash());
    const Bytes samples = (*one->receive_frame())->samples;
    ASSERT_TRUE(two->receive_frame().ok());
    if (t < 3) continue;
    ASSERT_TRUE(late->send_packet(film.packets[t]).ok());
    EXPECT_EQ(one->symbol_hash(), late->symbol_hash());
    EXPECT_EQ(samples, (*late->receive_frame())->samples);
  }
}

TEST_F(VideoCodec, AMissingPacketIsCorruptUntilTheNextKeyFrame) {
  const Film film = encode(format_of(64, 48), 6, options_of(4));
  auto decoder = decoder_of(film);
  ASSERT_TRUE(decoder->send_packet(film.packets[0]).ok());
  ASSERT_TRUE(decoder->receive_frame().ok());
  EXPECT_EQ(decoder->send_packet(film.packets[2]).code(), StatusCode::kCorrupt);
  EXPECT_EQ(decoder->send_packet(film.packets[1]).code(), StatusCode::kCorrupt);
  EXPECT_TRUE(decoder->send_packet(film.packets[4]).ok());
}

TEST_F(VideoCodec, EveryFlippedBitIsFound) {
  const Film film = encode(format_of(64, 48), 2, options_of(60));
  auto decoder = decoder_of(film);
  for (size_t at = 0; at < film.packets[1].bytes.size(); ++at) {
    decoder->reset();
    ASSERT_TRUE(decoder->send_packet(film.packets[0]).ok());
    ASSERT_TRUE(decoder->receive_frame().ok());
    VideoPacket damaged = film.packets[1];
    damaged.bytes[at] ^= static_cast<uint8_t>(1u << at % 8);
    EXPECT_EQ(decoder->send_packet(damaged).code(), StatusCode::kCorrupt) << "byte " << at;
  }
}

TEST_F(VideoCodec, ConcealsDamageByHoldingTheLastFrame) {
  const Film film = encode(format_of(64, 48), 5, options_of(4));
  auto decoder = decoder_of(film, 1, /*conceal=*/true);
  ASSERT_TRUE(decoder->send_packet(film.packets[0]).ok());
  const Bytes first = (*decoder->receive_frame())->samples;
  VideoPacket damaged = film.packets[1];
  damaged.bytes.back() ^= 1;
  EXPECT_TRUE(decoder->send_packet(damaged).ok());
  EXPECT_EQ((*decoder->receive_frame())->samples, first);
  EXPECT_EQ(decoder->take_damage().size(), 1u);
  EXPECT_TRUE(decoder->send_packet(film.packets[2]).ok());
  EXPECT_EQ((*decoder->receive_frame())->pts_ticks, film.frames[2].pts_ticks);
  EXPECT_EQ(decoder->take_damage().size(), 1u);
  EXPECT_TRUE(decoder->send_packet(film.packets[4]).ok());
  EXPECT_GT(psnr(film.frames[4], **decoder->receive_frame()), 17);
  EXPECT_TRUE(decoder->take_damage().empty());
}

TEST_F(VideoCodec, PutsAKeyFrameWhereThePictureChanges) {
  VideoEncoderOptions options = options_of(60);
  options.finds_scene_cuts = true;
  const VideoFormat format = format_of(96, 64);
  auto encoder = std::move(*VideoEncoder::create(model_, format, options));
  for (int t = 0; t < 4; ++t) {
    VideoFrame frame = draw_frame(format, t);
    if (t >= 2) std::reverse(frame.samples.begin(), frame.samples.end());
    if (t >= 2) for (uint8_t& sample : frame.samples) sample = static_cast<uint8_t>(16 + (sample * 37 + t) % 200);
    ASSERT_TRUE(encoder->send_frame(frame).ok());
    EXPECT_EQ((*encoder->receive_packet())->is_key_frame, t == 0 || t == 2) << t;
    if (t == 2) break;
  }
}

TEST_F(VideoCodec, AKeyFrameThatStaysGetsMore) {
  const VideoFormat format = format_of(96, 64);
  VideoEncoderOptions options = options_of(60);
  options.quality = 50;
  options.max_b_frames = 3;
  std::vector<double> qualities;
  for (const bool stays : {true, false}) {
    auto encoder = std::move(*VideoEncoder::create(model_, format, options));
    VideoFrame frame = draw_frame(format, 0);
    ASSERT_TRUE(encoder->send_frame(frame).ok());
    if (!stays) std::reverse(frame.samples.begin(), frame.samples.end());
    ASSERT_TRUE(encoder->send_frame(frame).ok());
    encoder->finish();
    qualities.push_back(read_packet_info((*encoder->receive_packet())->bytes)->quality);
  }
  EXPECT_GT(qualities[0], qualities[1] + 3);
}

// Groups of four, cut short by a key frame and by the end: frames 0 | 1-4 | 5, 6 | 7 | 8-10.
TEST_F(VideoCodec, CodesFramesBetweenOthers) {
  const VideoFormat format = format_of(96, 64);
  VideoEncoderOptions options = options_of(7);
  options.max_b_frames = 3;
  const Film film = encode(format, 11, options);
  auto one = decoder_of(film, 1), two = decoder_of(film, 2);
  for (size_t t = 0; t < film.packets.size(); ++t) {
    EXPECT_EQ(film.packets[t].is_key_frame, t % 7 == 0) << t;
    EXPECT_EQ(film.packets[t].pts_ticks, film.frames[t].pts_ticks);
    EXPECT_EQ(film.packets[t].bytes.size() < 8, t == 2 || t == 4 || t == 6 || t == 10) << t << ": these frames come with one before";
    ASSERT_TRUE(one->send_packet(film.packets[t]).ok()) << t;
    ASSERT_TRUE(two->send_packet(film.packets[t]).ok()) << t;
    EXPECT_EQ(one->symbol_hash(), two->symbol_hash());
    EXPECT_GT(psnr(film.frames[t], **one->receive_frame()), 17) << t;
    ASSERT_TRUE(two->receive_frame().ok());
  }
  // Each packet is needed by those after it.
  auto decoder = decoder_of(film);
  ASSERT_TRUE(decoder->send_packet(film.packets[0]).ok());
  ASSERT_TRUE(decoder->receive_frame().ok());
  EXPECT_EQ(decoder->send_packet(film.packets[2]).code(), StatusCode::kCorrupt);
  EXPECT_EQ(decoder->send_packet(film.packets[3]).code(), StatusCode::kCorrupt);
  EXPECT_TRUE(decoder->send_packet(film.packets[7]).ok());
}

TEST_F(VideoCodec, WaitsForNoMoreFramesThanItIsAllowedTo) {
  const VideoFormat format = format_of(64, 48);
  VideoEncoderOptions options = options_of(60);
  options.max_b_frames = 2;
  auto encoder = std::move(*VideoEncoder::create(model_, format, options));
  std::vector<VideoPacket> packets;
  const std::vector<size_t> num_due = {0, 0, 0, 1, 1, 1, 4, 4, 4, 7};
  for (size_t t = 0; t < num_due.size(); ++t) {
    ASSERT_TRUE(encoder->send_frame(draw_frame(format, static_cast<int>(t))).ok());
    if (t == 6) {
      EXPECT_EQ(encoder->send_frame(draw_frame(format, 7)).code(), StatusCode::kInvalidArgument) << "packets are due";
    }
    test::receive_all(*encoder, packets);
    EXPECT_EQ(packets.size(), num_due[t]) << t;
  }
}

TEST_F(VideoCodec, EveryFlippedBitOfAGroupIsFound) {
  VideoEncoderOptions options = options_of(60);
  options.max_b_frames = 3;
  const Film film = encode(format_of(64, 48), 5, options);
  auto decoder = decoder_of(film);
  for (size_t at = 0; at < film.packets[1].bytes.size(); ++at) {
    decoder->reset();
    ASSERT_TRUE(decoder->send_packet(film.packets[0]).ok());
    ASSERT_TRUE(decoder->receive_frame().ok());
    VideoPacket damaged = film.packets[1];
    damaged.bytes[at] ^= static_cast<uint8_t>(1u << at % 8);
    EXPECT_EQ(decoder->send_packet(damaged).code(), StatusCode::kCorrupt) << "byte " << at;
  }
}

TEST_F(VideoCodec, RefusesOtherFormatsAndOptionsByName) {
  VideoEncoderOptions options;
  options.quality = 101;
  EXPECT_EQ(VideoEncoder::create(model_, format_of(64, 48), options).status().code(), StatusCode::kInvalidArgument);
  options = {};
  options.max_b_frames = 16;
  EXPECT_EQ(VideoEncoder::create(model_, format_of(64, 48), options).status().code(), StatusCode::kInvalidArgument);
  options = {};
  options.bits_per_second = 1000;  // without a frame rate
  EXPECT_EQ(VideoEncoder::create(model_, format_of(64, 48), options).status().code(), StatusCode::kInvalidArgument);
  auto encoder = std::move(*VideoEncoder::create(model_, format_of(64, 48), {}));
  EXPECT_EQ(encoder->send_frame(draw_frame(format_of(64, 50), 0)).code(), StatusCode::kInvalidArgument);
  const std::string other_image = temporary_path("other.safetensors"), video = temporary_path("video_of_other.safetensors");
  ASSERT_TRUE(test::write_tiny_model(other_image, 2).ok() && test::write_tiny_video_model(video, other_image).ok());
  const auto other = VideoModel::load(video, other_image, {});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(VideoDecoder::create(*other, encoder->extradata(), {}).status().code(), StatusCode::kModelMismatch);
}

}  // namespace
}  // namespace laconic
