#include "codec/format/image_stream.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "tests/codec/format/stream_support.h"

namespace laconic {
namespace {

using testing::append_bytes;
using testing::append_check;
using testing::copy_of;
using testing::random_stream;
using testing::start_of_header;

// LACONIC_TEST_SEED=n repeats a run.
uint32_t test_seed() {
  const char* given = std::getenv("LACONIC_TEST_SEED");
  const uint32_t seed = given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : 20240611;
  std::printf("LACONIC_TEST_SEED=%u\n", seed);
  return seed;
}

// From a buffer of exact size, so that the sanitizer sees a read behind the end.
Result<ImageStreamView> parse_prefix(const Bytes& bytes, size_t size, const Limits& limits,
                                     std::unique_ptr<uint8_t[]>& copy) {
  copy = std::make_unique<uint8_t[]>(size);
  std::copy(bytes.begin(), bytes.begin() + size, copy.get());
  return parse_image_stream({copy.get(), size}, limits);
}

StatusCode code_of(const Bytes& bytes, const Limits& limits = Limits()) {
  std::unique_ptr<uint8_t[]> copy;
  return parse_prefix(bytes, bytes.size(), limits, copy).status().code();
}

ImageStream small_stream() {
  ImageStream stream;
  stream.header.width_px = 20;
  stream.header.height_px = 30;
  stream.header.quality_step = 1229;
  stream.colour_sections = {{1, 2, 3, 4, 5}};
  return stream;
}

// Grey, with alpha as a plane, all metadata, 2 x 2 superblocks.
ImageStream rich_stream() {
  std::mt19937 random(3);
  ImageStream stream;
  stream.header.set_flag(kFlagGrey, true);
  stream.header.set_flag(kFlagAlpha, true);
  stream.header.width_px = 600;
  stream.header.height_px = 1000;
  stream.header.quality_step = 700;
  stream.header.alpha_coding = 1;
  stream.header.alpha_quality_step = 2048;
  stream.metadata = {{1, 2, 3}, {4, 5}, {6}};
  testing::fill_sections(stream, random, 12);
  return stream;
}

Bytes written(const ImageStream& stream) {
  const auto bytes = write_image_stream(stream);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : Bytes();
}

ImageStream owned(const ImageStreamView& view) {
  ImageStream stream;
  stream.header = view.header;
  stream.metadata = copy_metadata(view.metadata);
  for (const ByteSpan section : view.colour_sections) stream.colour_sections.push_back(copy_of(section));
  for (const ByteSpan section : view.alpha_sections) stream.alpha_sections.push_back(copy_of(section));
  return stream;
}

// A header by hand for a picture of one superblock: what lies between quality step and section.
Bytes hand_made(uint8_t flags, const Bytes& middle, const Bytes& section = {9, 9, 9}) {
  Bytes bytes = start_of_header(flags, 20, 30);
  append_bytes(bytes, {5});
  append_bytes(bytes, middle);
  append_check(bytes);
  append_bytes(bytes, section);
  return bytes;
}

TEST(ImageStream, IsWrittenAsTheSpecificationSays) {
  const Bytes expected = {0xB1, 0x4C, 0x41, 0x43, 0x10, 20,   30,   0,    0, 0, 0, 0, 0,
                          0,    0,    0xCD, 0x09, 5,    0x0A, 0x4B, 0xE4, 1, 2, 3, 4, 5};
  EXPECT_EQ(written(small_stream()), expected);
}

TEST(ImageStream, RoundTripsRandomStreams) {
  std::mt19937 random(test_seed());
  for (int i = 0; i < 500; ++i) {
    const ImageStream stream = random_stream(random);
    const Bytes bytes = written(stream);
    const auto view = parse_image_stream(bytes, Limits());
    ASSERT_TRUE(view.ok()) << view.status().message();
    const ImageStream found = owned(*view);
    EXPECT_EQ(print_image_header(found.header), print_image_header(stream.header));
    EXPECT_EQ(found.metadata.icc, stream.metadata.icc);
    EXPECT_EQ(found.metadata.exif, stream.metadata.exif);
    EXPECT_EQ(found.metadata.xmp, stream.metadata.xmp);
    EXPECT_EQ(found.colour_sections, stream.colour_sections);
    EXPECT_EQ(found.alpha_sections, stream.alpha_sections);
    EXPECT_EQ(view->grid.num_superblocks(), static_cast<int64_t>(stream.colour_sections.size()));
    EXPECT_EQ(bytes.data() + view->header_bytes, view->colour_sections[0].data());
    EXPECT_EQ(written(found), bytes);
  }
}

TEST(ImageStream, CutAnywhereNeedsMoreData) {
  for (const ImageStream& stream : {small_stream(), rich_stream()}) {
    const Bytes bytes = written(stream);
    for (size_t size = 0; size < bytes.size(); ++size) {
      std::unique_ptr<uint8_t[]> copy;
      const auto view = parse_prefix(bytes, size, Limits(), copy);
      EXPECT_EQ(view.status().code(), StatusCode::kNeedMoreData) << size << ": " << view.status().message();
    }
    EXPECT_EQ(code_of(bytes), StatusCode::kOk);
  }
}

TEST(ImageStream, ArrivingInChunksEqualsArrivingAtOnce) {
  std::mt19937 random(test_seed());
  ImageStream stream = random_stream(random);
  stream.metadata.icc = testing::random_bytes(random, 1000);
  const Bytes bytes = written(stream);
  for (const size_t chunk : {size_t{1}, size_t{123}}) {
    Bytes arrived;
    while (arrived.size() < bytes.size()) {
      EXPECT_EQ(code_of(arrived), StatusCode::kNeedMoreData);
      const size_t end = std::min(bytes.size(), arrived.size() + chunk);
      arrived.insert(arrived.end(), bytes.begin() + arrived.size(), bytes.begin() + end);
    }
    const auto view = parse_image_stream(arrived, Limits());
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(written(owned(*view)), bytes);
  }
}

TEST(ImageStream, EveryBitFlipInTheHeaderIsNoticed) {
  for (const ImageStream& stream : {small_stream(), rich_stream()}) {
    const Bytes bytes = written(stream);
    const uint64_t header_bytes = parse_image_stream(bytes, Limits())->header_bytes;
    for (uint64_t bit = 0; bit < 8 * header_bytes; ++bit) {
      Bytes damaged = bytes;
      damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      const StatusCode code = code_of(damaged);
      EXPECT_NE(code, StatusCode::kOk) << "bit " << bit;
      EXPECT_NE(code, StatusCode::kInternal) << "bit " << bit;
      EXPECT_NE(code, StatusCode::kInvalidArgument) << "bit " << bit;
    }
  }
}

// Fields whose every value is valid have nothing but the check.
TEST(ImageStream, DamageThatFieldsCannotShowIsCorrupt) {
  const Bytes bytes = written(rich_stream());
  for (const size_t offset : {size_t{9}, size_t{16}, parse_image_stream(bytes, Limits())->header_bytes - 1}) {
    Bytes damaged = bytes;
    damaged[offset] ^= 1;  // model id (two places), header check
    EXPECT_EQ(code_of(damaged), StatusCode::kCorrupt) << offset;
  }
}

TEST(ImageStream, DamageInASectionIsLeftToTheSection) {
  Bytes bytes = written(small_stream());
  bytes.back() ^= 1;
  EXPECT_EQ(code_of(bytes), StatusCode::kOk);
}

TEST(ImageStream, RefusesTrailingBytes) {
  for (const size_t extra : {1, 2, 1000}) {
    Bytes bytes = written(small_stream());
    bytes.resize(bytes.size() + extra);
    EXPECT_EQ(code_of(bytes), StatusCode::kCorrupt);
  }
}

TEST(ImageStream, RefusesRandomBytes) {
  std::mt19937 random(test_seed());
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = testing::random_bytes(random, 1 + random() % 100);
    EXPECT_NE(code_of(bytes), StatusCode::kOk);
    Bytes after_magic = {0xB1, 'L', 'A', 'C', static_cast<uint8_t>(0x10 | (random() & 15))};
    append_bytes(after_magic, bytes);
    EXPECT_NE(code_of(after_magic), StatusCode::kOk);
  }
}

TEST(ImageStream, TakesMetadataInAscendingOrderOnly) {
  const uint8_t kLength = 3;  // of the section
  const auto code = [&](const Bytes& blocks) {
    Bytes middle = blocks;
    append_bytes(middle, {kLength});
    return code_of(hand_made(kFlagMetadata, middle));
  };
  EXPECT_EQ(code({1, 1, 7, 2, 1, 7, 3, 1, 7, 0}), StatusCode::kOk);
  EXPECT_EQ(code({1, 1, 7, 3, 1, 7, 0}), StatusCode::kOk);
  EXPECT_EQ(code({2, 1, 7, 0}), StatusCode::kOk);
  EXPECT_EQ(code({2, 1, 7, 1, 1, 7, 0}), StatusCode::kCorrupt);  // wrong order
  EXPECT_EQ(code({3, 1, 7, 2, 1, 7, 0}), StatusCode::kCorrupt);
  EXPECT_EQ(code({1, 1, 7, 1, 1, 7, 0}), StatusCode::kCorrupt);  // twice
  EXPECT_EQ(code({4, 1, 7, 0}), StatusCode::kCorrupt);           // unknown
  EXPECT_EQ(code({1, 0, 0}), StatusCode::kCorrupt);              // empty
  EXPECT_EQ(code({1, 0x81, 0x00, 7, 0}), StatusCode::kCorrupt);  // length not in its shortest form
  EXPECT_EQ(code({0}), StatusCode::kCorrupt);                    // announced, absent
}

TEST(ImageStream, TakesMetadataUpToTheLimitAndNoMore) {
  Limits limits;
  limits.max_metadata_bytes = 100;
  ImageStream stream = small_stream();
  stream.metadata = {Bytes(60), Bytes(30), Bytes(10)};
  EXPECT_EQ(code_of(written(stream), limits), StatusCode::kOk);
  stream.metadata.xmp.push_back(0);
  EXPECT_EQ(code_of(written(stream), limits), StatusCode::kLimitExceeded);
  stream.metadata = {Bytes(101), {}, {}};
  EXPECT_EQ(code_of(written(stream), limits), StatusCode::kLimitExceeded);
}

TEST(ImageStream, RefusesMetadataLongerThanMemoryBeforeTakingAny) {
  Limits limits;
  limits.max_metadata_bytes = ~0ull;
  Bytes bytes = start_of_header(kFlagMetadata, 20, 30);
  append_bytes(bytes, {5, 1});
  append_varint(bytes, ~0ull);
  bytes.resize(bytes.size() + 50);
  EXPECT_EQ(code_of(bytes, limits), StatusCode::kNeedMoreData);
  EXPECT_EQ(code_of(bytes), StatusCode::kLimitExceeded);
}

TEST(ImageStream, TakesStreamsUpToTheLimitAndNoMore) {
  const Bytes bytes = written(rich_stream());
  Limits limits;
  limits.max_stream_bytes = bytes.size();
  EXPECT_EQ(code_of(bytes, limits), StatusCode::kOk);
  limits.max_stream_bytes = bytes.size() - 1;
  EXPECT_EQ(code_of(bytes, limits), StatusCode::kLimitExceeded);
}

TEST(ImageStream, RefusesSectionsTooShortToBeOne) {
  EXPECT_EQ(code_of(hand_made(0, {3})), StatusCode::kOk);
  EXPECT_EQ(code_of(hand_made(0, {2}, {9, 9, 9})), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(hand_made(0, {0}, {})), StatusCode::kNeedMoreData);  // fewer bytes than any section has
  EXPECT_EQ(code_of(hand_made(0, {0}, {9, 9, 9})), StatusCode::kCorrupt);
  EXPECT_EQ(code_of(hand_made(0, {0x83, 0x00})), StatusCode::kCorrupt);  // length not in its shortest form
}

TEST(ImageStream, RefusesSectionLengthsWhoseSumOverflows) {
  Limits limits;
  limits.max_stream_bytes = ~0ull;
  for (const Limits& each : {Limits(), limits}) {
    Bytes bytes = start_of_header(0, 1024, 512);  // two sections
    append_bytes(bytes, {5});
    append_varint(bytes, ~0ull);
    append_varint(bytes, 4);
    append_check(bytes);
    append_bytes(bytes, {9, 9, 9, 9, 9, 9});
    EXPECT_EQ(code_of(bytes, each), StatusCode::kLimitExceeded);
  }
}

// 2^44 superblocks announced in 60 bytes: refused before the table takes memory.
TEST(ImageStream, ComparesTheNumberOfSectionsWithWhatIsLeft) {
  Limits limits;
  limits.max_dimension_px = ~0u;
  limits.max_pixels = ~0ull;
  Bytes bytes = start_of_header(0, kMaxFormatDimensionPx, kMaxFormatDimensionPx);
  append_bytes(bytes, {5});
  bytes.resize(bytes.size() + 40);
  EXPECT_EQ(code_of(bytes, limits), StatusCode::kNeedMoreData);
  EXPECT_EQ(code_of(bytes), StatusCode::kLimitExceeded);
}

TEST(ImageStream, OverheadOfASmallPictureIsAtMost24Bytes) {
  ImageStream stream = small_stream();
  stream.header.width_px = stream.header.height_px = 127;
  stream.header.quality_step = kMaxQualityStep;
  for (const size_t payload_bytes : {size_t{1}, size_t{125}, size_t{126}, size_t{4000}, size_t{16381}}) {
    stream.colour_sections = {Bytes(payload_bytes + 2)};  // with its check
    EXPECT_LE(written(stream).size() - payload_bytes, 24u) << payload_bytes;
  }
  stream.colour_sections = {Bytes(16384)};
  EXPECT_EQ(written(stream).size() - 16382, 25u);  // FORMAT.md 4.6: from 16384 bytes on
}

TEST(ImageStream, IsNotWrittenWithTheWrongSections) {
  const auto code = [](const ImageStream& stream) { return write_image_stream(stream).status().code(); };
  ImageStream stream = small_stream();
  stream.colour_sections.push_back({1, 2, 3});
  EXPECT_EQ(code(stream), StatusCode::kInvalidArgument);
  stream.colour_sections.clear();
  EXPECT_EQ(code(stream), StatusCode::kInvalidArgument);
  stream = small_stream();
  stream.alpha_sections.push_back({1, 2, 3});
  EXPECT_EQ(code(stream), StatusCode::kInvalidArgument);
  stream = small_stream();
  stream.colour_sections[0].resize(2);
  EXPECT_EQ(code(stream), StatusCode::kInvalidArgument);
  stream = small_stream();
  stream.header.width_px = 0;
  EXPECT_EQ(code(stream), StatusCode::kInvalidArgument);
}

TEST(ImageStream, SetsTheMetadataFlagItself) {
  ImageStream stream = small_stream();
  stream.header.set_flag(kFlagMetadata, true);
  const Bytes without = written(stream);
  EXPECT_FALSE(parse_image_stream(without, Limits())->header.has_metadata());
  stream.header.set_flag(kFlagMetadata, false);
  stream.metadata.exif = {1};
  const Bytes with = written(stream);
  EXPECT_TRUE(parse_image_stream(with, Limits())->header.has_metadata());
}

}  // namespace
}  // namespace laconic
