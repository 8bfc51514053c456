// Sound through the C interface.
#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "codec/audio.h"
#include "tests/codec/c_support.h"
#include "tests/support/test_images.h"
#include "tests/support/test_sounds.h"
#include "tests/support/tiny_audio_model.h"

namespace laconic {
namespace {

using test::CAudioDecoder;
using test::CAudioEncoder;
using test::CAudioFrame;
using test::CAudioModel;
using test::Channels;
using test::CPacket;
using test::draw_sound;
using test::made;
using test::snr_db;
using test::temporary_path;

constexpr size_t kHop = kAudioPacketSamples;

std::vector<float> interleaved(const Channels& sound, size_t first, size_t last) {
  std::vector<float> samples;
  for (size_t i = first; i < last; ++i) {
    for (const std::vector<float>& channel : sound) samples.push_back(channel[i]);
  }
  return samples;
}

class CAudio : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = temporary_path("audio.safetensors");
    ASSERT_TRUE(test::write_tiny_audio_model(path_).ok());
    model_ = made<CAudioModel>([](auto** model, auto* error) { return laconic_audio_model_load(path_.c_str(), nullptr, model, error); });
  }
  static void TearDownTestSuite() { model_.reset(); }
  void SetUp() override { ASSERT_TRUE(model_); }

  static CAudioEncoder encoder_of(int num_channels, float quality = 80) {
    const laconic_audio_format format = {44100, num_channels, 0, 24};
    CAudioEncoder encoder = made<CAudioEncoder>([&](auto** made, auto* error) { return laconic_audio_encoder_create(model_.get(), &format, made, error); });
    EXPECT_EQ(laconic_audio_encoder_set_quality(encoder.get(), quality, nullptr), LACONIC_OK);
    EXPECT_EQ(laconic_audio_encoder_set_threads(encoder.get(), 1, nullptr), LACONIC_OK);
    return encoder;
  }
  static void receive_all(laconic_audio_encoder* encoder, std::vector<CPacket>& packets) {
    while (CPacket packet = made<CPacket>([&](auto** made, auto* error) { return laconic_audio_encoder_receive(encoder, made, error); }))
      packets.push_back(std::move(packet));
  }
  // All of the sound, `chunk` samples at once.
  static std::vector<CPacket> encode(laconic_audio_encoder* encoder, const Channels& sound, size_t chunk = 1000) {
    std::vector<CPacket> packets;
    for (size_t at = 0; at < sound[0].size(); at += chunk) {
      const size_t count = std::min(chunk, sound[0].size() - at);
      const std::vector<float> samples = interleaved(sound, at, at + count);
      EXPECT_EQ(laconic_audio_encoder_send(encoder, samples.data(), count, nullptr), LACONIC_OK);
      receive_all(encoder, packets);
    }
    EXPECT_EQ(laconic_audio_encoder_drain(encoder, sound[0].size(), nullptr), LACONIC_OK);
    receive_all(encoder, packets);
    return packets;
  }
  static CAudioDecoder decoder_of(laconic_audio_encoder* encoder) {
    const uint8_t* header = nullptr;
    size_t size = 0;
    EXPECT_EQ(laconic_audio_encoder_header(encoder, &header, &size, nullptr), LACONIC_OK);
    return made<CAudioDecoder>([&](auto** made, auto* error) { return laconic_audio_decoder_create(model_.get(), header, size, made, error); });
  }
  static std::vector<uint8_t> bytes_of(const CPacket& packet) {
    return {laconic_packet_bytes(packet.get()), laconic_packet_bytes(packet.get()) + laconic_packet_size(packet.get())};
  }
  static CAudioFrame decode(laconic_audio_decoder* decoder, const std::vector<uint8_t>& bytes, laconic_status expected = LACONIC_OK, int64_t pts = 0) {
    return made<CAudioFrame>([&](auto** frame, auto* error) { return laconic_audio_decoder_decode(decoder, bytes.data(), bytes.size(), pts, frame, error); },
                             expected);
  }
  // The samples of packets [first, last), planar.
  static Channels decode(laconic_audio_decoder* decoder, const std::vector<CPacket>& packets, size_t first, size_t last) {
    Channels sound;
    for (size_t n = first; n < last; ++n) {
      const CAudioFrame frame = decode(decoder, bytes_of(packets[n]), LACONIC_OK, laconic_packet_pts(packets[n].get()));
      if (!frame) return {};
      EXPECT_EQ(laconic_audio_frame_pts(frame.get()), laconic_packet_pts(packets[n].get()));
      EXPECT_EQ(laconic_audio_frame_count(frame.get()), kHop);
      const auto num_channels = static_cast<size_t>(laconic_audio_frame_channels(frame.get()));
      sound.resize(num_channels);
      for (size_t i = 0; i < kHop * num_channels; ++i) sound[i % num_channels].push_back(laconic_audio_frame_samples(frame.get())[i]);
    }
    return sound;
  }

