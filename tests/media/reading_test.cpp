// Kinds of files that our own writers never write.
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/media/image_file.h"
#include "tests/media/hand_made_files.h"

namespace laconic {
namespace {

Result<Image> read(const Bytes& bytes, std::vector<std::string>* warnings = nullptr) {
  ImageReadOptions options;
  options.warnings = warnings;
  return read_image_bytes(bytes, options);
}

Bytes encoded(const Image& image, const std::string& format) {
  const Result<Bytes> bytes = encode_image_bytes(image, format, {});
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : Bytes();
}

void expect_pixel(const Image& image, int x, int y, const std::vector<uint32_t>& expected) {
  ASSERT_EQ(image.num_channels, static_cast<int>(expected.size()));
  for (int c = 0; c < image.num_channels; ++c) {
    EXPECT_EQ(sample_of(image, x, y, c), expected[static_cast<size_t>(c)]) << "at " << x << ", " << y << ", " << c;
  }
}

TEST(Png, ExpandsGreyOfOneTwoAndFourBits) {
  for (const int bits : {1, 2, 4}) {
    Bytes png = png_header(3, 1, bits, 0);
    const int most = (1 << bits) - 1;  // samples 0, most, 1
    const uint32_t packed = static_cast<uint32_t>((most << bits | 1) << (16 - 3 * bits));
    finish_png(png, {0, static_cast<uint8_t>(packed >> 8), static_cast<uint8_t>(packed)});
    if (bits != 4) {  // a row of 3 samples takes one byte
      png = png_header(3, 1, bits, 0);
      finish_png(png, {0, static_cast<uint8_t>(packed >> 8)});
    }
    const Result<Image> image = read(png);
    ASSERT_TRUE(image.ok()) << image.status().message();
    EXPECT_EQ(image->bit_depth, 8);
    expect_pixel(*image, 0, 0, {0});
    expect_pixel(*image, 1, 0, {255});
    expect_pixel(*image, 2, 0, {static_cast<uint32_t>(255 / most)});
  }
}

TEST(Png, ExpandsPalettesWithAndWithoutTransparency) {
  for (const bool has_transparency : {false, true}) {
    Bytes png = png_header(2, 1, 8, 3);
    append_png_chunk(png, "PLTE", {10, 20, 30, 40, 50, 60});
    if (has_transparency) append_png_chunk(png, "tRNS", {77});
    finish_png(png, {0, 1, 0});
    const Result<Image> image = read(png);
    ASSERT_TRUE(image.ok()) << image.status().message();
    expect_pixel(*image, 0, 0,
                 has_transparency ? std::vector<uint32_t>{40, 50, 60, 255} : std::vector<uint32_t>{40, 50, 60});
    expect_pixel(*image, 1, 0,
                 has_transparency ? std::vector<uint32_t>{10, 20, 30, 77} : std::vector<uint32_t>{10, 20, 30});
  }
}

TEST(Png, TurnsATransparentColourIntoAlpha) {
  Bytes grey = png_header(2, 1, 16, 0);
  append_png_chunk(grey, "tRNS", {0x12, 0x34});
  finish_png(grey, {0, 0x12, 0x34, 0x12, 0x35});
  const Result<Image> image = read(grey);
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->bit_depth, 16);
  expect_pixel(*image, 0, 0, {0x1234, 0});
  expect_pixel(*image, 1, 0, {0x1235, 65535});
}

// Adam7: with 3 x 3 pixels, passes 1, 5, 6 and 7 hold (0,0); (0,2), (2,2)...; see the specification, section 8.
TEST(Png, ReadsInterlacedPictures) {
  Bytes png = png_header(3, 3, 8, 0, true);
  // Pass 1: (0,0). Passes 2 to 3: nothing. Pass 4: (2,0). Pass 5: row 2, x 0 and 2. Pass 6: rows 0 and 2, x 1. Pass 7:
  // row 1.
  finish_png(png, {0, 1, 0, 3, 0, 7, 9, 0, 2, 0, 8, 0, 4, 5, 6});
  const Result<Image> image = read(png);
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->samples, Bytes({1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Png, KeepsMetadataThatStandsBehindThePixelsOrIsCompressed) {
  const std::string packet = "<x:xmpmeta/>";
  Bytes text;
  append_string(text, "XML:com.adobe.xmp");
  text.insert(text.end(), {0, 1, 0, 'e', 'n', 0, 'X', 0});
  const Bytes packed = deflated(Bytes(packet.begin(), packet.end()));
  text.insert(text.end(), packed.begin(), packed.end());
  Bytes png = png_header(1, 1, 8, 0);
  append_png_chunk(png, "IDAT", deflated({0, 5}));
  append_png_chunk(png, "iTXt", text);
  append_png_chunk(png, "eXIf", exif_with_orientation(1, false));
  append_png_chunk(png, "IEND", {});
  const Result<Image> image = read(png);
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(std::string(image->metadata.xmp.begin(), image->metadata.xmp.end()), packet);
  EXPECT_EQ(image->metadata.exif, exif_with_orientation(1, false));
}

TEST(Png, RefusesMetadataThatInflatesBeyondTheLimit) {
  Image image = draw_picture(2, 2, 3, 8);
  image.metadata.icc.assign(1u << 20, 7);
  const Bytes png = encoded(image, "png");
  ASSERT_LT(png.size(), 10000u);
  ImageReadOptions options;
  options.limits.max_metadata_bytes = (1u << 20) - 1;
  EXPECT_EQ(read_image_bytes(png, options).status().code(), StatusCode::kLimitExceeded);
  options.limits.max_metadata_bytes = 1u << 20;
  EXPECT_TRUE(read_image_bytes(png, options).ok());
}

TEST(Png, SaysThatItIsAnimated) {
  Bytes png = png_header(1, 1, 8, 0);
  append_png_chunk(png, "acTL", {0, 0, 0, 2, 0, 0, 0, 0});
  finish_png(png, {0, 5});
  std::vector<std::string> warnings;
  ASSERT_TRUE(read(png, &warnings).ok());
  ASSERT_EQ(warnings.size(), 1u);
}

TEST(Jpeg, ConvertsAdobeCmyk) {
  std::vector<std::string> warnings;
  const Result<Image> image = read(cmyk_jpeg(), &warnings);
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->num_channels, 3);
  ASSERT_EQ(warnings.size(), 1u);
  const int inks[4][4] = {{255, 0, 0, 0}, {0, 255, 0, 64}, {0, 0, 255, 128}, {40, 80, 120, 200}};
  for (int quarter = 0; quarter < 4; ++quarter) {
    for (int c = 0; c < 3; ++c) {
      const double expected = (255 - inks[quarter][c]) * (255 - inks[quarter][3]) / 255.0;
      EXPECT_NEAR(sample_of(*image, 4 + quarter % 2 * 8, 4 + quarter / 2 * 8, c), expected, 3.0) << quarter << " " << c;
    }
  }
}

TEST(Jpeg, RefusesCmykWithoutTheAdobeMarker) {
  Bytes jpeg = cmyk_jpeg();
  jpeg.erase(jpeg.begin() + 2, jpeg.begin() + 18);
  EXPECT_EQ(read(jpeg).status().code(), StatusCode::kUnsupported);
}

Bytes icc_segment(int number, int count, const Bytes& part) {
  Bytes segment = {0xFF, 0xE2};
  append_be(segment, static_cast<uint32_t>(2 + 14 + part.size()), 2);
  append_string(segment, "ICC_PROFILE");
  segment.insert(segment.end(), {0, static_cast<uint8_t>(number), static_cast<uint8_t>(count)});
  segment.insert(segment.end(), part.begin(), part.end());
  return segment;
}

TEST(Jpeg, JoinsIccChunksByNumberAndDropsIncompleteProfiles) {
  const Bytes plain = encoded(draw_picture(8, 8, 3, 8), "jpg");
  for (const bool is_complete : {true, false}) {
    Bytes jpeg = plain;
    Bytes segments = icc_segment(2, is_complete ? 2 : 3, {4, 5});
    const Bytes first = icc_segment(1, is_complete ? 2 : 3, {1, 2, 3});
    segments.insert(segments.end(), first.begin(), first.end());
    jpeg.insert(jpeg.begin() + 2, segments.begin(), segments.end());
    std::vector<std::string> warnings;
    const Result<Image> image = read(jpeg, &warnings);
    ASSERT_TRUE(image.ok()) << image.status().message();
    EXPECT_EQ(image->metadata.icc, is_complete ? Bytes({1, 2, 3, 4, 5}) : Bytes());
    EXPECT_EQ(warnings.size(), is_complete ? 0u : 1u);
  }
}

TEST(Jpeg, RefusesTwelveBitsAndLosslessKinds) {
  Bytes jpeg = encoded(draw_picture(8, 8, 3, 8), "jpg");
  const Bytes frame = {0xFF, 0xC0, 0, 17};
  const auto at = std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end());
  ASSERT_NE(at, jpeg.end());
  Bytes deep = jpeg;
  deep[static_cast<size_t>(at - jpeg.begin()) + 4] = 12;
  EXPECT_EQ(read(deep).status().code(), StatusCode::kUnsupported);
  Bytes lossless = jpeg;
  lossless[static_cast<size_t>(at - jpeg.begin()) + 1] = 0xC3;
  EXPECT_EQ(read(lossless).status().code(), StatusCode::kUnsupported);
}

TEST(Gif, GivesTheFirstFrameWithAWarningWhenAnimated) {
  Bytes gif = gif_header(20, 15);
  Bytes indexes(300);
  for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<uint8_t>(i * 7 % 128);
  append_gif_frame(gif, 20, 15, indexes, -1);
  Bytes still = gif;
  still.push_back(0x3B);
  append_gif_frame(gif, 20, 15, Bytes(300, 3), -1);
  gif.push_back(0x3B);
  for (const bool is_animated : {false, true}) {
    std::vector<std::string> warnings;
    const Result<Image> image = read(is_animated ? gif : still, &warnings);
    ASSERT_TRUE(image.ok()) << image.status().message();
    EXPECT_EQ(warnings.size(), is_animated ? 1u : 0u);
    EXPECT_EQ(image->width_px, 20);
    for (const size_t i : {0, 1, 137, 299}) {
      const uint32_t index = indexes[i];
      expect_pixel(*image, static_cast<int>(i % 20), static_cast<int>(i / 20), {2 * index, 255 - index, index});
    }
  }
}

TEST(Gif, HasAlphaWhereAColourIsTransparent) {
  Bytes gif = gif_header(2, 1);
  append_gif_frame(gif, 2, 1, {5, 6}, 5);
  gif.push_back(0x3B);
  const Result<Image> image = read(gif);
  ASSERT_TRUE(image.ok()) << image.status().message();
  ASSERT_EQ(image->num_channels, 4);
  EXPECT_EQ(sample_of(*image, 0, 0, 3), 0u);
  expect_pixel(*image, 1, 0, {12, 249, 6, 255});
}

TEST(Bmp, ReadsRowsFromTheTopAndFromTheBottom) {
  for (const int32_t height : {2, -2}) {
    Bytes bmp = bmp_header(1, height, 24, 0, 54);
    bmp.insert(bmp.end(), {1, 2, 3, 0, 4, 5, 6, 0});  // blue, green, red, padding
    const Result<Image> image = read(bmp);
    ASSERT_TRUE(image.ok()) << image.status().message();
    expect_pixel(*image, 0, height > 0 ? 1 : 0, {3, 2, 1});
    expect_pixel(*image, 0, height > 0 ? 0 : 1, {6, 5, 4});
  }
}

TEST(Bmp, ReadsRunLengths) {
  Bytes bmp = bmp_header(6, 3, 8, 1, 54 + 1024);
  for (uint32_t i = 0; i < 256; ++i) append_le(bmp, i == 2 ? 0x0A0B0C : i * 0x010101, 4);
  // Bottom row: 4 x index 7, then plain 1, 2 (an even number of bytes). Middle: moved over by 2. Top row: 3 plain,
  // padded.
  bmp.insert(bmp.end(), {4, 7, 1, 1, 1, 2, 0, 0});
  bmp.insert(bmp.end(), {0, 2, 2, 0, 1, 9, 0, 0});
  bmp.insert(bmp.end(), {0, 3, 30, 31, 32, 0, 0, 1});
  const Result<Image> image = read(bmp);
  ASSERT_TRUE(image.ok()) << image.status().message();
  expect_pixel(*image, 3, 2, {7, 7, 7});
  expect_pixel(*image, 4, 2, {1, 1, 1});
  expect_pixel(*image, 5, 2, {10, 11, 12});
  expect_pixel(*image, 2, 1, {9, 9, 9});
  expect_pixel(*image, 1, 1, {0, 0, 0});
  expect_pixel(*image, 2, 0, {32, 32, 32});
}

TEST(Bmp, ReadsSixteenBitFieldsScaled) {
  Bytes bmp = bmp_header(2, 1, 16, 3, 66);
  append_le(bmp, 0xF800, 4), append_le(bmp, 0x07E0, 4), append_le(bmp, 0x001F, 4);
  append_le(bmp, 0xFFFF, 2), append_le(bmp, 16 << 11 | 32 << 5 | 1, 2);
  const Result<Image> image = read(bmp);
  ASSERT_TRUE(image.ok()) << image.status().message();
  expect_pixel(*image, 0, 0, {255, 255, 255});
  expect_pixel(*image, 1, 0, {132, 130, 8});
}

TEST(Bmp, TakesUnusedBytesForNoAlpha) {
  Bytes bmp = bmp_header(1, 1, 32, 0, 54);
  bmp.insert(bmp.end(), {1, 2, 3, 0});
  const Result<Image> image = read(bmp);
  ASSERT_TRUE(image.ok()) << image.status().message();
  expect_pixel(*image, 0, 0, {3, 2, 1});
}

TEST(Pnm, ReadsPlainFilesWithCommentsAndScalesToTheFullRange) {
  const std::string plain = "P3 # three channels\n2 1\n# largest\n100\n0 50 100  25\t75 1\n";
  const Result<Image> image = read(Bytes(plain.begin(), plain.end()));
  ASSERT_TRUE(image.ok()) << image.status().message();
  expect_pixel(*image, 0, 0, {0, 128, 255});
  expect_pixel(*image, 1, 0, {64, 191, 3});
}

TEST(Pnm, ReadsBitmapsPlainAndRaw) {
  const std::string plain = "P1\n9 2\n100000001 0 1 0000000";
  Bytes raw = {'P', '4', '\n', '9', ' ', '2', '\n', 0x80, 0x80, 0x40, 0x00};
  for (const Bytes& bytes : {Bytes(plain.begin(), plain.end()), raw}) {
    const Result<Image> image = read(bytes);
    ASSERT_TRUE(image.ok()) << image.status().message();
    EXPECT_EQ(image->samples,
              Bytes({0, 255, 255, 255, 255, 255, 255, 255, 0, 255, 0, 255, 255, 255, 255, 255, 255, 255}));
  }
}

TEST(Pnm, ScalesDepthsBetweenEightAndSixteenBitsToSixteen) {
  const Bytes bytes = {'P', '5', ' ', '2', ' ', '1', ' ', '1', '0', '2', '3', '\n', 0x03, 0xFF, 0x02, 0x00};
  const Result<Image> image = read(bytes);
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->bit_depth, 16);
  expect_pixel(*image, 0, 0, {65535});
  expect_pixel(*image, 1, 0, {32800});  // 512 * 65535 / 1023 = 32799.56
}

