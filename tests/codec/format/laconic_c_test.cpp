#include <gtest/gtest.h>

#include <climits>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "codec/laconic.h"

extern "C" int c_round_trip(void);

namespace {

// One of each handle; everything is freed at the end, in the order that is hardest (model first).
class LaconicC : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(laconic_model_load("weights", "cpu", &model_, &error_), LACONIC_OK) << error_.message;
    ASSERT_EQ(laconic_encoder_create(model_, &encoder_, &error_), LACONIC_OK);
    ASSERT_EQ(laconic_decoder_create(model_, &decoder_, &error_), LACONIC_OK);
    image_ = make_image(100);
  }
  void TearDown() override {
    laconic_model_free(model_);
    laconic_image_free(image_);
    laconic_encoder_free(encoder_);
    laconic_decoder_free(decoder_);
  }

  // 4 x 3 pixels, RGB; samples count up from first_sample.
  laconic_image* make_image(uint8_t first_sample) {
    std::vector<uint8_t> pixels(36);
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(first_sample + i);
    laconic_image* image = nullptr;
    EXPECT_EQ(laconic_image_from_pixels(pixels.data(), 4, 3, 3, 8, 0, &image, &error_), LACONIC_OK);
    return image;
  }
  std::vector<uint8_t> encode(const laconic_image* image) {
    laconic_buffer* buffer = nullptr;
    EXPECT_EQ(laconic_encoder_encode(encoder_, image, &buffer, &error_), LACONIC_OK) << error_.message;
    std::vector<uint8_t> bytes(laconic_buffer_bytes(buffer),
                               laconic_buffer_bytes(buffer) + laconic_buffer_size(buffer));
    laconic_buffer_free(buffer);
    return bytes;
  }
  // Nothing is made by a call that fails.
  laconic_status decode(const std::vector<uint8_t>& stream) {
    laconic_image* decoded = image_;
    const laconic_status status = laconic_decoder_decode(decoder_, stream.data(), stream.size(), &decoded, &error_);
    EXPECT_EQ(decoded != nullptr, status == LACONIC_OK);
    EXPECT_EQ(error_.code, status);
    EXPECT_EQ(error_.message[0] == '\0', status == LACONIC_OK);
    laconic_image_free(decoded);
    return status;
  }

  laconic_error error_{};
  laconic_model* model_ = nullptr;
  laconic_encoder* encoder_ = nullptr;
  laconic_decoder* decoder_ = nullptr;
  laconic_image* image_ = nullptr;
};

TEST(LaconicCVersion, IsTheProjects) { EXPECT_STREQ(laconic_version(), PROJECT_VERSION); }

TEST(LaconicCStatus, HasANameForEveryNumber) {
  EXPECT_STREQ(laconic_status_name(LACONIC_OK), "ok");
  EXPECT_STREQ(laconic_status_name(LACONIC_NEED_MORE_DATA), "need-more-data");
  EXPECT_STREQ(laconic_status_name(LACONIC_INTERNAL), "internal");
  EXPECT_STREQ(laconic_status_name(LACONIC_OUT_OF_MEMORY), "out-of-memory");
  EXPECT_STREQ(laconic_status_name(static_cast<laconic_status>(10)), "unknown");
}

TEST(LaconicCCaller, GoesThereAndBackInC99) { EXPECT_EQ(c_round_trip(), 0); }

TEST(LaconicCModel, ReportsWhyItCannotBeLoaded) {
  laconic_error error;
  laconic_model* model = reinterpret_cast<laconic_model*>(&error);
  EXPECT_EQ(laconic_model_load("missing", "cpu", &model, &error), LACONIC_MODEL_MISMATCH);
  EXPECT_EQ(model, nullptr);
  EXPECT_EQ(error.code, LACONIC_MODEL_MISMATCH);
  EXPECT_STREQ(error.message, "no weights at 'missing'");
  EXPECT_EQ(laconic_model_load("weights", "abacus", &model, &error), LACONIC_UNSUPPORTED);
  EXPECT_EQ(laconic_model_load("throws", "cpu", &model, &error), LACONIC_INTERNAL);
  EXPECT_STREQ(error.message, "thrown while loading");
  EXPECT_EQ(laconic_model_load("missing", "cpu", &model, nullptr), LACONIC_MODEL_MISMATCH);
  EXPECT_EQ(laconic_model_load("weights", "cpu", nullptr, &error), LACONIC_INVALID_ARGUMENT);
}