  static inline std::string path_;
  static inline CAudioModel model_;
};

TEST_F(CAudio, BringsBackEverySampleWhereItWas) {
  for (const int num_channels : {1, 2, 6}) {
    SCOPED_TRACE(num_channels);
    const Channels sound = draw_sound(num_channels, 30000);
    const CAudioEncoder encoder = encoder_of(num_channels);
    const CAudioDecoder decoder = decoder_of(encoder.get());
    const std::vector<CPacket> packets = encode(encoder.get(), sound);
    ASSERT_EQ(packets.size(), (30000 + kHop - 1) / kHop + 1);
    Channels decoded = decode(decoder.get(), packets, 0, packets.size());
    ASSERT_EQ(decoded.size(), sound.size());
    for (std::vector<float>& channel : decoded) channel.erase(channel.begin(), channel.begin() + kHop);  // only fades in
    EXPECT_GT(snr_db(sound, decoded, 0, 30000), 15);
  }
}

TEST_F(CAudio, CountsSamplesToTheLast) {
  for (const size_t num_samples : {size_t{0}, size_t{1}, kHop - 1, kHop, kHop + 1, size_t{10000}}) {
    SCOPED_TRACE(num_samples);
    const CAudioEncoder encoder = encoder_of(1);
    const CAudioDecoder decoder = decoder_of(encoder.get());
    const std::vector<CPacket> packets = encode(encoder.get(), draw_sound(1, num_samples), 777);
    ASSERT_EQ(packets.size(), (num_samples + kHop - 1) / kHop + 1);
    uint64_t num_source_samples = 99;
    for (size_t n = 0; n < packets.size(); ++n) {
      EXPECT_EQ(laconic_packet_pts(packets[n].get()), (static_cast<int64_t>(n) - 1) * kAudioPacketSamples);
      EXPECT_EQ(laconic_packet_duration(packets[n].get()), kAudioPacketSamples);
      EXPECT_EQ(laconic_packet_is_key(packets[n].get()), n == 0);
      EXPECT_EQ(laconic_audio_decoder_source_samples(decoder.get(), &num_source_samples), 0);
      EXPECT_EQ(num_source_samples, 0u);
      decode(decoder.get(), bytes_of(packets[n]));
    }
    EXPECT_EQ(laconic_audio_decoder_source_samples(decoder.get(), &num_source_samples), 1);
    EXPECT_EQ(num_source_samples, num_samples);
  }
}

TEST_F(CAudio, TheHeaderSaysFormatAndWeights) {
  const CAudioEncoder encoder = encoder_of(6);
  const uint8_t* header = nullptr;
  size_t size = 0;
  ASSERT_EQ(laconic_audio_encoder_header(encoder.get(), &header, &size, nullptr), LACONIC_OK);
  laconic_audio_format format{};
  char model_id[17];
  ASSERT_EQ(laconic_audio_info(header, size, &format, model_id, nullptr), LACONIC_OK);
  EXPECT_EQ(format.sample_rate_hz, 44100);
  EXPECT_EQ(format.num_channels, 6);
  EXPECT_EQ(format.channel_mask, 0u);
  EXPECT_EQ(format.bits_per_sample, 24);
  EXPECT_STREQ(model_id, laconic_audio_model_id(model_.get()));
  for (size_t cut = 0; cut < size; ++cut) EXPECT_NE(laconic_audio_info(header, cut, nullptr, nullptr, nullptr), LACONIC_OK) << cut;
}