// Changes the value of an inline 16-bit entry of a TIFF that we wrote ourselves (little-endian).
void set_tag(Bytes& tiff, uint16_t tag, uint16_t value) {
  const size_t directory = tiff[4] | tiff[5] << 8 | tiff[6] << 16;
  const size_t num_entries = tiff[directory] | tiff[directory + 1] << 8;
  for (size_t i = 0; i < num_entries; ++i) {
    const size_t at = directory + 2 + 12 * i;
    if ((tiff[at] | tiff[at + 1] << 8) != tag) continue;
    tiff[at + 8] = static_cast<uint8_t>(value);
    tiff[at + 9] = static_cast<uint8_t>(value >> 8);
    return;
  }
  FAIL() << "no tag " << tag;
}

TEST(Tiff, DividesPremultipliedColoursByAlpha) {
  for (const int bit_depth : {8, 16}) {
    Image image = draw_picture(1, 1, 4, bit_depth);
    const uint32_t scale = bit_depth == 16 ? 257 : 1;
    const uint32_t premultiplied[4] = {50, 100, 0, 128};
    for (size_t c = 0; c < 4; ++c) {
      const auto wide = static_cast<uint16_t>(premultiplied[c] * scale);
      if (bit_depth == 16) std::memcpy(image.samples.data() + 2 * c, &wide, 2);
      if (bit_depth == 8) image.samples[c] = static_cast<uint8_t>(wide);
    }
    Bytes tiff = encoded(image, "tiff");
    set_tag(tiff, 338, 1);
    const Result<Image> back = read(tiff);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_NEAR(sample_of(*back, 0, 0, 0), 99.6 * scale, 1.0 * scale);
    EXPECT_NEAR(sample_of(*back, 0, 0, 1), 199.2 * scale, 1.0 * scale);
    EXPECT_EQ(sample_of(*back, 0, 0, 2), 0u);
    EXPECT_EQ(sample_of(*back, 0, 0, 3), 128 * scale);
  }
}