TEST(LaconicCModel, CutsLongMessages) {
  laconic_error error;
  laconic_model* model = nullptr;
  EXPECT_EQ(laconic_model_load("long", "cpu", &model, &error), LACONIC_MODEL_MISMATCH);
  EXPECT_EQ(std::strlen(error.message), sizeof(error.message) - 1);
}

TEST_F(LaconicC, DecodesRegions) {
  const std::vector<uint8_t> stream = encode(image_);
  laconic_image* part = nullptr;
  ASSERT_EQ(laconic_decoder_decode_region(decoder_, stream.data(), stream.size(), 1, 2, 2, 1, &part, &error_),
            LACONIC_OK);
  EXPECT_EQ(laconic_image_width(part), 2);
  EXPECT_EQ(laconic_image_height(part), 1);
  EXPECT_EQ(static_cast<const uint8_t*>(laconic_image_pixels(part))[0], 100 + 2 * 12 + 3);
  laconic_image_free(part);
  EXPECT_EQ(laconic_decoder_decode_region(decoder_, stream.data(), stream.size(), 3, 0, 2, 1, &part, &error_),
            LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(part, nullptr);
}

TEST_F(LaconicC, TellsCutFromDamagedFromForeignStreams) {
  std::vector<uint8_t> stream = encode(image_);
  EXPECT_EQ(decode(stream), LACONIC_OK);
  EXPECT_EQ(decode({}), LACONIC_NEED_MORE_DATA);
  EXPECT_EQ(decode({stream.begin(), stream.end() - 1}), LACONIC_NEED_MORE_DATA);
  EXPECT_EQ(decode({0xFF, 0xD8, 0xFF}), LACONIC_CORRUPT);
  stream[4] = 0x20;
  EXPECT_EQ(decode(stream), LACONIC_UNSUPPORTED);
}

TEST_F(LaconicC, LetsNoExceptionOut) {
  laconic_buffer* buffer = nullptr;
  ASSERT_EQ(laconic_encoder_set_quality(encoder_, 13, &error_), LACONIC_OK);
  EXPECT_EQ(laconic_encoder_encode(encoder_, image_, &buffer, &error_), LACONIC_INTERNAL);
  EXPECT_STREQ(error_.message, "thirteen");
  ASSERT_EQ(laconic_encoder_set_quality(encoder_, 14, &error_), LACONIC_OK);
  EXPECT_EQ(laconic_encoder_encode(encoder_, image_, &buffer, &error_), LACONIC_OUT_OF_MEMORY);
  ASSERT_EQ(laconic_encoder_set_quality(encoder_, 15, &error_), LACONIC_OK);
  EXPECT_EQ(laconic_encoder_encode(encoder_, image_, &buffer, &error_), LACONIC_INTERNAL);
  EXPECT_EQ(buffer, nullptr);
  ASSERT_EQ(laconic_encoder_set_quality(encoder_, 50, &error_), LACONIC_OK);
  const laconic_status expected[] = {LACONIC_INTERNAL, LACONIC_OUT_OF_MEMORY, LACONIC_INTERNAL, LACONIC_OK};
  for (uint8_t first = 13; first < 17; ++first) {
    laconic_image* image = make_image(first);
    EXPECT_EQ(decode(encode(image)), expected[first - 13]);
    laconic_image_free(image);
  }
}

TEST_F(LaconicC, RefusesSettingsOutOfRangeAndKeepsTheOnesBefore) {
  ASSERT_EQ(laconic_encoder_set_quality(encoder_, 25, &error_), LACONIC_OK);
  for (const float wrong : {-0.1f, 100.1f, std::nanf(""), INFINITY}) {
    EXPECT_EQ(laconic_encoder_set_quality(encoder_, wrong, &error_), LACONIC_INVALID_ARGUMENT);
  }
  EXPECT_EQ(laconic_encoder_set_threads(encoder_, -1, &error_), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_decoder_set_threads(decoder_, -1, &error_), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_encoder_set_threads(encoder_, 2, &error_), LACONIC_OK);
  const std::vector<uint8_t> stream = encode(image_);
  laconic_info* info = nullptr;
  ASSERT_EQ(laconic_info_read(stream.data(), stream.size(), &info, &error_), LACONIC_OK);
  EXPECT_DOUBLE_EQ(laconic_info_quality(info), 25);
  laconic_info_free(info);
}

TEST_F(LaconicC, HoldsLimitsJustBelowAndJustAbove) {
  const std::vector<uint8_t> stream = encode(image_);  // 12 pixels
  laconic_buffer* buffer = nullptr;
  EXPECT_EQ(laconic_encoder_set_limits(encoder_, 11, 0, &error_), LACONIC_OK);
  EXPECT_EQ(laconic_encoder_encode(encoder_, image_, &buffer, &error_), LACONIC_LIMIT_EXCEEDED);
  EXPECT_EQ(laconic_encoder_set_limits(encoder_, 12, 0, &error_), LACONIC_OK);
  EXPECT_EQ(encode(image_), stream);
  EXPECT_EQ(laconic_decoder_set_limits(decoder_, 0, 3, &error_), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_LIMIT_EXCEEDED);
  EXPECT_EQ(laconic_decoder_set_limits(decoder_, 0, 4, &error_), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_OK);
  EXPECT_EQ(laconic_decoder_set_limits(decoder_, 11, 0, &error_), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_LIMIT_EXCEEDED);
  EXPECT_EQ(laconic_decoder_set_limits(decoder_, 0, 0, &error_), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_OK);
}

int count_calls(double done, void* user) {
  EXPECT_EQ(done, 0.5);
  return ++*static_cast<int*>(user) < 2;  // cancels the second time
}

TEST_F(LaconicC, CallsProgressAndCanBeCancelled) {
  const std::vector<uint8_t> stream = encode(image_);
  int num_calls = 0;
  laconic_buffer* buffer = nullptr;
  ASSERT_EQ(laconic_encoder_set_progress(encoder_, count_calls, &num_calls, &error_), LACONIC_OK);
  EXPECT_EQ(encode(image_), stream);
  EXPECT_EQ(laconic_encoder_encode(encoder_, image_, &buffer, &error_), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(num_calls, 2);
  num_calls = 0;
  ASSERT_EQ(laconic_decoder_set_progress(decoder_, count_calls, &num_calls, &error_), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_INVALID_ARGUMENT);
  ASSERT_EQ(laconic_decoder_set_progress(decoder_, nullptr, nullptr, &error_), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_OK);
  EXPECT_EQ(num_calls, 2);
}

TEST_F(LaconicC, ListsConcealedDamage) {
  const std::vector<uint8_t> stream = encode(image_);
  EXPECT_EQ(laconic_decoder_damage_count(decoder_), 0u);
  ASSERT_EQ(laconic_decoder_set_conceal(decoder_, 1, &error_), LACONIC_OK);
  EXPECT_EQ(decode(stream), LACONIC_OK);
  ASSERT_EQ(laconic_decoder_damage_count(decoder_), 1u);
  EXPECT_STREQ(laconic_decoder_damage(decoder_, 0), "superblock 0 is damaged");
  EXPECT_EQ(laconic_decoder_damage(decoder_, 1), nullptr);
}

TEST_F(LaconicC, RefusesPixelsThatMakeNoPicture) {
  const uint8_t pixels[64] = {};
  const auto code = [&](const void* p, int width, int height, int channels, int depth, size_t stride) {
    laconic_image* image = image_;
    const laconic_status status = laconic_image_from_pixels(p, width, height, channels, depth, stride, &image, &error_);
    EXPECT_EQ(image != nullptr, status == LACONIC_OK);
    laconic_image_free(image);
    return status;
  };
  EXPECT_EQ(code(pixels, 4, 4, 4, 8, 16), LACONIC_OK);
  EXPECT_EQ(code(pixels, 4, 4, 2, 16, 0), LACONIC_OK);
  EXPECT_EQ(code(nullptr, 4, 4, 4, 8, 0), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, 0, 4, 4, 8, 0), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, 4, -1, 4, 8, 0), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, 4, 4, 5, 8, 0), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, 4, 4, 0, 8, 0), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, 4, 4, 4, 10, 0), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, 4, 4, 4, 8, 15), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, INT_MAX, INT_MAX, 4, 16, 0), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(code(pixels, 4, 4, 4, 8, SIZE_MAX), LACONIC_INVALID_ARGUMENT);
}