TEST_F(CAudio, HoldsABitRateByMovingTheQuality) {
  size_t num_bytes[2] = {};
  for (const int i : {0, 1}) {
    const CAudioEncoder encoder = encoder_of(2);
    ASSERT_EQ(laconic_audio_encoder_set_bitrate(encoder.get(), i == 0 ? 8000 : 200000, nullptr), LACONIC_OK);
    for (const CPacket& packet : encode(encoder.get(), draw_sound(2, 40000))) num_bytes[i] += laconic_packet_size(packet.get());
  }
  EXPECT_LT(num_bytes[0], num_bytes[1]);
}

TEST_F(CAudio, StartsAgainAtAKeyPacketAfterASeek) {
  const CAudioEncoder encoder = encoder_of(1);
  const CAudioDecoder decoder = decoder_of(encoder.get());
  const std::vector<CPacket> packets = encode(encoder.get(), draw_sound(1, 50 * kHop));
  const Channels all = decode(decoder.get(), packets, 0, packets.size());
  const auto key = std::find_if(packets.begin() + 1, packets.end(), [](const CPacket& packet) { return laconic_packet_is_key(packet.get()) != 0; });
  ASSERT_NE(key, packets.end());
  const auto at = static_cast<size_t>(key - packets.begin());
  ASSERT_EQ(laconic_audio_decoder_reset(decoder.get(), nullptr), LACONIC_OK);
  decode(decoder.get(), bytes_of(packets[at + 1]), LACONIC_CORRUPT);
  ASSERT_EQ(laconic_audio_decoder_reset(decoder.get(), nullptr), LACONIC_OK);
  const Channels late = decode(decoder.get(), packets, at, packets.size());
  EXPECT_TRUE(std::equal(late[0].begin() + kHop, late[0].end(), all[0].begin() + static_cast<std::ptrdiff_t>((at + 1) * kHop)));
}

TEST_F(CAudio, TellsDamageOrConcealsIt) {
  const CAudioEncoder encoder = encoder_of(2);
  const std::vector<CPacket> packets = encode(encoder.get(), draw_sound(2, 10000));
  const std::vector<uint8_t> whole = bytes_of(packets[1]);
  for (const bool conceals : {false, true}) {
    const CAudioDecoder decoder = decoder_of(encoder.get());
    ASSERT_EQ(laconic_audio_decoder_set_conceal(decoder.get(), conceals, nullptr), LACONIC_OK);
    for (size_t at = 0; at < whole.size(); at += 5) {
      ASSERT_EQ(laconic_audio_decoder_reset(decoder.get(), nullptr), LACONIC_OK);
      ASSERT_TRUE(decode(decoder.get(), bytes_of(packets[0])));
      EXPECT_EQ(laconic_audio_decoder_damage(decoder.get()), nullptr);
      std::vector<uint8_t> damaged = whole;
      damaged[at] ^= 0x10;
      const CAudioFrame frame = decode(decoder.get(), damaged, conceals ? LACONIC_OK : LACONIC_CORRUPT, 2048);
      EXPECT_EQ(laconic_audio_decoder_damage(decoder.get()) != nullptr, conceals);
      EXPECT_EQ(laconic_audio_frame_pts(frame.get()), conceals ? 2048 : 0);
    }
  }
}