TEST(Tiff, ReadsWhiteAsZeroWhereTheFileSaysSo) {
  for (const int bit_depth : {8, 16}) {
    const Image image = draw_picture(20, 10, 1, bit_depth);
    Bytes tiff = encoded(image, "tiff");
    set_tag(tiff, 262, 0);
    const Result<Image> back = read(tiff);
    ASSERT_TRUE(back.ok()) << back.status().message();
    const uint32_t full = bit_depth == 16 ? 65535 : 255;
    EXPECT_EQ(sample_of(*back, 13, 7, 0), full - sample_of(image, 13, 7, 0));
  }
}

TEST(Tiff, RefusesColourSpacesItDoesNotRead) {
  Bytes tiff = encoded(draw_picture(20, 10, 3, 8), "tiff");
  set_tag(tiff, 262, 8);  // CIE L*a*b*
  EXPECT_EQ(read(tiff).status().code(), StatusCode::kUnsupported);
}

TEST(ReadImage, GoesByContentAndNotByName) {
  const TemporaryFolder folder;
  const Image image = draw_picture(7, 5, 3, 8);
  put_file(folder.file("picture.jpg"), encoded(image, "png"));
  const Result<Image> back = read_image(folder.file("picture.jpg"), {});
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(back->samples == image.samples);
}