TEST_F(LaconicC, SetsReplacesAndRemovesMetadata) {
  const uint8_t bytes[4] = {1, 2, 3, 4};
  size_t size = 0;
  EXPECT_EQ(laconic_image_set_metadata(image_, LACONIC_METADATA_ICC, bytes, 4, &error_), LACONIC_OK);
  EXPECT_EQ(laconic_image_set_metadata(image_, LACONIC_METADATA_XMP, bytes, 2, &error_), LACONIC_OK);
  // a part of the block itself
  const uint8_t* const icc = laconic_image_metadata(image_, LACONIC_METADATA_ICC, &size);
  EXPECT_EQ(laconic_image_set_metadata(image_, LACONIC_METADATA_ICC, icc + 1, 2, &error_), LACONIC_OK);
  const uint8_t* const replaced = laconic_image_metadata(image_, LACONIC_METADATA_ICC, &size);
  ASSERT_EQ(size, 2u);
  EXPECT_EQ(replaced[0], 2);
  EXPECT_EQ(laconic_image_set_metadata(image_, LACONIC_METADATA_ICC, nullptr, 0, &error_), LACONIC_OK);
  EXPECT_EQ(laconic_image_metadata(image_, LACONIC_METADATA_ICC, &size), nullptr);
  EXPECT_NE(laconic_image_metadata(image_, LACONIC_METADATA_XMP, &size), nullptr);
  EXPECT_EQ(laconic_image_metadata(image_, LACONIC_METADATA_XMP, nullptr), nullptr);
  EXPECT_EQ(laconic_image_set_metadata(image_, static_cast<laconic_metadata>(0), bytes, 4, &error_),
            LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_image_set_metadata(image_, LACONIC_METADATA_ICC, nullptr, 4, &error_), LACONIC_INVALID_ARGUMENT);
}

