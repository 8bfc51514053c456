// Damaged, missing and swapped packets of sound.
#include <algorithm>
#include <cmath>
#include <random>

#include "codec/format/crc8.h"
#include "tests/codec/audio_support.h"
#include "tests/entropy/test_seed.h"

namespace laconic {
namespace {

using test::Channels;
using test::decode_packets;
using test::draw_sound;
using test::encode_sound;
using test::format_of;
using test::SoundStream;

constexpr size_t kHop = kAudioPacketSamples;
constexpr size_t kKeyInterval = 6;

class AudioDamage : public test::TinyAudioCodec {
 protected:
  void SetUp() override {
    ASSERT_TRUE(model_);
    stream_ = encode_sound(model_, format_of(2), options_of(60, kKeyInterval), draw_sound(2, 17 * kHop));
    auto decoder = decoder_of(stream_);
    whole_ = decode_packets(*decoder, stream_, 0, stream_.packets.size());
  }
  StatusCode send(AudioDecoder& decoder, const AudioPacket& packet) const {
    const Status status = decoder.send_packet(packet);
    if (status.ok()) last_ = **decoder.receive_frame();
    return status.code();
  }
  // The frame of packet n when nothing is damaged.
  bool is_whole(size_t n) const {
    for (size_t c = 0; c < whole_.size(); ++c) {
      const auto expected = whole_[c].begin() + static_cast<std::ptrdiff_t>(n * kHop);
      if (!std::equal(last_.channels[c].begin(), last_.channels[c].end(), expected)) return false;
    }
    return true;
  }
  double energy() const {
    double sum = 0;
    for (const auto& channel : last_.channels) {
      for (const float sample : channel) sum += static_cast<double>(sample) * sample;
    }
    return sum;
  }

