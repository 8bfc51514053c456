// Films through the C interface.
#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "codec/video.h"
#include "tests/codec/c_support.h"
#include "tests/support/test_films.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_model.h"

namespace laconic {
namespace {

using test::CPacket;
using test::CVideoDecoder;
using test::CVideoEncoder;
using test::CVideoFrame;
using test::CVideoModel;
using test::draw_frame;
using test::format_of;
using test::made;
using test::psnr;
using test::temporary_path;

laconic_video_format c_format_of(const VideoFormat& format) {
  const int chroma[] = {420, 422, 444};
  return {format.width_px, format.height_px, chroma[static_cast<int>(format.chroma)], format.bit_depth, 1, 13, 6, 1};
}

// A frame's planes with `gap` bytes after each row.
struct Planes {
  Planes(const VideoFrame& frame, size_t gap) {
    const uint8_t* from = frame.samples.data();
    for (int plane = 0; plane < 3; ++plane) {
      const size_t width = frame.format.plane_bytes(plane) / static_cast<size_t>(frame.format.plane_height(plane));
      stride[plane] = width + gap;
      bytes[plane].assign(stride[plane] * static_cast<size_t>(frame.format.plane_height(plane)), 0xA5);
      for (int row = 0; row < frame.format.plane_height(plane); ++row, from += width)
        std::copy(from, from + width, bytes[plane].begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(row) * stride[plane]));
      pointers[plane] = bytes[plane].data();
    }
  }
  std::vector<uint8_t> bytes[3];
  const void* pointers[3];
  size_t stride[3];
};

class CVideo : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    image_path_ = temporary_path("image.safetensors");
    video_path_ = temporary_path("video.safetensors");
    ASSERT_TRUE(test::write_tiny_model(image_path_).ok() && test::write_tiny_video_model(video_path_, image_path_).ok());
    model_ = made<CVideoModel>([](auto** model, auto* error) {
      return laconic_video_model_load(video_path_.c_str(), image_path_.c_str(), nullptr, model, error);
    });
  }
  static void TearDownTestSuite() { model_.reset(); }
  void SetUp() override { ASSERT_TRUE(model_); }

  static CVideoEncoder encoder_of(const VideoFormat& format, int key_interval = 3) {
    const laconic_video_format given = c_format_of(format);
    CVideoEncoder encoder = made<CVideoEncoder>([&](auto** made, auto* error) { return laconic_video_encoder_create(model_.get(), &given, made, error); });
    EXPECT_EQ(laconic_video_encoder_set_quality(encoder.get(), 80, nullptr), LACONIC_OK);
    EXPECT_EQ(laconic_video_encoder_set_key_interval(encoder.get(), key_interval, nullptr), LACONIC_OK);
    EXPECT_EQ(laconic_video_encoder_set_threads(encoder.get(), 1, nullptr), LACONIC_OK);
    return encoder;
  }
  static CPacket encode(laconic_video_encoder* encoder, const VideoFrame& frame, int is_key = 0, size_t gap = 0) {
    const Planes planes(frame, gap);
    EXPECT_EQ(laconic_video_encoder_send(encoder, planes.pointers, planes.stride, frame.pts_ticks, frame.duration_ticks, is_key, nullptr), LACONIC_OK);
    return receive(encoder);
  }
  // Null: none is due.
  static CPacket receive(laconic_video_encoder* encoder) {
    laconic_packet* packet = nullptr;
    EXPECT_EQ(laconic_video_encoder_receive(encoder, &packet, nullptr), LACONIC_OK);
    return CPacket(packet);
  }
  static CVideoDecoder decoder_of(laconic_video_encoder* encoder) {
    const uint8_t* header = nullptr;
    size_t size = 0;
    EXPECT_EQ(laconic_video_encoder_header(encoder, &header, &size, nullptr), LACONIC_OK);
    CVideoDecoder decoder = made<CVideoDecoder>([&](auto** made, auto* error) { return laconic_video_decoder_create(model_.get(), header, size, made, error); });
    EXPECT_EQ(laconic_video_decoder_set_threads(decoder.get(), 1, nullptr), LACONIC_OK);
    return decoder;
  }
  static CVideoFrame decode(laconic_video_decoder* decoder, const CPacket& packet, laconic_status expected = LACONIC_OK) {
    return decode(decoder, std::vector<uint8_t>(laconic_packet_bytes(packet.get()), laconic_packet_bytes(packet.get()) + laconic_packet_size(packet.get())),
                  expected, laconic_packet_pts(packet.get()), laconic_packet_duration(packet.get()));
  }
  static CVideoFrame decode(laconic_video_decoder* decoder, const std::vector<uint8_t>& bytes, laconic_status expected, int64_t pts = 0,
                            int64_t duration = 0) {
    return made<CVideoFrame>(
        [&](auto** frame, auto* error) { return laconic_video_decoder_decode(decoder, bytes.data(), bytes.size(), pts, duration, frame, error); },
        expected);
  }
  // The frame's planes one after the other.
  static VideoFrame copy_of(const laconic_video_frame* frame, const VideoFormat& format) {
    VideoFrame copy{format, {}, laconic_video_frame_pts(frame), laconic_video_frame_duration(frame)};
    for (int plane = 0; plane < 3; ++plane) {
      EXPECT_EQ(laconic_video_frame_rows(frame, plane), format.plane_height(plane));
      EXPECT_EQ(laconic_video_frame_stride(frame, plane) * static_cast<size_t>(format.plane_height(plane)), format.plane_bytes(plane));
      const auto* samples = static_cast<const uint8_t*>(laconic_video_frame_plane(frame, plane));
      copy.samples.insert(copy.samples.end(), samples, samples + format.plane_bytes(plane));
    }
    return copy;
  }
  static std::vector<uint8_t> bytes_of(const CPacket& packet) {
    return {laconic_packet_bytes(packet.get()), laconic_packet_bytes(packet.get()) + laconic_packet_size(packet.get())};
  }

  static inline std::string image_path_, video_path_;
  static inline CVideoModel model_;
};