TEST_F(LaconicC, TakesNullEverywhereWithoutCrashing) {
  laconic_model* model = nullptr;
  laconic_encoder* encoder = nullptr;
  laconic_decoder* decoder = nullptr;
  laconic_image* image = nullptr;
  laconic_buffer* buffer = nullptr;
  laconic_info* info = nullptr;
  const uint8_t byte = 0;
  EXPECT_EQ(laconic_model_load(nullptr, nullptr, &model, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_encoder_create(nullptr, &encoder, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_decoder_create(nullptr, &decoder, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_encoder_set_quality(nullptr, 50, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_encoder_set_threads(nullptr, 1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_decoder_set_conceal(nullptr, 1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_encoder_encode(nullptr, image_, &buffer, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_encoder_encode(encoder_, nullptr, &buffer, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_encoder_encode(encoder_, image_, nullptr, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_decoder_decode(nullptr, &byte, 1, &image, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_decoder_decode(decoder_, nullptr, 1, &image, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_decoder_decode(decoder_, nullptr, 0, &image, nullptr), LACONIC_NEED_MORE_DATA);
  EXPECT_EQ(laconic_decoder_decode(decoder_, &byte, 1, nullptr, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_info_read(nullptr, 1, &info, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_image_set_metadata(nullptr, LACONIC_METADATA_ICC, &byte, 1, nullptr), LACONIC_INVALID_ARGUMENT);
  EXPECT_EQ(laconic_image_width(nullptr), 0);
  EXPECT_EQ(laconic_image_stride(nullptr), 0u);
  EXPECT_EQ(laconic_image_pixels(nullptr), nullptr);
  EXPECT_EQ(laconic_buffer_bytes(nullptr), nullptr);
  EXPECT_EQ(laconic_buffer_size(nullptr), 0u);
  EXPECT_EQ(laconic_decoder_damage_count(nullptr), 0u);
  EXPECT_EQ(laconic_info_get(nullptr, LACONIC_INFO_WIDTH), 0u);
  EXPECT_EQ(laconic_info_model_id(nullptr), nullptr);
  EXPECT_EQ(laconic_model_id(nullptr), nullptr);
  laconic_model_free(nullptr);
  laconic_image_free(nullptr);
  laconic_buffer_free(nullptr);
  laconic_info_free(nullptr);
}

}  // namespace
