#include <gtest/gtest.h>

#include "codec/media/image_file.h"
#include "codec/media/image_samples.h"
#include "tests/media/test_pictures.h"

namespace laconic {
namespace {

// Where pixel (x, y) of a stored picture is shown; the meaning of the values as the Exif specification words it: the
// stored first row and first column are, when shown, on these sides.
std::pair<int, int> shown_at(int orientation, int x, int y, int width, int height) {
  switch (orientation) {
    case 2: return {width - 1 - x, y};               // row 0 top, column 0 right
    case 3: return {width - 1 - x, height - 1 - y};  // bottom, right
    case 4: return {x, height - 1 - y};              // bottom, left
    case 5: return {y, x};                           // left, top
    case 6: return {height - 1 - y, x};              // right, top
    case 7: return {height - 1 - y, width - 1 - x};  // right, bottom
    case 8: return {y, width - 1 - x};               // left, bottom
    default: return {x, y};
  }
}

void expect_upright(const Image& stored, const Image& shown, int orientation, uint32_t tolerance) {
  ASSERT_EQ(shown.num_channels, stored.num_channels);
  ASSERT_EQ(shown.width_px, orientation >= 5 ? stored.height_px : stored.width_px);
  ASSERT_EQ(shown.height_px, orientation >= 5 ? stored.width_px : stored.height_px);
  for (int y = 0; y < stored.height_px; ++y) {
    for (int x = 0; x < stored.width_px; ++x) {
      const auto [to_x, to_y] = shown_at(orientation, x, y, stored.width_px, stored.height_px);
      for (int c = 0; c < stored.num_channels; ++c) {
        ASSERT_NEAR(sample_of(stored, x, y, c), sample_of(shown, to_x, to_y, c), tolerance) << x << ", " << y;
      }
    }
  }
}

// 65 is beyond one tile of the turning loop.
TEST(TurnUpright, MovesEachPixelWhereTheOrientationSays) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (int num_channels = 1; num_channels <= 4; ++num_channels) {
      for (const int bit_depth : {8, 16}) {
        const Image stored = draw_picture(65, 34, num_channels, bit_depth);
        Image shown = stored;
        turn_upright(shown, orientation);
        expect_upright(stored, shown, orientation, 0);
      }
    }
  }
}

class OrientedFormat : public testing::TestWithParam<const char*> {};

TEST_P(OrientedFormat, IsReadUprightWithTheTagSetToOne) {
  const bool is_jpeg = std::string(GetParam()) == "jpg";
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool is_big_endian : {false, true}) {
      Image image = draw_picture(48, 32, 3, 8);
      if (is_jpeg) {  // flat blocks come back all but unchanged, and no two are alike
        for (int i = 0; i < 48 * 32; ++i) {
          const int block = i / 48 / 16 * 3 + i % 48 / 16;
          for (int c = 0; c < 3; ++c) image.samples[static_cast<size_t>(3 * i + c)] = static_cast<uint8_t>(40 * block);
        }
      }
      image.metadata.exif = exif_with_orientation(orientation, is_big_endian);
      ImageWriteOptions options;
      options.webp_lossless = true;
      const Result<Bytes> bytes = encode_image_bytes(image, GetParam(), options);
      ASSERT_TRUE(bytes.ok()) << bytes.status().message();
      const Result<Image> shown = read_image_bytes(*bytes, {});
      ASSERT_TRUE(shown.ok()) << shown.status().message();
      expect_upright(image, *shown, orientation, is_jpeg ? 3 : 0);
      EXPECT_EQ(shown->metadata.exif, exif_with_orientation(1, is_big_endian));
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Formats, OrientedFormat, testing::Values("png", "jpg", "webp"));

// Our TIFF writer gives no orientation: a second directory with the entry in its place goes to the end of the file.
Bytes with_orientation(Bytes tiff, int orientation) {
  const size_t directory = tiff[4] | tiff[5] << 8 | tiff[6] << 16;
  const size_t num_entries = tiff[directory] | tiff[directory + 1] << 8;
  if (tiff.size() % 2 != 0) tiff.push_back(0);
  const size_t moved = tiff.size();
  append_le(tiff, static_cast<uint32_t>(num_entries + 1), 2);
  bool is_in = false;
  for (size_t at = directory + 2; at < directory + 2 + 12 * num_entries; at += 12) {
    if (!is_in && (tiff[at] | tiff[at + 1] << 8) > 274) {
      append_le(tiff, 274, 2), append_le(tiff, 3, 2), append_le(tiff, 1, 4);
      append_le(tiff, static_cast<uint32_t>(orientation), 4);
      is_in = true;
    }
    for (size_t i = 0; i < 12; ++i) tiff.push_back(tiff[at + i]);
  }
  append_le(tiff, 0, 4);
  for (size_t i = 0; i < 4; ++i) tiff[4 + i] = static_cast<uint8_t>(moved >> (8 * i));
  return tiff;
}

TEST(Tiff, IsReadUpright) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const int num_channels : {1, 2, 3, 4}) {
      for (const int bit_depth : {8, 16}) {
        const Image image = draw_picture(48, 32, num_channels, bit_depth);
        const Result<Bytes> tiff = encode_image_bytes(image, "tiff", {});
        ASSERT_TRUE(tiff.ok());
        const Result<Image> shown = read_image_bytes(with_orientation(*tiff, orientation), {});
        ASSERT_TRUE(shown.ok()) << shown.status().message();
        expect_upright(image, *shown, orientation, 0);
      }
    }
  }
}

TEST(Exif, WithoutAUsableOrientationStaysAsItIs) {
  Bytes strange = exif_with_orientation(9, false);
  Bytes cut = exif_with_orientation(6, true);
  cut.resize(kOrientationOffset);
  for (const Bytes& exif : {strange, cut, Bytes{'M', 'M', 0, 42}, Bytes{1, 2, 3}}) {
    Image image = draw_picture(5, 3, 3, 8);
    image.metadata.exif = exif;
    const Result<Bytes> png = encode_image_bytes(image, "png", {});
    ASSERT_TRUE(png.ok());
    const Result<Image> back = read_image_bytes(*png, {});
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(back->metadata.exif, exif);
    EXPECT_TRUE(back->samples == image.samples);
  }
}

}  // namespace
}  // namespace laconic