TEST_F(CVideo, BringsBackEveryFormatAndSize) {
  for (const VideoFormat& format : {format_of(64, 48), format_of(1, 1), format_of(33, 17), format_of(50, 34, ChromaFormat::k422, 10),
                                    format_of(47, 31, ChromaFormat::k444), format_of(41, 39, ChromaFormat::k420, 10)}) {
    SCOPED_TRACE(testing::Message() << format.width_px << "x" << format.height_px << " depth " << format.bit_depth);
    const CVideoEncoder encoder = encoder_of(format);
    const CVideoDecoder decoder = decoder_of(encoder.get());
    for (int t = 0; t < 4; ++t) {
      const VideoFrame frame = draw_frame(format, t);
      const CPacket packet = encode(encoder.get(), frame, 0, static_cast<size_t>(t) * 2);
      EXPECT_EQ(laconic_packet_pts(packet.get()), frame.pts_ticks);
      EXPECT_EQ(laconic_packet_duration(packet.get()), frame.duration_ticks);
      const CVideoFrame decoded = decode(decoder.get(), packet);
      ASSERT_TRUE(decoded);
      EXPECT_GT(psnr(frame, copy_of(decoded.get(), format)), 17);  // random weights
      EXPECT_EQ(laconic_video_frame_pts(decoded.get()), frame.pts_ticks);
      EXPECT_EQ(laconic_video_frame_duration(decoded.get()), frame.duration_ticks);
      EXPECT_EQ(laconic_video_frame_plane(decoded.get(), 3), nullptr);
      EXPECT_EQ(laconic_video_frame_plane(decoded.get(), -1), nullptr);
      EXPECT_EQ(laconic_video_frame_stride(decoded.get(), 3), 0u);
      EXPECT_EQ(laconic_video_frame_rows(decoded.get(), -1), 0);
    }
  }
}