TEST(WriteImage, GoesByExtensionUnlessAFormatIsGiven) {
  const TemporaryFolder folder;
  const Image image = draw_picture(7, 5, 3, 8);
  ASSERT_TRUE(write_image(image, folder.file("a.JPG"), {}).ok());
  EXPECT_EQ(get_file(folder.file("a.JPG"))[0], 0xFF);
  ImageWriteOptions options;
  options.format = "bmp";
  ASSERT_TRUE(write_image(image, folder.file("b.jpg"), options).ok());
  EXPECT_EQ(get_file(folder.file("b.jpg"))[0], 'B');
  EXPECT_EQ(write_image(image, folder.file("c"), {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(write_image(image, folder.file("c.gif"), {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(write_image(image, "-", {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(folder.num_files(), 2u);
}

TEST(WriteImage, LeavesNothingBehindOnFailure) {
  const TemporaryFolder folder;
  put_file(folder.file("a.pgm"), {'x'});
  EXPECT_FALSE(write_image(draw_picture(7, 5, 3, 8), folder.file("a.pgm"), {}).ok());
  EXPECT_EQ(get_file(folder.file("a.pgm")), Bytes({'x'}));
  EXPECT_EQ(folder.num_files(), 1u);
  EXPECT_EQ(write_image(draw_picture(7, 5, 3, 8), "/dev/full", [] {
              ImageWriteOptions options;
              options.format = "png";
              return options;
            }()).code(), StatusCode::kIo);
}

}  // namespace
}  // namespace laconic
