#include <gtest/gtest.h>

#include "codec/image_codec.h"
#include "tests/codec/format/stream_support.h"

namespace laconic {
namespace {

TEST(ImageInfo, SaysWhatTheHeaderSays) {
  std::mt19937 random(5);
  for (int i = 0; i < 100; ++i) {
    const ImageStream stream = testing::random_stream(random);
    const auto bytes = write_image_stream(stream);
    ASSERT_TRUE(bytes.ok());
    const auto info = read_image_info(*bytes, Limits());
    ASSERT_TRUE(info.ok()) << info.status().message();
    EXPECT_EQ(info->width_px, static_cast<int>(stream.header.width_px));
    EXPECT_EQ(info->height_px, static_cast<int>(stream.header.height_px));
    EXPECT_EQ(info->num_channels, (stream.header.is_grey() ? 1 : 3) + stream.header.has_alpha());
    EXPECT_EQ(info->bit_depth, stream.header.is_16_bit() ? 16 : 8);
    EXPECT_DOUBLE_EQ(info->quality, stream.header.quality_step * 100.0 / 2048);
    EXPECT_EQ(info->model_id, model_id_to_hex(stream.header.model_id));
    EXPECT_EQ(info->format_version, 1);
    EXPECT_EQ(info->num_superblocks, static_cast<int>(stream.colour_sections.size()));
    EXPECT_EQ(info->icc_bytes, stream.metadata.icc.size());
    EXPECT_EQ(info->exif_bytes, stream.metadata.exif.size());
    EXPECT_EQ(info->xmp_bytes, stream.metadata.xmp.size());
    EXPECT_EQ(info->alpha_bytes > 0, stream.header.has_alpha());
    EXPECT_EQ(info->header_bytes + info->colour_bytes + info->alpha_bytes, bytes->size());
    EXPECT_EQ(info->stream_bytes, bytes->size());
  }
}

TEST(ImageInfo, PassesOnWhyAStreamIsRefused) {
  const Bytes jpeg = {0xFF, 0xD8, 0xFF, 0xE0};
  EXPECT_EQ(read_image_info(jpeg, Limits()).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(read_image_info({}, Limits()).status().code(), StatusCode::kNeedMoreData);
}

}  // namespace
}  // namespace laconic
