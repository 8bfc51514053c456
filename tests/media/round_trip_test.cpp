// Every format with every kind of picture, there and back; metadata byte for byte.
#include <gtest/gtest.h>

#include <cmath>

#include "codec/media/image_file.h"
#include "codec/metrics.h"
#include "tests/media/test_pictures.h"

namespace laconic {
namespace {

Result<Image> there_and_back(const Image& image, const std::string& format,
                             std::vector<std::string>* warnings = nullptr, bool webp_lossless = false) {
  ImageWriteOptions options;
  options.warnings = warnings;
  options.webp_lossless = webp_lossless;
  LACONIC_ASSIGN_OR_RETURN(const Bytes bytes, encode_image_bytes(image, format, options));
  return read_image_bytes(bytes, {});
}

struct Kind {
  int num_channels;
  int bit_depth;
};
constexpr Kind kAllKinds[] = {{1, 8}, {2, 8}, {3, 8}, {4, 8}, {1, 16}, {2, 16}, {3, 16}, {4, 16}};

void expect_same_samples(const Image& a, const Image& b) {
  ASSERT_EQ(a.width_px, b.width_px);
  ASSERT_EQ(a.height_px, b.height_px);
  ASSERT_EQ(a.num_channels, b.num_channels);
  ASSERT_EQ(a.bit_depth, b.bit_depth);
  EXPECT_TRUE(a.samples == b.samples);
}

class LosslessFormat : public testing::TestWithParam<const char*> {};

TEST_P(LosslessFormat, KeepsAllChannelsAndDepths) {
  for (const Kind kind : kAllKinds) {
    for (const auto& [width, height] : {std::pair(1, 1), std::pair(37, 23), std::pair(400, 300)}) {
      SCOPED_TRACE(std::to_string(kind.num_channels) + " channels, " + std::to_string(kind.bit_depth) + " bits, " +
                   std::to_string(width) + " wide");
      const Image image = draw_picture(width, height, kind.num_channels, kind.bit_depth);
      const Result<Image> back = there_and_back(image, GetParam());
      ASSERT_TRUE(back.ok()) << back.status().message();
      expect_same_samples(image, *back);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Formats, LosslessFormat, testing::Values("png", "tiff", "TIF"));

TEST(Pnm, KeepsGreyAndColourOfBothDepths) {
  for (const Kind kind : {Kind{1, 8}, Kind{3, 8}, Kind{1, 16}, Kind{3, 16}}) {
    const Image image = draw_picture(37, 23, kind.num_channels, kind.bit_depth);
    const Result<Image> back = there_and_back(image, "pnm");
    ASSERT_TRUE(back.ok()) << back.status().message();
    expect_same_samples(image, *back);
  }
}

TEST(Pnm, SaysThatAlphaIsDropped) {
  std::vector<std::string> warnings;
  const Image image = draw_picture(37, 23, 4, 16);
  const Result<Image> back = there_and_back(image, "ppm", &warnings);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->num_channels, 3);
  EXPECT_EQ(sample_of(*back, 30, 20, 2), sample_of(image, 30, 20, 2));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("alpha"), std::string::npos);
}

TEST(Pnm, RefusesColourInPgm) {
  const Result<Image> back = there_and_back(draw_picture(3, 3, 3, 8), "pgm");
  EXPECT_EQ(back.status().code(), StatusCode::kInvalidArgument);
}

TEST(Pnm, WritesGreyAsColourInPpm) {
  const Image image = draw_picture(5, 4, 1, 8);
  const Result<Image> back = there_and_back(image, "ppm");
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back->num_channels, 3);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(sample_of(*back, 4, 3, c), sample_of(image, 4, 3, 0));
}

TEST(Bmp, KeepsEightBitKinds) {
  for (const int num_channels : {1, 3, 4}) {
    const Image image = draw_picture(37, 23, num_channels, 8);
    const Result<Image> back = there_and_back(image, "bmp");
    ASSERT_TRUE(back.ok()) << back.status().message();
    expect_same_samples(image, *back);
  }
}

TEST(Bmp, WritesGreyWithAlphaAsColourWithAlpha) {
  const Image image = draw_picture(37, 23, 2, 8);
  const Result<Image> back = there_and_back(image, "bmp");
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back->num_channels, 4);
  EXPECT_EQ(sample_of(*back, 30, 11, 1), sample_of(image, 30, 11, 0));
  EXPECT_EQ(sample_of(*back, 30, 11, 3), sample_of(image, 30, 11, 1));
}