TEST_F(CAudio, RefusesSettingsOutOfRangeAndAfterTheStart) {
  const CAudioEncoder encoder = encoder_of(1);
  for (const float wrong : {-0.1f, 100.1f, std::nanf(""), INFINITY})
    EXPECT_EQ(laconic_audio_encoder_set_quality(encoder.get(), wrong, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_audio_encoder_set_threads(encoder.get(), -1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_audio_encoder_set_bitrate(encoder.get(), -1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_audio_encoder_set_bitrate(encoder.get(), NAN, nullptr), LACONIC_INVALID_ARGUMENT);
  const std::vector<CPacket> packets = encode(encoder.get(), draw_sound(1, 5000));
  EXPECT_EQ(laconic_audio_encoder_set_quality(encoder.get(), 50, nullptr), LACONIC_INVALID_ARGUMENT);
  const float sample = 0;
  EXPECT_EQ(laconic_audio_encoder_send(encoder.get(), &sample, 1, nullptr), LACONIC_INVALID_ARGUMENT);  // after the end
  EXPECT_EQ(laconic_audio_encoder_drain(encoder.get(), 1, nullptr), LACONIC_INVALID_ARGUMENT);
  const CAudioDecoder decoder = decoder_of(encoder.get());
  EXPECT_EQ(laconic_audio_decoder_set_threads(decoder.get(), -1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_TRUE(decode(decoder.get(), bytes_of(packets[0])));
  EXPECT_EQ(laconic_audio_decoder_set_conceal(decoder.get(), 1, nullptr), LACONIC_INVALID_ARGUMENT);

  for (const laconic_audio_format& wrong : {laconic_audio_format{999, 1, 0, 16}, {48000, 0, 0, 16}, {48000, 9, 0, 16}, {48000, 2, 1, 16}, {48000, 1, 0, 20}}) {
    made<CAudioEncoder>([&](auto** made, auto* error) { return laconic_audio_encoder_create(model_.get(), &wrong, made, error); }, LACONIC_INVALID_ARGUMENT);
  }
}

TEST_F(CAudio, RefusesStreamsOfOtherWeights) {
  const std::string path = temporary_path("other_audio.safetensors");
  ASSERT_TRUE(test::write_tiny_audio_model(path, 2).ok());
  const CAudioModel other = made<CAudioModel>([&](auto** model, auto* error) { return laconic_audio_model_load(path.c_str(), "cpu", model, error); });
  const CAudioEncoder encoder = encoder_of(1);
  const uint8_t* header = nullptr;
  size_t size = 0;
  ASSERT_EQ(laconic_audio_encoder_header(encoder.get(), &header, &size, nullptr), LACONIC_OK);
  made<CAudioDecoder>([&](auto** made, auto* error) { return laconic_audio_decoder_create(other.get(), header, size, made, error); }, LACONIC_MODEL_MISMATCH);
}

TEST_F(CAudio, TwoThreadsShareAModel) {
  const Channels sound = draw_sound(2, 20000);
  std::vector<std::vector<uint8_t>> streams(2);
  const auto work = [&](std::vector<uint8_t>& stream) {
    const CAudioEncoder encoder = encoder_of(2);
    const CAudioDecoder decoder = decoder_of(encoder.get());
    for (const CPacket& packet : encode(encoder.get(), sound)) {
      for (const uint8_t byte : bytes_of(packet)) stream.push_back(byte);
      EXPECT_TRUE(decode(decoder.get(), bytes_of(packet)));
    }
  };
  std::thread other([&] { work(streams[0]); });
  work(streams[1]);
  other.join();
  EXPECT_EQ(streams[0], streams[1]);
  EXPECT_FALSE(streams[0].empty());
}

TEST_F(CAudio, TakesNullEverywhereWithoutCrashing) {
  const laconic_audio_format format = {48000, 1, 0, 16};
  const CAudioEncoder encoder = encoder_of(1);
  const CAudioDecoder decoder = decoder_of(encoder.get());
  laconic_audio_model* model = nullptr;
  laconic_audio_encoder* made_encoder = nullptr;
  laconic_audio_decoder* made_decoder = nullptr;
  laconic_audio_frame* frame = nullptr;
  laconic_packet* packet = nullptr;
  const uint8_t* bytes = nullptr;
  const uint8_t byte = 0;
  const float sample = 0;
  size_t size = 0;
  uint64_t num_samples = 0;
  const auto refused = [](laconic_status status) { EXPECT_EQ(status, LACONIC_INVALID_ARGUMENT); };
  refused(laconic_audio_model_load(nullptr, nullptr, &model, nullptr));
  refused(laconic_audio_model_load("audio", nullptr, nullptr, nullptr));
  refused(laconic_audio_encoder_create(nullptr, &format, &made_encoder, nullptr));
  refused(laconic_audio_encoder_create(model_.get(), nullptr, &made_encoder, nullptr));
  refused(laconic_audio_encoder_create(model_.get(), &format, nullptr, nullptr));
  refused(laconic_audio_encoder_set_quality(nullptr, 50, nullptr));
  refused(laconic_audio_encoder_set_bitrate(nullptr, 0, nullptr));
  refused(laconic_audio_encoder_set_threads(nullptr, 1, nullptr));
  refused(laconic_audio_encoder_header(nullptr, &bytes, &size, nullptr));
  refused(laconic_audio_encoder_header(encoder.get(), nullptr, &size, nullptr));
  refused(laconic_audio_encoder_header(encoder.get(), &bytes, nullptr, nullptr));
  refused(laconic_audio_encoder_send(nullptr, &sample, 1, nullptr));
  refused(laconic_audio_encoder_send(encoder.get(), nullptr, 1, nullptr));
  refused(laconic_audio_encoder_send(encoder.get(), &sample, SIZE_MAX, nullptr));
  EXPECT_EQ(laconic_audio_encoder_send(encoder.get(), nullptr, 0, nullptr), LACONIC_OK);
  refused(laconic_audio_encoder_drain(nullptr, 1, nullptr));
  refused(laconic_audio_encoder_receive(nullptr, &packet, nullptr));
  refused(laconic_audio_encoder_receive(encoder.get(), nullptr, nullptr));
  refused(laconic_audio_info(nullptr, 1, nullptr, nullptr, nullptr));
  refused(laconic_audio_decoder_create(nullptr, &byte, 1, &made_decoder, nullptr));
  refused(laconic_audio_decoder_create(model_.get(), nullptr, 1, &made_decoder, nullptr));
  refused(laconic_audio_decoder_create(model_.get(), &byte, 1, nullptr, nullptr));
  refused(laconic_audio_decoder_set_threads(nullptr, 1, nullptr));
  refused(laconic_audio_decoder_set_conceal(nullptr, 1, nullptr));
  refused(laconic_audio_decoder_decode(nullptr, &byte, 1, 0, &frame, nullptr));
  refused(laconic_audio_decoder_decode(decoder.get(), nullptr, 1, 0, &frame, nullptr));
  refused(laconic_audio_decoder_decode(decoder.get(), &byte, 1, 0, nullptr, nullptr));
  EXPECT_NE(laconic_audio_decoder_decode(decoder.get(), nullptr, 0, 0, &frame, nullptr), LACONIC_OK);
  refused(laconic_audio_decoder_reset(nullptr, nullptr));
  EXPECT_EQ(laconic_audio_decoder_source_samples(nullptr, &num_samples), 0);
  EXPECT_EQ(laconic_audio_decoder_source_samples(decoder.get(), nullptr), 0);
  EXPECT_EQ(laconic_audio_model_id(nullptr), nullptr);
  EXPECT_EQ(laconic_audio_decoder_damage(nullptr), nullptr);
  EXPECT_EQ(laconic_audio_frame_samples(nullptr), nullptr);
  EXPECT_EQ(laconic_audio_frame_count(nullptr), 0u);
  EXPECT_EQ(laconic_audio_frame_channels(nullptr), 0);
  EXPECT_EQ(laconic_audio_frame_pts(nullptr), 0);
  laconic_audio_model_free(nullptr);
  laconic_audio_encoder_free(nullptr);
  laconic_audio_decoder_free(nullptr);
  laconic_audio_frame_free(nullptr);
}

}  // namespace
}  // namespace laconic
