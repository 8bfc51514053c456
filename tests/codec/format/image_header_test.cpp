#include "codec/format/image_header.h"

#include <gtest/gtest.h>

#include "codec/format/geometry.h"
#include "tests/codec/format/stream_support.h"

namespace laconic {
namespace {

using testing::append_bytes;
using testing::start_of_header;

Bytes with_quality(Bytes bytes, uint64_t quality_step) {
  append_varint(bytes, quality_step);
  return bytes;
}

Result<ImageHeader> read(const Bytes& bytes, const Limits& limits = Limits()) {
  ByteReader reader(bytes);
  return read_image_header(reader, limits);
}

StatusCode code_of(const Bytes& bytes, const Limits& limits = Limits()) { return read(bytes, limits).status().code(); }

TEST(ImageHeader, IsReadAsTheSpecificationWritesIt) {
  // FORMAT.md 4.1, 4.2: grey + alpha of 16 bits, 300 x 5 pixels, quality step 1229, alpha plane at 256.
  const Bytes bytes = {0xB1, 0x4C, 0x41, 0x43, 0x17, 0xAC, 0x02, 0x05, 1,    2,   3,
                       4,    5,    6,    7,    0xFF, 0xCD, 0x09, 1,    0x80, 0x02};
  const auto header = read(bytes);
  ASSERT_TRUE(header.ok()) << header.status().message();
  EXPECT_EQ(header->width_px, 300u);
  EXPECT_EQ(header->height_px, 5u);
  EXPECT_EQ(model_id_to_hex(header->model_id), "01020304050607ff");
  EXPECT_EQ(header->quality_step, 1229u);
  EXPECT_TRUE(header->has_alpha_plane());
  EXPECT_EQ(header->alpha_quality_step, 256u);
  EXPECT_EQ(header->num_channels(), 2);
  EXPECT_EQ(header->bit_depth(), 16);
  Bytes written;
  ASSERT_TRUE(append_image_header(written, *header).ok());
  EXPECT_EQ(written, bytes);
}

TEST(ImageHeader, RoundTripsForEveryCombinationOfFlags) {
  for (uint8_t flags = 0; flags < 16; ++flags) {
    for (uint8_t alpha_coding = 0; alpha_coding < 2; ++alpha_coding) {
      ImageHeader header;
      header.flags = flags;
      header.width_px = 129;
      header.height_px = 7;
      header.quality_step = kMaxQualityStep;
      if (header.has_alpha()) header.alpha_coding = alpha_coding;
      if (header.has_alpha_plane()) header.alpha_quality_step = 77;
      Bytes bytes = {42};  // what is there stays
      ASSERT_TRUE(append_image_header(bytes, header).ok());
      ByteReader reader(ByteSpan(bytes).subspan(1, bytes.size() - 1));
      const auto found = read_image_header(reader, Limits());
      ASSERT_TRUE(found.ok());
      EXPECT_EQ(reader.remaining(), 0u);
      EXPECT_EQ(print_image_header(*found), print_image_header(header));
      EXPECT_EQ(found->flags, flags);
    }
  }
}

TEST(ImageHeader, PrintsEveryFieldOfTheStream) {
  ImageHeader header;
  header.set_flag(kFlagAlpha, true);
  header.width_px = 3;
  header.height_px = 4;
  header.alpha_coding = 1;
  EXPECT_EQ(print_image_header(header),
            "format_version: 1\nis_grey: 0\nhas_alpha: 1\nis_16_bit: 0\nhas_metadata: 0\nwidth_px: 3\nheight_px: 4\n"
            "model_id: 0000000000000000\nquality_step: 0\nalpha_coding: 1\nalpha_quality_step: 0\n");
}

TEST(ImageHeader, RefusesAnotherMagicAsCorrupt) {
  for (size_t i = 0; i < 4; ++i) {
    Bytes bytes = with_quality(start_of_header(0, 1, 1), 0);
    bytes[i] ^= 0x20;
    EXPECT_EQ(code_of(bytes), StatusCode::kCorrupt);
    EXPECT_EQ(code_of(Bytes(bytes.begin(), bytes.begin() + i + 1)), StatusCode::kCorrupt);
  }
}

TEST(ImageHeader, RefusesOtherVersionsAsUnsupported) {
  for (int version = 0; version < 16; ++version) {
    Bytes bytes = with_quality(start_of_header(0, 1, 1), 0);
    bytes[4] = static_cast<uint8_t>(version << 4);
    EXPECT_EQ(code_of(bytes), version == 1 ? StatusCode::kOk : StatusCode::kUnsupported) << version;
  }
}

TEST(ImageHeader, RefusesPicturesWithoutPixels) {
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 0, 1), 0)), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1, 0), 0)), StatusCode::kCorrupt);
}