TEST(SixteenBits, AreRoundedToTheNearestOfEightWithAWarning) {
  Image image = draw_picture(2, 1, 1, 16);
  const uint16_t samples[2] = {128, 129};  // 257 / 2 lies between them
  std::memcpy(image.samples.data(), samples, 4);
  std::vector<std::string> warnings;
  const Result<Image> back = there_and_back(image, "bmp", &warnings);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->bit_depth, 8);
  EXPECT_EQ(sample_of(*back, 0, 0, 0), 0u);
  EXPECT_EQ(sample_of(*back, 1, 0, 0), 1u);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("16"), std::string::npos);
}

TEST(Webp, KeepsColourAndAlphaWhenLossless) {
  for (const int num_channels : {3, 4}) {
    const Image image = draw_picture(37, 23, num_channels, 8);  // nowhere fully transparent
    const Result<Image> back = there_and_back(image, "webp", nullptr, true);
    ASSERT_TRUE(back.ok()) << back.status().message();
    expect_same_samples(image, *back);
  }
}

TEST(Webp, WritesGreyAsColour) {
  for (const int num_channels : {1, 2}) {
    const Image image = draw_picture(37, 23, num_channels, 8);
    const Result<Image> back = there_and_back(image, "webp", nullptr, true);
    ASSERT_TRUE(back.ok()) << back.status().message();
    ASSERT_EQ(back->num_channels, num_channels + 2);
    for (int c = 0; c < 3; ++c) EXPECT_EQ(sample_of(*back, 36, 22, c), sample_of(image, 36, 22, 0));
  }
}

class LossyFormat : public testing::TestWithParam<const char*> {};

TEST_P(LossyFormat, ComesCloseWithoutSwappingChannels) {
  for (const int num_channels : {1, 3}) {
    Image image = draw_picture(200, 160, num_channels, 8);
    for (size_t i = 0; i < image.samples.size(); ++i) {  // smooth, so that only a mix-up brings the PSNR down
      const int c = static_cast<int>(i) % num_channels;
      const int pixel = static_cast<int>(i) / num_channels;
      image.samples[i] = static_cast<uint8_t>(60 + c * 60 + (pixel % 200) / 10 * (c == 1 ? -1 : 1));
    }
    const Result<Image> back = there_and_back(image, GetParam());
    ASSERT_TRUE(back.ok()) << back.status().message();
    Image colour_or_grey = *back;
    if (num_channels == 1 && back->num_channels == 3) {  // WebP
      colour_or_grey.num_channels = 1;
      for (size_t i = 0; i < image.samples.size(); ++i) colour_or_grey.samples[i] = back->samples[3 * i];
      colour_or_grey.samples.resize(image.samples.size());
    }
    const Result<double> quality = psnr(image, colour_or_grey);
    ASSERT_TRUE(quality.ok()) << quality.status().message();
    EXPECT_GT(*quality, 38.0);
  }
}
INSTANTIATE_TEST_SUITE_P(Formats, LossyFormat, testing::Values("jpg", "jpeg", "webp"));

TEST(Jpeg, ObeysItsQuality) {
  const Image image = draw_picture(200, 160, 3, 8);
  ImageWriteOptions low, high;
  low.jpeg_quality = 20;
  high.jpeg_quality = 95;
  const Result<Bytes> small = encode_image_bytes(image, "jpg", low);
  const Result<Bytes> large = encode_image_bytes(image, "jpg", high);
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_LT(small->size(), large->size());
}

class MetadataFormat : public testing::TestWithParam<const char*> {};