  SoundStream stream_;
  Channels whole_;
  mutable AudioFrame last_;
};

AudioPacket changed(AudioPacket packet, size_t at, uint8_t change) {
  packet.bytes[at] ^= change;
  return packet;
}

// A change that the check does not find.
AudioPacket with_right_check(AudioPacket packet) {
  packet.bytes.back() = crc8(ByteSpan(packet.bytes).first(packet.bytes.size() - 1));
  return packet;
}

TEST_F(AudioDamage, AMissingPacketIsCorruptUntilTheNextKeyPacket) {
  auto decoder = decoder_of(stream_);
  EXPECT_EQ(send(*decoder, stream_.packets[0]), StatusCode::kOk);
  EXPECT_EQ(send(*decoder, stream_.packets[1]), StatusCode::kOk);
  const Status status = decoder->send_packet(stream_.packets[3]);
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_NE(status.message().find("missing"), std::string::npos) << status.message();
  EXPECT_EQ(send(*decoder, stream_.packets[2]), StatusCode::kCorrupt);
  EXPECT_EQ(send(*decoder, stream_.packets[4]), StatusCode::kCorrupt);
  EXPECT_EQ(send(*decoder, stream_.packets[6]), StatusCode::kOk);
  EXPECT_EQ(send(*decoder, stream_.packets[7]), StatusCode::kOk);
  EXPECT_TRUE(is_whole(7));
}

TEST_F(AudioDamage, TheFirstPacketHasToBeAKeyPacket) {
  auto decoder = decoder_of(stream_), concealing = decoder_of(stream_, /*conceal=*/true);
  EXPECT_EQ(send(*decoder, stream_.packets[4]), StatusCode::kCorrupt);
  EXPECT_EQ(send(*concealing, stream_.packets[4]), StatusCode::kOk);
  EXPECT_EQ(energy(), 0);
  EXPECT_EQ(last_.pts_samples, stream_.packets[4].pts_samples);
  decoder->reset();
  EXPECT_EQ(send(*decoder, stream_.packets[6]), StatusCode::kOk);
  decoder->reset();
  EXPECT_EQ(send(*decoder, stream_.packets[7]), StatusCode::kCorrupt);
}

TEST_F(AudioDamage, ADamagedPacketIsCorruptUntilTheNextKeyPacket) {
  auto decoder = decoder_of(stream_);
  EXPECT_EQ(send(*decoder, stream_.packets[0]), StatusCode::kOk);
  EXPECT_EQ(send(*decoder, changed(stream_.packets[1], 9, 0x10)), StatusCode::kCorrupt);
  EXPECT_FALSE(decoder->receive_frame()->has_value());
  EXPECT_EQ(send(*decoder, stream_.packets[1]), StatusCode::kCorrupt);
  EXPECT_EQ(send(*decoder, stream_.packets[6]), StatusCode::kOk);
  EXPECT_EQ(send(*decoder, stream_.packets[7]), StatusCode::kOk);
  EXPECT_TRUE(is_whole(7));
}

TEST_F(AudioDamage, ConcealedSoundFadesAndRecoversAtTheNextKeyPacket) {
  auto decoder = decoder_of(stream_, /*conceal=*/true);
  for (size_t n = 0; n < 2; ++n) EXPECT_EQ(send(*decoder, stream_.packets[n]), StatusCode::kOk);
  double before = energy();
  EXPECT_EQ(send(*decoder, changed(stream_.packets[2], 3, 1)), StatusCode::kOk);
  for (size_t n = 3; n < kKeyInterval; ++n) {
    EXPECT_EQ(send(*decoder, stream_.packets[n]), StatusCode::kOk);
    EXPECT_EQ(last_.pts_samples, stream_.packets[n].pts_samples);
    EXPECT_LT(energy(), n > 3 ? 0.5 * before : before) << n;
    EXPECT_GT(energy(), 0);
    before = energy();
  }
  EXPECT_EQ(decoder->take_damage().size(), kKeyInterval - 2);
  EXPECT_TRUE(decoder->take_damage().empty());
  for (size_t n = kKeyInterval; n < stream_.packets.size(); ++n) {
    EXPECT_EQ(send(*decoder, stream_.packets[n]), StatusCode::kOk);
    EXPECT_EQ(is_whole(n), n > kKeyInterval) << n;  // the key packet's frame still has the faded sound's end in it
  }
  EXPECT_TRUE(decoder->take_damage().empty());
}

TEST_F(AudioDamage, ConcealsPacketsThatNeverCame) {
  auto decoder = decoder_of(stream_, /*conceal=*/true);
  for (const size_t n : {0, 1, 2, 5, 6, 7}) EXPECT_EQ(send(*decoder, stream_.packets[n]), StatusCode::kOk) << n;
  EXPECT_EQ(decoder->take_damage().size(), 1u);
  EXPECT_TRUE(is_whole(7));
}

TEST_F(AudioDamage, ARoundOfThirtyTwoMissingPacketsIsNotMistakenForNone) {
  const SoundStream stream = encode_sound(model_, format_of(1), options_of(10, 1000), draw_sound(1, 40 * kHop));
  auto decoder = decoder_of(stream);
  for (size_t n = 0; n < 3; ++n) EXPECT_EQ(send(*decoder, stream.packets[n]), StatusCode::kOk);
  // Number 35 looks like number 3. Its contexts are others, so the coder's final state finds what the number cannot.
  EXPECT_EQ(send(*decoder, stream.packets[35]), StatusCode::kCorrupt);
}

TEST_F(AudioDamage, EveryFlippedBitIsFound) {
  auto decoder = decoder_of(stream_);
  for (size_t n = 0; n < 2; ++n) {
    for (size_t at = 0; at < stream_.packets[n].bytes.size(); ++at) {
      decoder->reset();
      for (size_t before = 0; before < n; ++before) ASSERT_EQ(send(*decoder, stream_.packets[before]), StatusCode::kOk);
      const AudioPacket damaged = changed(stream_.packets[n], at, static_cast<uint8_t>(1u << at % 8));
      EXPECT_EQ(send(*decoder, damaged), StatusCode::kCorrupt) << n << " " << at;
    }
  }
}

TEST_F(AudioDamage, AHundredRandomByteChangesAreAllFound) {
  std::mt19937_64 random(testing::test_seed());
  for (int i = 0; i < 100; ++i) {
    const AudioPacket& packet = stream_.packets[random() % stream_.packets.size()];
    const size_t at = random() % packet.bytes.size();
    auto decoder = decoder_of(stream_);
    EXPECT_EQ(send(*decoder, changed(packet, at, static_cast<uint8_t>(1 + random() % 255))), StatusCode::kCorrupt) << at;
  }
}

TEST_F(AudioDamage, EveryCutIsFound) {
  auto decoder = decoder_of(stream_);
  for (size_t size = 0; size < stream_.packets[0].bytes.size(); ++size) {
    AudioPacket cut = stream_.packets[0];
    cut.bytes.resize(size);
    decoder->reset();
    EXPECT_EQ(send(*decoder, cut), StatusCode::kCorrupt) << size;
    if (size < 3) continue;  // two bytes with a right check are a silent packet
    decoder->reset();
    EXPECT_EQ(send(*decoder, with_right_check(cut)), StatusCode::kCorrupt) << size;
  }
}

// What the check misses the coder's final state finds mostly, and what neither finds is sound, if not this one.
TEST_F(AudioDamage, ChangesBehindARightCheckAreMostlyFoundAndDoNoHarm) {
  std::mt19937_64 random(testing::test_seed());
  int num_found = 0;
  constexpr int kNumChanges = 300;
  for (int i = 0; i < kNumChanges; ++i) {
    const AudioPacket& packet = stream_.packets[random() % 3 * kKeyInterval];
    const size_t at = 1 + random() % (packet.bytes.size() - 2);
    auto decoder = decoder_of(stream_);
    const StatusCode code = send(*decoder, with_right_check(changed(packet, at, static_cast<uint8_t>(1 + random() % 255))));
    EXPECT_TRUE(code == StatusCode::kOk || code == StatusCode::kCorrupt);
    if (code == StatusCode::kCorrupt) ++num_found;
    else EXPECT_TRUE(std::isfinite(energy()));
  }
  std::printf("%d of %d changes behind a right check were found\n", num_found, kNumChanges);
  EXPECT_GT(num_found, kNumChanges * 9 / 10);
}

}  // namespace
}  // namespace laconic