TEST_F(CVideo, TheHeaderSaysFormatAndWeights) {
  const CVideoEncoder encoder = encoder_of(format_of(50, 34, ChromaFormat::k422, 10));
  const uint8_t* header = nullptr;
  size_t size = 0;
  ASSERT_EQ(laconic_video_encoder_header(encoder.get(), &header, &size, nullptr), LACONIC_OK);
  laconic_video_format format{};
  char model_id[17], image_model_id[17];
  ASSERT_EQ(laconic_video_info(header, size, &format, model_id, image_model_id, nullptr), LACONIC_OK);
  EXPECT_EQ(format.width_px, 50);
  EXPECT_EQ(format.height_px, 34);
  EXPECT_EQ(format.chroma, 422);
  EXPECT_EQ(format.bit_depth, 10);
  EXPECT_EQ(format.primaries, 1);
  EXPECT_EQ(format.transfer, 13);
  EXPECT_EQ(format.matrix, 6);
  EXPECT_EQ(format.is_full_range, 1);
  EXPECT_STREQ(model_id, laconic_video_model_id(model_.get()));
  EXPECT_EQ(std::string(image_model_id).size(), 16u);
  EXPECT_EQ(laconic_video_info(header, size, nullptr, nullptr, nullptr, nullptr), LACONIC_OK);
  for (size_t cut = 0; cut < size; ++cut) EXPECT_NE(laconic_video_info(header, cut, &format, nullptr, nullptr, nullptr), LACONIC_OK) << cut;
  EXPECT_EQ(laconic_video_info(header, size - 1, &format, nullptr, nullptr, nullptr), LACONIC_NEED_MORE_DATA);
}

TEST_F(CVideo, MakesKeyFramesWhereTheyAreAskedFor) {
  const VideoFormat format = format_of(64, 48);
  const CVideoEncoder encoder = encoder_of(format, 60);
  for (int t = 0; t < 4; ++t) EXPECT_EQ(laconic_packet_is_key(encode(encoder.get(), draw_frame(format, t), t == 2).get()), t % 2 == 0);
}

TEST_F(CVideo, HoldsABitRateByMovingTheQuality) {
  const VideoFormat format = format_of(64, 48);
  size_t num_bytes[2] = {};
  for (const int i : {0, 1}) {
    const CVideoEncoder encoder = encoder_of(format, 60);
    ASSERT_EQ(laconic_video_encoder_set_bitrate(encoder.get(), i == 0 ? 1000 : 1e7, 25, nullptr), LACONIC_OK);
    for (int t = 0; t < 6; ++t) num_bytes[i] += laconic_packet_size(encode(encoder.get(), draw_frame(format, t)).get());
  }
  EXPECT_LT(num_bytes[0], num_bytes[1]);
}

TEST_F(CVideo, CodesFramesBetweenOthersAndGivesThemInOrder) {
  const VideoFormat format = format_of(64, 48);
  const CVideoEncoder encoder = encoder_of(format, 60);
  ASSERT_EQ(laconic_video_encoder_set_max_b_frames(encoder.get(), 3, nullptr), LACONIC_OK);
  const CVideoDecoder decoder = decoder_of(encoder.get());
  int num_decoded = 0;
  const auto decode_due = [&](CPacket packet) {
    for (; packet; packet = receive(encoder.get())) {
      const VideoFrame frame = draw_frame(format, num_decoded++);
      const CVideoFrame decoded = decode(decoder.get(), packet);
      ASSERT_TRUE(decoded);
      EXPECT_EQ(laconic_video_frame_pts(decoded.get()), frame.pts_ticks);
      EXPECT_GT(psnr(frame, copy_of(decoded.get(), format)), 17);
    }
  };
  constexpr int kDelay = 3 + LACONIC_LOOKAHEAD_FRAMES;
  for (int t = 0; t < 10; ++t) {
    decode_due(encode(encoder.get(), draw_frame(format, t)));
    EXPECT_EQ(num_decoded, t < LACONIC_LOOKAHEAD_FRAMES ? 0 : t < 1 + kDelay ? 1 : 5) << t;
  }
  ASSERT_EQ(laconic_video_encoder_drain(encoder.get(), nullptr), LACONIC_OK);
  decode_due(receive(encoder.get()));
  EXPECT_EQ(num_decoded, 10);
}

