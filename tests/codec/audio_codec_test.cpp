#include "codec/audio_codec.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "tests/codec/audio_support.h"
#include "tests/support/shipped_weights.h"

namespace laconic {
namespace {

using test::Channels;
using test::decode_packets;
using test::decode_sound;
using test::draw_sound;
using test::encode_sound;
using test::format_of;
using test::frame_of;
using test::snr_db;
using test::SoundStream;

constexpr size_t kHop = kAudioPacketSamples;

class AudioCodec : public test::TinyAudioCodec {};

TEST_F(AudioCodec, BringsBackEveryNumberOfChannels) {
  for (const AudioFormat& format :
       {format_of(1), format_of(2), format_of(1, 4), format_of(3, 7), format_of(6, 0x3F), format_of(8, 0x63F), format_of(8)}) {
    SCOPED_TRACE(testing::Message() << format.num_channels << " channels, mask " << format.channel_mask);
    const Channels sound = draw_sound(format.num_channels, 30000);
    const SoundStream stream = encode_sound(model_, format, options_of(90), sound);
    auto decoder = decoder_of(stream);
    EXPECT_EQ(decoder->format().num_channels, format.num_channels);
    EXPECT_EQ(decoder->format().channel_mask, format.channel_mask);
    const Channels decoded = decode_sound(*decoder, stream);
    ASSERT_EQ(decoded.size(), sound.size());
    EXPECT_GT(snr_db(sound, decoded, 0, 30000), 18);
    for (size_t c = 0; c < sound.size(); ++c) EXPECT_GT(snr_db({sound[c]}, {decoded[c]}, 0, 30000), 10) << c;
  }
}

// codec/audio_codec.h, Note [Time].
TEST_F(AudioCodec, StreamsOfEveryLengthHaveTheirPacketsTimesAndEnd) {
  for (const size_t num_samples : {size_t{0}, size_t{1}, kHop - 1, kHop, kHop + 1, size_t{50000}}) {
    SCOPED_TRACE(num_samples);
    const Channels sound = draw_sound(2, num_samples);
    const SoundStream stream = encode_sound(model_, format_of(2), options_of(50, 7), sound);
    ASSERT_EQ(stream.packets.size(), (num_samples + kHop - 1) / kHop + 1);
    auto decoder = decoder_of(stream);
    for (size_t n = 0; n < stream.packets.size(); ++n) {
      const AudioPacket& packet = stream.packets[n];
      EXPECT_EQ(packet.pts_samples, (static_cast<int64_t>(n) - 1) * kAudioPacketSamples);
      EXPECT_EQ(packet.is_key_packet, n % 7 == 0);
      const auto header = read_audio_packet_info(packet.bytes);
      ASSERT_TRUE(header.ok());
      EXPECT_EQ(header->is_key_packet, packet.is_key_packet);
      EXPECT_EQ(header->num_source_samples.has_value(), n + 1 == stream.packets.size());
      EXPECT_FALSE(decoder->num_source_samples().has_value());
      ASSERT_TRUE(decoder->send_packet(packet).ok());
      ASSERT_TRUE(decoder->receive_frame().ok());
    }
    EXPECT_EQ(decoder->num_source_samples(), num_samples);
  }
}

TEST_F(AudioCodec, TheLastPacketHasTheNumberThatDrainWasTold) {
  auto encoder = std::move(*AudioEncoder::create(model_, format_of(1), {}));
  ASSERT_TRUE(encoder->send_frame(frame_of(draw_sound(1, 4800), 0, 4800)).ok());
  ASSERT_TRUE(encoder->drain(4410).ok());
  SoundStream stream;
  take_packets(*encoder, stream);
  EXPECT_EQ(read_audio_packet_info(stream.packets.back().bytes)->num_source_samples, 4410u);
}

TEST_F(AudioCodec, ChunksOfAnySizeGiveTheBytesOfOneShot) {
  const Channels sound = draw_sound(2, 15000);
  const SoundStream whole = encode_sound(model_, format_of(2), options_of(50, 3), sound);
  for (const size_t chunk : {size_t{1}, size_t{123}, kHop, size_t{7000}}) {
    const SoundStream parts = encode_sound(model_, format_of(2), options_of(50, 3), sound, chunk);
    ASSERT_EQ(parts.packets.size(), whole.packets.size());
    for (size_t n = 0; n < whole.packets.size(); ++n) EXPECT_EQ(parts.packets[n].bytes, whole.packets[n].bytes) << chunk << " " << n;
  }
}

TEST_F(AudioCodec, TheFirstPacketComesAfterTwoPacketsOfSamples) {
  auto encoder = std::move(*AudioEncoder::create(model_, format_of(1), {}));
  const Channels sound = draw_sound(1, 2 * kHop);
  ASSERT_TRUE(encoder->send_frame(frame_of(sound, 0, 2 * kHop - 1)).ok());
  EXPECT_FALSE(encoder->receive_packet()->has_value());
  ASSERT_TRUE(encoder->send_frame(frame_of(sound, 2 * kHop - 1, 1)).ok());
  EXPECT_TRUE(encoder->receive_packet()->has_value());
  EXPECT_FALSE(encoder->receive_packet()->has_value());
}

TEST_F(AudioCodec, FromEveryKeyPacketOnTheSamplesAreThoseFromTheStart) {
  const SoundStream stream = encode_sound(model_, format_of(3, 7), options_of(60, 5), draw_sound(3, 50000));
  auto decoder = decoder_of(stream);
  const Channels all = decode_packets(*decoder, stream, 0, stream.packets.size());
  const uint64_t last_hash = decoder->symbol_hash();
  for (size_t key = 5; key < stream.packets.size(); key += 5) {
    decoder->reset();
    EXPECT_FALSE(decoder->num_source_samples().has_value());
    const Channels late = decode_packets(*decoder, stream, key, stream.packets.size());
    EXPECT_EQ(decoder->symbol_hash(), last_hash);
    // The key packet's own frame is only half there.
    for (size_t c = 0; c < all.size(); ++c)
      EXPECT_TRUE(std::equal(late[c].begin() + kHop, late[c].end(), all[c].begin() + static_cast<std::ptrdiff_t>((key + 1) * kHop))) << key;
  }
}

TEST_F(AudioCodec, EveryPacketCanBeAKeyPacket) {
  const Channels sound = draw_sound(2, 20000);
  const SoundStream stream = encode_sound(model_, format_of(2), options_of(80, 1), sound);
  for (const AudioPacket& packet : stream.packets) EXPECT_TRUE(packet.is_key_packet);
  auto decoder = decoder_of(stream);
  EXPECT_GT(snr_db(sound, decode_sound(*decoder, stream), 0, 20000), 15);
}

TEST_F(AudioCodec, HigherQualityTakesMoreBytesAndIsNearerToTheSource) {
  const Channels sound = draw_sound(2, 40000);
  size_t bytes_before = 0;
  double snr_before = 0;
  for (const float quality : {0.f, 30.f, 60.f, 100.f}) {
    const SoundStream stream = encode_sound(model_, format_of(2), options_of(quality), sound);
    auto decoder = decoder_of(stream);
    const double snr = snr_db(sound, decode_sound(*decoder, stream), 0, 40000);
    EXPECT_GT(stream.num_bytes(), bytes_before) << quality;
    EXPECT_GT(snr, snr_before) << quality;
    bytes_before = stream.num_bytes();
    snr_before = snr;
  }
  EXPECT_GT(snr_before, 25);
}

TEST_F(AudioCodec, SilenceTakesTwoBytesAPacketAndComesBackAsZeros) {
  for (const int num_channels : {1, 2, 6}) {
    const Channels sound(static_cast<size_t>(num_channels), std::vector<float>(20000, 0.f));
    const SoundStream stream = encode_sound(model_, format_of(num_channels), options_of(100, 4), sound);
    for (size_t n = 0; n + 1 < stream.packets.size(); ++n) EXPECT_EQ(stream.packets[n].bytes.size(), 2u);
    auto decoder = decoder_of(stream);
    for (const auto& channel : decode_sound(*decoder, stream)) {
      for (const float sample : channel) ASSERT_EQ(sample, 0.f);
    }
  }
}

// Silent packets say nothing of their blocks; wherever in a packet silence begins and ends, both sides must agree on the windows.
TEST_F(AudioCodec, SoundBetweenSilencesIsWholeWhereverItBeginsAndEnds) {
  constexpr size_t kNumSamples = 12 * kHop, kFade = 700;  // faded in and out: long blocks are chosen
  double worst = 1000;
  for (size_t shift = 0; shift < kHop; shift += kHop / 16) {
    const size_t begin = 4 * kHop + shift, end = 8 * kHop + 3 * shift / 4;
    Channels sound(1, std::vector<float>(kNumSamples, 0.f));
    for (size_t i = begin; i < end; ++i) {
      const double t = static_cast<double>(i), inside = static_cast<double>(std::min(i - begin, end - i)) / kFade;
      sound[0][i] = static_cast<float>(std::min(1.0, inside) * (0.3 * std::sin(0.05 * t) + 0.2 * std::sin(0.311 * t)));
    }
    const SoundStream stream = encode_sound(model_, format_of(1), options_of(100), sound);
    auto decoder = decoder_of(stream);
    const Channels decoded = decode_sound(*decoder, stream);
    const double at_begin = snr_db(sound, decoded, begin - kHop, begin + kHop), at_end = snr_db(sound, decoded, end - kHop, end + kHop);
    EXPECT_GT(at_begin, 35) << "begins at " << begin;
    EXPECT_GT(at_end, 35) << "ends at " << end;
    worst = std::min({worst, at_begin, at_end});
    EXPECT_EQ(decoded[0][begin - 2 * kHop], 0.f);
    EXPECT_EQ(decoded[0][end + 2 * kHop], 0.f);
  }
  std::printf("at the worst border of silence: %.1f dB\n", worst);
}

TEST_F(AudioCodec, TheErrorOfALoudOnsetDoesNotSpreadBeforeIt) {
  constexpr size_t kOnset = 5 * kHop + 1100, kNumSamples = 9 * kHop;
  Channels sound(1, std::vector<float>(kNumSamples, 0.f));
  for (size_t i = 0; i < kNumSamples; ++i) sound[0][i] = static_cast<float>(1e-3 * std::sin(0.06 * static_cast<double>(i)));
  uint32_t random = 1;
  for (size_t i = kOnset; i < kNumSamples; ++i) {
    random = random * 1664525 + 1013904223;
    const double noise = static_cast<double>(random >> 8) / (1 << 23) - 1;
    sound[0][i] = static_cast<float>(noise * std::exp(-static_cast<double>(i - kOnset) / 400));
  }
  const SoundStream stream = encode_sound(model_, format_of(1), options_of(50), sound);
  auto decoder = decoder_of(stream);
  const Channels decoded = decode_sound(*decoder, stream);
  EXPECT_GT(snr_db(sound, decoded, kOnset, kOnset + 400), 6);
  double largest = 0;
  for (size_t i = kOnset - 2 * kHop; i < kOnset - 480; ++i) {  // 10 ms and more before it
    largest = std::max(largest, std::abs(static_cast<double>(decoded[0][i]) - sound[0][i]));
  }
  EXPECT_LT(largest, 0.02);
}

TEST_F(AudioCodec, SamplesThatAreNoNumbersOrFarTooLoudDoNoHarm) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const Channels clean = draw_sound(2, 12 * kHop);
  Channels sound = clean;
  sound[0][4 * kHop + 5] = nan;
  sound[1][4 * kHop + 100] = infinity;
  sound[1][4 * kHop + 900] = -infinity;
  sound[0][5 * kHop + 7] = 3e38f;
  const SoundStream stream = encode_sound(model_, format_of(2), options_of(80), sound);
  auto decoder = decoder_of(stream);
  const Channels decoded = decode_sound(*decoder, stream);
  for (const auto& channel : decoded) {
    for (const float sample : channel) ASSERT_TRUE(std::abs(sample) < 200) << sample;
  }
  EXPECT_GT(snr_db(clean, decoded, 0, 2 * kHop), 15);
}

TEST_F(AudioCodec, ADecoderGivesEachFrameBeforeItTakesTheNextPacket) {
  const SoundStream stream = encode_sound(model_, format_of(1), options_of(50), draw_sound(1, 5000));
  auto decoder = decoder_of(stream);
  EXPECT_FALSE(decoder->receive_frame()->has_value());
  ASSERT_TRUE(decoder->send_packet(stream.packets[0]).ok());
  EXPECT_EQ(decoder->send_packet(stream.packets[1]).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(decoder->receive_frame()->has_value());
  EXPECT_FALSE(decoder->receive_frame()->has_value());
  EXPECT_TRUE(decoder->send_packet(stream.packets[1]).ok());
}

TEST_F(AudioCodec, RefusesWrongOptionsAndFormatsByName) {
  const auto refused = [&](const AudioFormat& format, const AudioEncoderOptions& options, const std::string& word) {
    const Status status = AudioEncoder::create(model_, format, options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << word;
    EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
  };
  for (const float quality : {-0.1f, 100.1f, std::numeric_limits<float>::quiet_NaN()}) {
    refused(format_of(2), options_of(quality), "quality");
  }
  refused(format_of(2), options_of(50, 0), "key packet");
  AudioEncoderOptions options;
  options.bits_per_second = -1;
  refused(format_of(2), options, "bit rate");
  options = {};
  options.num_threads = -1;
  refused(format_of(2), options, "threads");
  AudioFormat format;
  format.sample_rate_hz = 999;
  refused(format, {}, "sample_rate_hz");
  format = format_of(9);
  refused(format, {}, "num_channels");
  refused(format_of(0), {}, "num_channels");
  refused(format_of(3, 3), {}, "channel_mask");
  format = {};
  format.bits_per_sample = 8;
  refused(format, {}, "bits_per_sample");
  EXPECT_EQ(AudioEncoder::create(nullptr, format_of(2), {}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(AudioCodec, RefusesFramesThatDoNotFitAndWhatComesAfterTheEnd) {
  auto encoder = std::move(*AudioEncoder::create(model_, format_of(2), {}));
  EXPECT_EQ(encoder->send_frame(frame_of(draw_sound(1, 10), 0, 10)).code(), StatusCode::kInvalidArgument);
  AudioFrame uneven = frame_of(draw_sound(2, 10), 0, 10);
  uneven.channels[1].pop_back();
  EXPECT_EQ(encoder->send_frame(uneven).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encoder->drain(uint64_t{1} << 49).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(encoder->drain(0).ok());
  EXPECT_EQ(encoder->drain(0).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encoder->send_frame(frame_of(draw_sound(2, 10), 0, 10)).code(), StatusCode::kInvalidArgument);
  SoundStream stream;
  take_packets(*encoder, stream);
  EXPECT_EQ(stream.packets.size(), 1u);  // what was refused is not in it
}

TEST_F(AudioCodec, ReadsTheStreamHeaderAndRefusesOtherWeights) {
  AudioFormat format = format_of(6, 0x3F);
  format.sample_rate_hz = 44100;
  format.bits_per_sample = 24;
  const Bytes extradata = (*AudioEncoder::create(model_, format, {}))->extradata();
  const auto header = read_audio_info(extradata, Limits());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->format.sample_rate_hz, 44100);
  EXPECT_EQ(header->format.bits_per_sample, 24);
  EXPECT_EQ(header->format.channel_mask, 0x3Fu);
  EXPECT_EQ(header->model_id, model_->id());
  EXPECT_EQ(header->format_version, 1);

  const std::string path = test::temporary_path("other.safetensors");
  ASSERT_TRUE(test::write_tiny_audio_model(path, 2).ok());
  const auto other = AudioModel::load(path, {});
  ASSERT_TRUE(other.ok());
  const Status status = AudioDecoder::create(*other, extradata, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kModelMismatch);
  EXPECT_NE(status.message().find(model_->id()), std::string::npos) << status.message();
  EXPECT_EQ(AudioDecoder::create(model_, {}, {}).status().code(), StatusCode::kNeedMoreData);
  EXPECT_EQ(AudioDecoder::create(nullptr, extradata, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(AudioModel::load(test::temporary_path("absent.safetensors"), {}).status().code(), StatusCode::kIo);
}

// Random weights spend bits as no sound does, so this needs the real ones.
TEST(AudioBitRate, IsMetWithinFivePercentOverTenSeconds) {
  const std::string weights = test::shipped_weights("audio");
  if (weights.empty()) GTEST_SKIP() << "skipped: no audio weights in data/weights";
  const auto model = AudioModel::load(weights, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  constexpr size_t kSeconds = 10;
  const Channels sound = draw_sound(2, kSeconds * kCodingRateHz);
  for (const double wanted : {24000.0, 96000.0}) {
    AudioEncoderOptions options;
    options.bits_per_second = wanted;
    const SoundStream stream = encode_sound(*model, format_of(2), options, sound);
    const double found = 8.0 * static_cast<double>(stream.num_bytes()) / kSeconds;
    std::printf("%.0f bits a second wanted, %.0f found\n", wanted, found);
    EXPECT_NEAR(found, wanted, 0.05 * wanted);
  }
}

}  // namespace
}  // namespace laconic
