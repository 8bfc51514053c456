#include "codec/format/audio_packet.h"

#include <gtest/gtest.h>

#include "codec/format/crc8.h"
#include "tests/codec/format/stream_support.h"

namespace laconic {
namespace {

using testing::append_bytes;
using testing::copy_of;

// The bytes with the check that belongs to them.
Bytes sealed(Bytes bytes) {
  bytes.push_back(crc8(bytes));
  return bytes;
}

StatusCode code_of(const Bytes& packet) { return parse_audio_packet(packet).status().code(); }

AudioPacketHeader last_packet() { return {false, 21, 123456789}; }

TEST(AudioPacket, IsReadAsTheSpecificationWritesIt) {
  // FORMAT.md 21: the packet number 5 since its key packet, the last one, of a stream of 300 samples.
  const Bytes bytes = sealed({5 << 3 | 2, 0xAC, 0x02, 7, 8, 9});
  const auto view = parse_audio_packet(bytes);
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_FALSE(view->header.is_key_packet);
  EXPECT_EQ(view->header.number, 5u);
  EXPECT_EQ(view->header.num_source_samples, 300u);
  EXPECT_EQ(copy_of(view->payload), (Bytes{7, 8, 9}));
  EXPECT_EQ(write_audio_packet(view->header, view->payload), bytes);
}

TEST(AudioPacket, BringsBackHeaderAndPayload) {
  for (const AudioPacketHeader& header :
       {AudioPacketHeader{true, 0, {}}, {true, 0, 0}, {false, 31, {}}, {false, 0, kMaxSourceSamples}, last_packet()}) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}}) {
      const Bytes payload(size, 0xA5), bytes = write_audio_packet(header, payload);
      const auto view = parse_audio_packet(bytes);
      ASSERT_TRUE(view.ok()) << view.status().message();
      EXPECT_EQ(view->header.is_key_packet, header.is_key_packet);
      EXPECT_EQ(view->header.number, header.number);
      EXPECT_EQ(view->header.num_source_samples, header.num_source_samples);
      EXPECT_EQ(copy_of(view->payload), payload);
    }
  }
}

TEST(AudioPacket, SilenceTakesTwoBytes) { EXPECT_EQ(write_audio_packet({false, 7, {}}, {}).size(), 2u); }

TEST(AudioPacket, NumbersStartAgainAfterThirtyOne) {
  for (const uint32_t number : {31u, 32u, 33u, 1000u}) {
    const Bytes bytes = write_audio_packet({false, number, {}}, {});
    EXPECT_EQ(parse_audio_packet(bytes)->header.number, number % 32);
  }
}

TEST(AudioPacket, EveryCutIsCorrupt) {
  const Bytes bytes = write_audio_packet(last_packet(), Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_audio_packet(ByteSpan(bytes).first(size)).status().code(), StatusCode::kCorrupt) << size;
  }
}

TEST(AudioPacket, EveryChangedByteIsCorrupt) {
  const Bytes bytes = write_audio_packet(last_packet(), Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9});
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      Bytes damaged = bytes;
      damaged[at] ^= static_cast<uint8_t>(change);
      EXPECT_EQ(code_of(damaged), StatusCode::kCorrupt) << at << " " << change;
    }
  }
}

TEST(AudioPacket, RefusesWhatTheSpecificationForbids) {
  EXPECT_EQ(code_of({}), StatusCode::kCorrupt);
  EXPECT_EQ(code_of({0xFF}), StatusCode::kCorrupt);  // the check of nothing
  EXPECT_EQ(code_of(sealed({0})), StatusCode::kOk);
  for (int first = 0; first < 256; ++first) {
    const bool is_allowed = !(first & 4) && !((first & 1) && first >> 3 != 0);
    EXPECT_EQ(code_of(sealed({static_cast<uint8_t>(first), 0})), is_allowed ? StatusCode::kOk : StatusCode::kCorrupt) << first;
  }
}

TEST(AudioPacket, RefusesLengthsThatAreCutTooLargeOrNotTheShortest) {
  const auto with_end = [](uint64_t num_samples) {
    Bytes bytes = {2};
    append_varint(bytes, num_samples);
    return sealed(bytes);
  };
  EXPECT_EQ(code_of(with_end(kMaxSourceSamples)), StatusCode::kOk);
  EXPECT_EQ(code_of(with_end(kMaxSourceSamples + 1)), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(with_end(~uint64_t{0})), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(sealed({2, 0x80, 0x00})), StatusCode::kCorrupt);
  // The check must not be taken for a part of the length: has_end without any, and with one that goes on.
  for (int number = 0; number < 32; ++number) {
    EXPECT_EQ(code_of(sealed({static_cast<uint8_t>(2 | number << 3)})), StatusCode::kCorrupt) << number;
  }
  for (int low = 0x80; low < 256; ++low) EXPECT_EQ(code_of(sealed({2, static_cast<uint8_t>(low)})), StatusCode::kCorrupt) << low;
}

}  // namespace
}  // namespace laconic