TEST_F(CVideo, StartsAgainAtAKeyFrameAfterASeek) {
  const VideoFormat format = format_of(64, 48);
  const CVideoEncoder encoder = encoder_of(format);
  std::vector<CPacket> packets;
  for (int t = 0; t < 6; ++t) packets.push_back(encode(encoder.get(), draw_frame(format, t)));
  const CVideoDecoder decoder = decoder_of(encoder.get());
  std::vector<Bytes> frames;
  for (const CPacket& packet : packets) frames.push_back(copy_of(decode(decoder.get(), packet).get(), format).samples);
  ASSERT_EQ(laconic_video_decoder_reset(decoder.get(), nullptr), LACONIC_OK);
  EXPECT_FALSE(decode(decoder.get(), packets[4], LACONIC_CORRUPT));  // predicted
  ASSERT_EQ(laconic_video_decoder_reset(decoder.get(), nullptr), LACONIC_OK);
  for (size_t t = 3; t < 6; ++t) EXPECT_EQ(copy_of(decode(decoder.get(), packets[t]).get(), format).samples, frames[t]);
}

TEST_F(CVideo, TellsDamageAndGoesOnAtAKeyFrame) {
  const VideoFormat format = format_of(64, 48);
  const CVideoEncoder encoder = encoder_of(format);
  std::vector<CPacket> packets;
  for (int t = 0; t < 4; ++t) packets.push_back(encode(encoder.get(), draw_frame(format, t)));
  const CVideoDecoder decoder = decoder_of(encoder.get());
  const std::vector<uint8_t> whole = bytes_of(packets[0]);
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::vector<uint8_t> damaged = whole;
    damaged[at] ^= 0x10;
    decode(decoder.get(), damaged, LACONIC_CORRUPT);
    laconic_video_frame* frame = nullptr;
    EXPECT_NE(laconic_video_decoder_decode(decoder.get(), whole.data(), at, 0, 0, &frame, nullptr), LACONIC_OK);
    EXPECT_EQ(frame, nullptr);
  }
  EXPECT_EQ(laconic_video_decoder_damage(decoder.get()), nullptr);  // errors, not concealed
  EXPECT_TRUE(decode(decoder.get(), packets[3]));
}

TEST_F(CVideo, ConcealsDamageByShowingTheFrameBefore) {
  const VideoFormat format = format_of(64, 48);
  const CVideoEncoder encoder = encoder_of(format);
  std::vector<CPacket> packets;
  for (int t = 0; t < 4; ++t) packets.push_back(encode(encoder.get(), draw_frame(format, t)));
  const CVideoDecoder decoder = decoder_of(encoder.get());
  ASSERT_EQ(laconic_video_decoder_set_conceal(decoder.get(), 1, nullptr), LACONIC_OK);
  EXPECT_FALSE(decode(decoder.get(), packets[1]));  // nothing to show yet
  EXPECT_NE(laconic_video_decoder_damage(decoder.get()), nullptr);
  const CVideoFrame first = decode(decoder.get(), packets[0]);
  EXPECT_EQ(laconic_video_decoder_damage(decoder.get()), nullptr);
  std::vector<uint8_t> damaged = bytes_of(packets[1]);
  damaged.back() ^= 1;
  const CVideoFrame held = decode(decoder.get(), damaged, LACONIC_OK, 107);
  ASSERT_TRUE(held);
  EXPECT_EQ(copy_of(held.get(), format).samples, copy_of(first.get(), format).samples);
  EXPECT_EQ(laconic_video_frame_pts(held.get()), 107);
  EXPECT_NE(laconic_video_decoder_damage(decoder.get()), nullptr);
  EXPECT_TRUE(decode(decoder.get(), packets[3]));
  EXPECT_EQ(laconic_video_decoder_damage(decoder.get()), nullptr);
}