TEST_P(MetadataFormat, KeepsIccExifAndXmpByteForByte) {
  for (const int num_channels : {3, 4}) {
    for (const bool webp_lossless : {false, true}) {
      // Beyond one JPEG segment; odd, so that RIFF has to pad.
      for (const size_t icc_bytes : {size_t{1}, size_t{701}, size_t{200'001}}) {
        Image image = draw_picture(37, 23, num_channels, 8);
        image.metadata = full_metadata(icc_bytes);
        const Result<Image> back = there_and_back(image, GetParam(), nullptr, webp_lossless);
        ASSERT_TRUE(back.ok()) << back.status().message();
        EXPECT_TRUE(back->metadata.icc == image.metadata.icc);
        EXPECT_TRUE(back->metadata.exif == image.metadata.exif);
        EXPECT_TRUE(back->metadata.xmp == image.metadata.xmp);
        const bool drops_alpha = std::string(GetParam()) == "jpg";
        EXPECT_EQ(back->num_channels, drops_alpha ? 3 : num_channels);
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Formats, MetadataFormat, testing::Values("png", "jpg", "webp"));

TEST(Metadata, InTiffIsIccAndXmpAndAWarningForExif) {
  Image image = draw_picture(37, 23, 3, 8);
  image.metadata = full_metadata();
  std::vector<std::string> warnings;
  const Result<Image> back = there_and_back(image, "tiff", &warnings);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(back->metadata.icc == image.metadata.icc);
  EXPECT_TRUE(back->metadata.xmp == image.metadata.xmp);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("Exif"), std::string::npos);
}

TEST(Metadata, IsNamedWhenTheFormatHoldsNone) {
  for (const char* format : {"ppm", "bmp"}) {
    Image image = draw_picture(4, 4, 3, 8);
    image.metadata = full_metadata();
    std::vector<std::string> warnings;
    const Result<Image> back = there_and_back(image, format, &warnings);
    ASSERT_TRUE(back.ok());
    ASSERT_EQ(warnings.size(), 3u);
    EXPECT_NE(warnings[0].find("ICC"), std::string::npos);
    EXPECT_NE(warnings[1].find("Exif"), std::string::npos);
    EXPECT_NE(warnings[2].find("XMP"), std::string::npos);
  }
}

TEST(Metadata, TooLongForAJpegSegmentIsDroppedWithAWarning) {
  Image image = draw_picture(4, 4, 3, 8);
  image.metadata.exif = exif_with_orientation(1, false);
  image.metadata.exif.resize(65533 - 6);  // just fits
  image.metadata.xmp.assign(65533 - 29 + 1, 'x');
  std::vector<std::string> warnings;
  const Result<Image> back = there_and_back(image, "jpg", &warnings);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(back->metadata.exif == image.metadata.exif);
  EXPECT_TRUE(back->metadata.xmp.empty());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("XMP"), std::string::npos);
}

TEST(Metadata, OfGreyInksDoesNotDescribeAPictureWrittenAsColour) {
  Image image = draw_picture(4, 4, 1, 8);
  image.metadata.icc = noise_block(100, 3);
  std::memcpy(image.metadata.icc.data() + 16, "GRAY", 4);
  std::vector<std::string> warnings;
  const Result<Image> back = there_and_back(image, "webp", &warnings);
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE(back->metadata.icc.empty());
  EXPECT_EQ(warnings.size(), 1u);
}

TEST(Options, OutOfRangeAreRefused) {
  const Image image = draw_picture(4, 4, 3, 8);
  ImageWriteOptions options;
  options.jpeg_quality = 101;
  EXPECT_EQ(encode_image_bytes(image, "png", options).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_image_bytes(image, "xyz", {}).status().code(), StatusCode::kInvalidArgument);
  Image broken = image;
  broken.samples.pop_back();
  EXPECT_EQ(encode_image_bytes(broken, "png", {}).status().code(), StatusCode::kInvalidArgument);
  broken = image;
  broken.num_channels = 5;
  EXPECT_EQ(encode_image_bytes(broken, "png", {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Options, PictureLargerThanTheFormatHoldsIsRefused) {
  EXPECT_EQ(encode_image_bytes(draw_picture(16384, 1, 3, 8), "webp", {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(encode_image_bytes(draw_picture(16383, 1, 3, 8), "webp", {}).ok());
  EXPECT_EQ(encode_image_bytes(draw_picture(1, 65536, 1, 8), "jpg", {}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace laconic