TEST(ImageHeader, TakesDimensionsUpToTheLimitAndNoMore) {
  Limits limits;
  limits.max_dimension_px = 1000;
  limits.max_pixels = 600000;
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1000, 600), 0), limits), StatusCode::kOk);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1001, 1), 0), limits), StatusCode::kLimitExceeded);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1, 1001), 0), limits), StatusCode::kLimitExceeded);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1000, 601), 0), limits), StatusCode::kLimitExceeded);
}

TEST(ImageHeader, RefusesHugeDimensionsWhateverTheLimits) {
  Limits limits;
  limits.max_dimension_px = ~0u;
  limits.max_pixels = ~0ull;
  EXPECT_EQ(code_of(with_quality(start_of_header(0, kMaxFormatDimensionPx, kMaxFormatDimensionPx), 0), limits),
            StatusCode::kOk);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1ull << 31, 1), 0), limits), StatusCode::kLimitExceeded);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, ~0ull, 1), 0), limits), StatusCode::kLimitExceeded);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1ull << 31, 1), 0)), StatusCode::kLimitExceeded);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1 << 16, 1 << 15), 0)), StatusCode::kLimitExceeded);
}

TEST(ImageHeader, RefusesQualityStepsBeyondTheLast) {
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1, 1), kMaxQualityStep)), StatusCode::kOk);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1, 1), kMaxQualityStep + 1)), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 1, 1), (1ull << 32) + 5)), StatusCode::kCorrupt);
}

TEST(ImageHeader, RefusesUnknownAlphaCodings) {
  for (uint8_t coding = 0; coding < 8; ++coding) {
    Bytes bytes = with_quality(start_of_header(kFlagAlpha, 1, 1), 0);
    append_bytes(bytes, {coding, 0});
    EXPECT_EQ(code_of(bytes), coding <= 1 ? StatusCode::kOk : StatusCode::kCorrupt);
  }
}

TEST(ImageHeader, RefusesVarintsThatAreNotTheShortest) {
  Bytes bytes = {0xB1, 'L', 'A', 'C', 0x10, 0x85, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(code_of(bytes), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(with_quality(start_of_header(0, 5, 5), 0)), StatusCode::kOk);
  Bytes quality = start_of_header(0, 5, 5);
  append_bytes(quality, {0x80, 0x80, 0x00});
  EXPECT_EQ(code_of(quality), StatusCode::kCorrupt);
}

TEST(ImageHeader, IsNotWrittenWithFieldsOutOfRange) {
  ImageHeader valid;
  valid.width_px = valid.height_px = 10;
  valid.set_flag(kFlagAlpha, true);
  valid.alpha_coding = 1;
  ImageHeader header = valid;
  std::vector<ImageHeader> wrong(6, valid);
  wrong[0].width_px = 0;
  wrong[1].height_px = 1u << 31;
  wrong[2].quality_step = kMaxQualityStep + 1;
  wrong[3].alpha_coding = 2;
  wrong[4].alpha_quality_step = kMaxQualityStep + 1;
  wrong[5].format_version = 2;
  Bytes bytes = {1, 2};
  for (const ImageHeader& each : wrong) {
    EXPECT_EQ(append_image_header(bytes, each).code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(bytes.size(), 2u);
  }
  EXPECT_TRUE(append_image_header(bytes, header).ok());
}

TEST(ImageHeader, QualityStepsAreInverseToQualities) {
  for (uint32_t step = 0; step <= kMaxQualityStep; ++step) EXPECT_EQ(quality_step_of(quality_of_step(step)), step);
  EXPECT_EQ(quality_step_of(100), kMaxQualityStep);
  EXPECT_EQ(anchor_of_step(0), 0);
  EXPECT_EQ(anchor_of_step(127), 0);
  EXPECT_EQ(anchor_of_step(128), 1);
  EXPECT_EQ(anchor_of_step(1919), 7);
  EXPECT_EQ(anchor_of_step(1920), 8);
  EXPECT_EQ(anchor_of_step(2048), 8);
}

TEST(ModelId, GoesToHexAndBack) {
  const ModelId id = {0x00, 0x1f, 0xff, 0xa5, 4, 5, 6, 7};
  EXPECT_EQ(model_id_to_hex(id), "001fffa504050607");
  EXPECT_EQ(*model_id_from_hex("001fffA504050607"), id);
  for (const char* wrong : {"", "001fffa50405060", "001fffa5040506077", "001fffa50405060g", "001fffa504050 07"}) {
    EXPECT_EQ(model_id_from_hex(wrong).status().code(), StatusCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace laconic