TEST_F(CVideo, RefusesSettingsOutOfRangeAndAfterTheStart) {
  const VideoFormat format = format_of(64, 48);
  const CVideoEncoder encoder = encoder_of(format);
  for (const float wrong : {-0.1f, 100.1f, std::nanf(""), INFINITY})
    EXPECT_EQ(laconic_video_encoder_set_quality(encoder.get(), wrong, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_key_interval(encoder.get(), 0, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_max_b_frames(encoder.get(), -1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_max_b_frames(encoder.get(), 16, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_threads(encoder.get(), -1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_bitrate(encoder.get(), 1000, 0, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_bitrate(encoder.get(), -1, 25, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_bitrate(encoder.get(), NAN, 25, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_video_encoder_set_bitrate(encoder.get(), 0, 0, nullptr), LACONIC_OK);
  const CPacket packet = encode(encoder.get(), draw_frame(format, 0));  // the settings before the refused ones hold
  laconic_error error;
  EXPECT_EQ(laconic_video_encoder_set_quality(encoder.get(), 50, &error), LACONIC_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "settings are made before the first frame, packet or header");
  const CVideoDecoder decoder = decoder_of(encoder.get());
  EXPECT_EQ(laconic_video_decoder_set_threads(decoder.get(), -1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_TRUE(decode(decoder.get(), packet));
  EXPECT_EQ(laconic_video_decoder_set_conceal(decoder.get(), 1, nullptr), LACONIC_INVALID_ARGUMENT);
}

TEST_F(CVideo, RefusesFormatsAndPlanesThatMakeNoFrame) {
  const laconic_video_format good = c_format_of(format_of(16, 16));
  const auto status_of = [&](auto change) {
    laconic_video_format format = good;
    change(format);
    laconic_video_encoder* encoder = nullptr;
    const laconic_status status = laconic_video_encoder_create(model_.get(), &format, &encoder, nullptr);
    EXPECT_EQ(encoder != nullptr, status == LACONIC_OK);
    laconic_video_encoder_free(encoder);
    return status;
  };
  EXPECT_EQ(status_of([](auto& f) { f.width_px = 16; }), LACONIC_OK);
  EXPECT_EQ(status_of([](auto& f) { f.width_px = 0; }), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](auto& f) { f.height_px = -1; }), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](auto& f) { f.chroma = 411; }), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](auto& f) { f.bit_depth = 12; }), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](auto& f) { f.matrix = 256; }), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](auto& f) { f.transfer = -1; }), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([](auto& f) { f.width_px = 1 << 30; }), LACONIC_LIMIT_EXCEEDED);

  const CVideoEncoder encoder = encoder_of(format_of(16, 16));
  Planes planes(draw_frame(format_of(16, 16), 0), 0);
  planes.stride[1] = 7;
  EXPECT_EQ(laconic_video_encoder_send(encoder.get(), planes.pointers, planes.stride, 0, 0, 0, nullptr), LACONIC_INVALID_ARGUMENT);
  planes.stride[1] = 8;
  planes.pointers[2] = nullptr;
  EXPECT_EQ(laconic_video_encoder_send(encoder.get(), planes.pointers, planes.stride, 0, 0, 0, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_FALSE(receive(encoder.get()));
}

TEST_F(CVideo, RefusesStreamsOfOtherWeights) {
  const std::string image = temporary_path("other_image.safetensors"), video = temporary_path("other_video.safetensors");
  ASSERT_TRUE(test::write_tiny_model(image, 2).ok() && test::write_tiny_video_model(video, image).ok());
  const CVideoModel other = made<CVideoModel>([&](auto** model, auto* error) { return laconic_video_model_load(video.c_str(), image.c_str(), "cpu", model, error); });
  const CVideoEncoder encoder = encoder_of(format_of(16, 16));
  const uint8_t* header = nullptr;
  size_t size = 0;
  ASSERT_EQ(laconic_video_encoder_header(encoder.get(), &header, &size, nullptr), LACONIC_OK);
  made<CVideoDecoder>([&](auto** decoder, auto* error) { return laconic_video_decoder_create(other.get(), header, size, decoder, error); }, LACONIC_MODEL_MISMATCH);
  made<CVideoModel>([&](auto** model, auto* error) { return laconic_video_model_load(video_path_.c_str(), image.c_str(), "cpu", model, error); },
                    LACONIC_MODEL_MISMATCH);
}

TEST_F(CVideo, TwoThreadsShareAModel) {
  const VideoFormat format = format_of(64, 48);
  std::vector<std::vector<uint8_t>> streams(2);
  const auto work = [&](std::vector<uint8_t>& stream) {
    const CVideoEncoder encoder = encoder_of(format);
    const CVideoDecoder decoder = decoder_of(encoder.get());
    (void)decoder;
    for (int t = 0; t < 4; ++t) {
      const CPacket packet = encode(encoder.get(), draw_frame(format, t));
      for (const uint8_t byte : bytes_of(packet)) stream.push_back(byte);
      EXPECT_TRUE(decode(decoder.get(), packet));
    }
  };
  std::thread other([&] { work(streams[0]); });
  work(streams[1]);
  other.join();
  EXPECT_EQ(streams[0], streams[1]);
  EXPECT_FALSE(streams[0].empty());
}

TEST_F(CVideo, TheModelMayBeFreedFirst) {
  CVideoModel model = made<CVideoModel>([](auto** made, auto* error) { return laconic_video_model_load(video_path_.c_str(), image_path_.c_str(), "cpu", made, error); });
  const laconic_video_format format = c_format_of(format_of(16, 16));
  const CVideoEncoder encoder = made<CVideoEncoder>([&](auto** made, auto* error) { return laconic_video_encoder_create(model.get(), &format, made, error); });
  model.reset();
  EXPECT_TRUE(encode(encoder.get(), draw_frame(format_of(16, 16), 0)));
}

TEST_F(CVideo, TakesNullEverywhereWithoutCrashing) {
  const laconic_video_format format = c_format_of(format_of(16, 16));
  const CVideoEncoder encoder = encoder_of(format_of(16, 16));
  const CVideoDecoder decoder = decoder_of(encoder.get());
  const Planes planes(draw_frame(format_of(16, 16), 0), 0);
  laconic_video_model* model = nullptr;
  laconic_video_encoder* made_encoder = nullptr;
  laconic_video_decoder* made_decoder = nullptr;
  laconic_video_frame* frame = nullptr;
  laconic_packet* packet = nullptr;
  const uint8_t* bytes = nullptr;
  const uint8_t byte = 0;
  size_t size = 0;
  const auto refused = [](laconic_status status) { EXPECT_EQ(status, LACONIC_INVALID_ARGUMENT); };
  refused(laconic_video_model_load(nullptr, "image", nullptr, &model, nullptr));
  refused(laconic_video_model_load("video", nullptr, nullptr, &model, nullptr));
  refused(laconic_video_model_load("video", "image", nullptr, nullptr, nullptr));
  refused(laconic_video_encoder_create(nullptr, &format, &made_encoder, nullptr));
  refused(laconic_video_encoder_create(model_.get(), nullptr, &made_encoder, nullptr));
  refused(laconic_video_encoder_create(model_.get(), &format, nullptr, nullptr));
  refused(laconic_video_encoder_set_quality(nullptr, 50, nullptr));
  refused(laconic_video_encoder_set_bitrate(nullptr, 0, 0, nullptr));
  refused(laconic_video_encoder_set_key_interval(nullptr, 1, nullptr));
  refused(laconic_video_encoder_set_max_b_frames(nullptr, 1, nullptr));
  refused(laconic_video_encoder_set_threads(nullptr, 1, nullptr));
  refused(laconic_video_encoder_header(nullptr, &bytes, &size, nullptr));
  refused(laconic_video_encoder_header(encoder.get(), nullptr, &size, nullptr));
  refused(laconic_video_encoder_header(encoder.get(), &bytes, nullptr, nullptr));
  refused(laconic_video_encoder_send(nullptr, planes.pointers, planes.stride, 0, 0, 0, nullptr));
  refused(laconic_video_encoder_send(encoder.get(), nullptr, planes.stride, 0, 0, 0, nullptr));
  refused(laconic_video_encoder_send(encoder.get(), planes.pointers, nullptr, 0, 0, 0, nullptr));
  refused(laconic_video_encoder_drain(nullptr, nullptr));
  refused(laconic_video_encoder_receive(nullptr, &packet, nullptr));
  refused(laconic_video_encoder_receive(encoder.get(), nullptr, nullptr));
  refused(laconic_video_info(nullptr, 1, nullptr, nullptr, nullptr, nullptr));
  refused(laconic_video_decoder_create(nullptr, &byte, 1, &made_decoder, nullptr));
  refused(laconic_video_decoder_create(model_.get(), nullptr, 1, &made_decoder, nullptr));
  refused(laconic_video_decoder_create(model_.get(), &byte, 1, nullptr, nullptr));
  EXPECT_EQ(laconic_video_decoder_create(model_.get(), nullptr, 0, &made_decoder, nullptr), LACONIC_NEED_MORE_DATA);
  refused(laconic_video_decoder_set_threads(nullptr, 1, nullptr));
  refused(laconic_video_decoder_set_conceal(nullptr, 1, nullptr));
  refused(laconic_video_decoder_decode(nullptr, &byte, 1, 0, 0, &frame, nullptr));
  refused(laconic_video_decoder_decode(decoder.get(), nullptr, 1, 0, 0, &frame, nullptr));
  refused(laconic_video_decoder_decode(decoder.get(), &byte, 1, 0, 0, nullptr, nullptr));
  EXPECT_NE(laconic_video_decoder_decode(decoder.get(), nullptr, 0, 0, 0, &frame, nullptr), LACONIC_OK);
  refused(laconic_video_decoder_reset(nullptr, nullptr));
  EXPECT_EQ(laconic_video_model_id(nullptr), nullptr);
  EXPECT_EQ(laconic_video_decoder_damage(nullptr), nullptr);
  EXPECT_EQ(laconic_video_frame_plane(nullptr, 0), nullptr);
  EXPECT_EQ(laconic_video_frame_stride(nullptr, 0), 0u);
  EXPECT_EQ(laconic_video_frame_rows(nullptr, 0), 0);
  EXPECT_EQ(laconic_video_frame_pts(nullptr), 0);
  EXPECT_EQ(laconic_video_frame_duration(nullptr), 0);
  EXPECT_EQ(laconic_packet_bytes(nullptr), nullptr);
  EXPECT_EQ(laconic_packet_size(nullptr), 0u);
  EXPECT_EQ(laconic_packet_pts(nullptr), 0);
  EXPECT_EQ(laconic_packet_duration(nullptr), 0);
  EXPECT_EQ(laconic_packet_is_key(nullptr), 0);
  laconic_video_model_free(nullptr);
  laconic_video_encoder_free(nullptr);
  laconic_video_decoder_free(nullptr);
  laconic_video_frame_free(nullptr);
  laconic_packet_free(nullptr);
}

}  // namespace
}  // namespace laconic
