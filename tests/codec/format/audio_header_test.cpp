#include "codec/format/audio_header.h"

#include <gtest/gtest.h>

#include "tests/codec/format/stream_support.h"

namespace laconic {
namespace {

using testing::append_bytes;
using testing::append_check;

// The fields as they lie in the stream, whatever their values.
struct Fields {
  uint8_t version_and_flags = 0x10;
  uint64_t sample_rate_hz = 44100;
  uint8_t num_channels = 2;
  uint64_t channel_mask = 3;
  uint8_t bits_per_sample = 16;

  Bytes bytes() const {
    Bytes bytes = {0xB1, 'L', 'A', 'A', version_and_flags};
    append_varint(bytes, sample_rate_hz);
    bytes.push_back(num_channels);
    append_varint(bytes, channel_mask);
    append_bytes(bytes, {bits_per_sample, 1, 2, 3, 4, 5, 6, 7, 0xFF});
    append_check(bytes);
    return bytes;
  }
};

StatusCode code_of(const Bytes& bytes) { return parse_audio_header(bytes, Limits()).status().code(); }
StatusCode code_of(const Fields& fields) { return code_of(fields.bytes()); }

AudioHeader header_of_every_field() { return AudioHeader::of({192000, 6, 0x3F, 24}, {1, 2, 3, 4, 5, 6, 7, 8}); }

TEST(AudioHeader, IsReadAsTheSpecificationWritesIt) {
  // FORMAT.md 20: 44.1 kHz, stereo (front left, front right), 16 bits.
  Bytes bytes = {0xB1, 0x4C, 0x41, 0x41, 0x10, 0xC4, 0xD8, 0x02, 2, 3, 16, 1, 2, 3, 4, 5, 6, 7, 0xFF};
  append_check(bytes);
  const auto header = parse_audio_header(bytes, Limits());
  ASSERT_TRUE(header.ok()) << header.status().message();
  EXPECT_EQ(header->format_version, 1);
  EXPECT_EQ(header->format().sample_rate_hz, 44100);
  EXPECT_EQ(header->format().num_channels, 2);
  EXPECT_EQ(header->format().channel_mask, 3u);
  EXPECT_EQ(header->format().bits_per_sample, 16);
  EXPECT_EQ(model_id_to_hex(header->model_id), "01020304050607ff");
  EXPECT_EQ(*write_audio_header(*header), bytes);
  EXPECT_EQ(Fields().bytes(), bytes);
}

TEST(AudioHeader, BringsBackEveryField) {
  const auto bytes = write_audio_header(header_of_every_field());
  ASSERT_TRUE(bytes.ok());
  const auto found = parse_audio_header(*bytes, Limits());
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(found->format().sample_rate_hz, 192000);
  EXPECT_EQ(found->format().num_channels, 6);
  EXPECT_EQ(found->format().channel_mask, 0x3Fu);
  EXPECT_EQ(found->format().bits_per_sample, 24);
  EXPECT_EQ(found->model_id, header_of_every_field().model_id);
}

TEST(AudioHeader, EveryCutAndEveryBitFlipIsRefused) {
  const Bytes bytes = *write_audio_header(header_of_every_field());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_audio_header(ByteSpan(bytes).first(size), Limits()).status().code(), StatusCode::kNeedMoreData) << size;
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_FALSE(parse_audio_header(damaged, Limits()).ok()) << bit;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(code_of(longer), StatusCode::kCorrupt);
}

TEST(AudioHeader, RefusesAnotherMagicVersionAndFlags) {
  for (size_t i = 0; i < 4; ++i) {
    Bytes bytes = Fields().bytes();
    bytes[i] ^= 0x20;
    EXPECT_EQ(code_of(bytes), StatusCode::kCorrupt);
  }
  for (int version = 0; version < 16; ++version) {
    Fields fields;
    fields.version_and_flags = static_cast<uint8_t>(version << 4);
    EXPECT_EQ(code_of(fields), version == 1 ? StatusCode::kOk : StatusCode::kUnsupported) << version;
  }
  for (int flags = 0; flags < 16; ++flags) {
    Fields fields;
    fields.version_and_flags = static_cast<uint8_t>(0x10 | flags);
    EXPECT_EQ(code_of(fields), flags == 0 ? StatusCode::kOk : StatusCode::kCorrupt) << flags;
  }
}

TEST(AudioHeader, TakesSampleRatesWithinTheRangeAndNoOthers) {
  for (const auto& [rate_hz, expected] : std::vector<std::pair<uint64_t, StatusCode>>{
           {0, StatusCode::kCorrupt}, {999, StatusCode::kCorrupt}, {1000, StatusCode::kOk}, {768000, StatusCode::kOk},
           {768001, StatusCode::kCorrupt}, {(uint64_t{1} << 32) + 48000, StatusCode::kCorrupt}}) {
    Fields fields;
    fields.sample_rate_hz = rate_hz;
    EXPECT_EQ(code_of(fields), expected) << rate_hz;
  }
}

TEST(AudioHeader, TakesOneToEightChannels) {
  for (int num_channels = 0; num_channels < 256; ++num_channels) {
    Fields fields;
    fields.num_channels = static_cast<uint8_t>(num_channels);
    fields.channel_mask = 0;
    EXPECT_EQ(code_of(fields), num_channels >= 1 && num_channels <= 8 ? StatusCode::kOk : StatusCode::kCorrupt) << num_channels;
  }
}

TEST(AudioHeader, TakesMasksThatNameEveryChannelOrNone) {
  for (const auto& [mask, expected] : std::vector<std::pair<uint64_t, StatusCode>>{
           {0, StatusCode::kOk}, {3, StatusCode::kOk}, {0x80000001, StatusCode::kOk}, {1, StatusCode::kCorrupt}, {7, StatusCode::kCorrupt},
           {0xFFFFFFFF, StatusCode::kCorrupt}, {(uint64_t{1} << 32) + 3, StatusCode::kCorrupt}}) {
    Fields fields;
    fields.channel_mask = mask;
    EXPECT_EQ(code_of(fields), expected) << mask;
  }
}

TEST(AudioHeader, TakesThreeSampleSizes) {
  for (int bits = 0; bits < 256; ++bits) {
    Fields fields;
    fields.bits_per_sample = static_cast<uint8_t>(bits);
    EXPECT_EQ(code_of(fields), bits == 16 || bits == 24 || bits == 32 ? StatusCode::kOk : StatusCode::kCorrupt) << bits;
  }
}

TEST(AudioHeader, IsNotWrittenWithFieldsOutOfRange) {
  std::vector<AudioHeader> wrong(6, header_of_every_field());
  wrong[0].sample_rate_hz = 999;
  wrong[1].num_channels = 9;
  wrong[2].channel_mask = 0x1F;
  wrong[3].bits_per_sample = 20;
  wrong[4].format_version = 2;
  wrong[5].flags = 1;
  for (size_t i = 0; i < wrong.size(); ++i) EXPECT_FALSE(write_audio_header(wrong[i]).ok()) << i;
}

}  // namespace
}  // namespace laconic
