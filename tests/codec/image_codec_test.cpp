#include "codec/image_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <tuple>

#include "tests/support/shipped_weights.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_model.h"

namespace laconic {
namespace {

using test::draw_image;
using test::temporary_path;

std::shared_ptr<const ImageModel> tiny_model(uint64_t seed = 1) {
  const std::string path = temporary_path("tiny" + std::to_string(seed) + ".safetensors");
  if (!test::write_tiny_model(path, seed).ok()) return nullptr;
  auto model = ImageModel::load(path, {});
  return model.ok() ? *model : nullptr;
}

class ImageCodec : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = tiny_model(); }
  void SetUp() override { ASSERT_TRUE(model_); }

  static Result<Bytes> encode(const Image& image, float quality = 80, int num_threads = 2) {
    ImageEncoderOptions options;
    options.quality = quality;
    options.num_threads = num_threads;
    options.effort = 0;  // EffortLowersTheCostAtAnySize has the others
    LACONIC_ASSIGN_OR_RETURN(auto encoder, ImageEncoder::create(model_, options));
    return encoder->encode(image);
  }
  static std::unique_ptr<ImageDecoder> decoder(bool conceal = false, int num_threads = 2) {
    ImageDecoderOptions options;
    options.conceal = conceal;
    options.num_threads = num_threads;
    return std::move(*ImageDecoder::create(model_, options));
  }

  static std::shared_ptr<const ImageModel> model_;
};
std::shared_ptr<const ImageModel> ImageCodec::model_;

TEST_F(ImageCodec, BringsBackEverySizeAndKindOfPicture) {
  struct Case {
    int width, height, channels, depth;
    bool hard_alpha;
  };
  for (const Case& c : {Case{1, 1, 3, 8, false}, Case{1, 300, 3, 8, false}, Case{17, 33, 1, 8, false}, Case{511, 513, 3, 8, false},
                        Case{530, 40, 2, 8, true}, Case{64, 90, 4, 8, false}, Case{100, 70, 3, 16, false}, Case{40, 50, 4, 16, true}, Case{33, 18, 1, 16, false}}) {
    SCOPED_TRACE(testing::Message() << c.width << "x" << c.height << " channels " << c.channels << " depth " << c.depth);
    const Image image = draw_image(c.width, c.height, c.channels, c.depth, c.hard_alpha);
    const auto stream = encode(image);
    ASSERT_TRUE(stream.ok()) << stream.status().message();
    const auto decoded = decoder()->decode(*stream);
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    EXPECT_EQ(decoded->width_px, c.width);
    EXPECT_EQ(decoded->height_px, c.height);
    EXPECT_EQ(decoded->num_channels, c.channels);
    EXPECT_EQ(decoded->bit_depth, c.depth);
    ASSERT_EQ(decoded->samples.size(), image.samples.size());
    EXPECT_GT(test::psnr(image, *decoded), 20);
    if (c.hard_alpha) {
      EXPECT_GT(test::psnr(image, *decoded, /*of_alpha=*/true), 115);  // lossless
    }
  }
}

TEST_F(ImageCodec, KeepsMetadataByteForByte) {
  Image image = draw_image(20, 20, 3, 8);
  image.metadata = {{1, 2, 3}, {4, 5}, {6}};
  const auto stream = encode(image);
  ASSERT_TRUE(stream.ok());
  const auto decoded = decoder()->decode(*stream);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->metadata.icc, image.metadata.icc);
  EXPECT_EQ(decoded->metadata.exif, image.metadata.exif);
  EXPECT_EQ(decoded->metadata.xmp, image.metadata.xmp);
}

TEST_F(ImageCodec, RegionsEqualThatPartOfTheWhole) {
  const auto stream = encode(draw_image(1300, 1100, 4, 8, true));
  ASSERT_TRUE(stream.ok());
  const auto whole = decoder()->decode(*stream);
  ASSERT_TRUE(whole.ok());
  for (const Rect& region : {Rect{0, 0, 1300, 1100}, Rect{500, 500, 40, 40}, Rect{1299, 1099, 1, 1}, Rect{3, 700, 1200, 5}, Rect{520, 1030, 400, 70}}) {
    const auto part = decoder()->decode_region(*stream, region);
    ASSERT_TRUE(part.ok()) << part.status().message();
    EXPECT_LE(test::largest_difference(*part, test::crop(*whole, region)), 1.0);
  }
  for (const Rect& region : {Rect{0, 0, 1301, 1}, Rect{-1, 0, 5, 5}, Rect{0, 0, 0, 5}})
    EXPECT_EQ(decoder()->decode_region(*stream, region).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ImageCodec, ThreadsDoNotChangeTheSymbols) {
  const auto stream = encode(draw_image(1200, 600, 3, 8), 60, 1);
  ASSERT_TRUE(stream.ok());
  const auto one = decoder(false, 1)->symbol_hash(*stream), two = decoder(false, 2)->symbol_hash(*stream);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(*one, *two);
  EXPECT_LE(test::largest_difference(*decoder(false, 1)->decode(*stream), *decoder(false, 2)->decode(*stream)), 1.0);
}

TEST_F(ImageCodec, ReportsTheDamagedSuperblockAndConcealsItAlone) {
  const auto stream = encode(draw_image(1100, 500, 3, 8));
  ASSERT_TRUE(stream.ok());
  const auto whole = decoder()->decode(*stream);
  Bytes damaged = *stream;
  damaged[damaged.size() - 5] ^= 0x10;  // in the last superblock
  const auto refused = decoder()->decode(damaged);
  EXPECT_EQ(refused.status().code(), StatusCode::kCorrupt);
  EXPECT_NE(refused.status().message().find("superblock 2"), std::string::npos) << refused.status().message();
  const auto concealing = decoder(/*conceal=*/true);
  const auto concealed = concealing->decode(damaged);
  ASSERT_TRUE(concealed.ok());
  EXPECT_EQ(concealing->damage().size(), 1u);
  const Rect unharmed{0, 0, 512, 500};  // far from the damage's halo
  EXPECT_LE(test::largest_difference(test::crop(*whole, unharmed), test::crop(*concealed, unharmed)), 1.0);
}

TEST_F(ImageCodec, EveryCutAndManyFlipsGiveAnError) {
  const auto stream = encode(draw_image(90, 70, 3, 8));
  ASSERT_TRUE(stream.ok());
  const auto reader = decoder();
  for (size_t size = 0; size < stream->size(); size += size < 64 ? 1 : 13)
    EXPECT_FALSE(reader->decode(ByteSpan(*stream).first(size)).ok()) << size;
  for (size_t bit = 0; bit < stream->size() * 8; bit += 11) {
    Bytes flipped = *stream;
    flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_FALSE(reader->decode(flipped).ok()) << "bit " << bit;
  }
}

TEST_F(ImageCodec, NamesBothModelsWhenTheyDiffer) {
  const auto stream = encode(draw_image(10, 10, 3, 8));
  const auto other = tiny_model(2);
  ASSERT_TRUE(stream.ok() && other);
  const auto result = (*ImageDecoder::create(other, {}))->decode(*stream);
  EXPECT_EQ(result.status().code(), StatusCode::kModelMismatch);
  EXPECT_NE(result.status().message().find(model_->id()), std::string::npos);
  EXPECT_NE(result.status().message().find(other->id()), std::string::npos);
}

// Bits + lambda * squared error at quality 60.
double cost_at(const std::shared_ptr<const ImageModel>& model, const Image& image, int effort) {
  ImageEncoderOptions options;
  options.quality = 60;
  options.effort = effort;
  const auto stream = (*ImageEncoder::create(model, options))->encode(image);
  if (!stream.ok()) return std::numeric_limits<double>::infinity();
  const auto decoded = (*ImageDecoder::create(model, {}))->decode(*stream);
  if (!decoded.ok()) return std::numeric_limits<double>::infinity();
  double error = 0;  // of the colour samples
  for (size_t i = 0; i < image.samples.size(); ++i) {
    if (image.has_alpha() && static_cast<int>(i % image.num_channels) == image.num_channels - 1) continue;
    error += std::pow(static_cast<double>(decoded->samples[i]) - image.samples[i], 2);
  }
  // lambda at quality 60 of the default law; a grey sample stands for three.
  const double lambda = 0.0008 * std::pow(0.25 / 0.0008, 0.6);
  return 8.0 * static_cast<double>(stream->size()) + lambda * error / (image.is_grey() ? 1 : 3);
}

TEST_F(ImageCodec, EffortLowersTheCostAtAnySize) {
  for (const auto& [width, height, channels] : {std::tuple{1, 1, 3}, {17, 33, 1}, {530, 40, 4}}) {
    SCOPED_TRACE(testing::Message() << width << "x" << height << " channels " << channels);
    const Image image = draw_image(width, height, channels, 8, true);
    EXPECT_LE(cost_at(model_, image, 6), cost_at(model_, image, 0) * 1.01 + 16);
  }
}

// Noise is far from what networks were trained on: a search that follows their gradients blindly made it five times dearer.
TEST_F(ImageCodec, EffortDoesNotRunAwayOnNoise) {
  if (test::shipped_weights().empty()) GTEST_SKIP() << "skipped: no weights in data/weights";
  const auto shipped = ImageModel::load(test::shipped_weights(), {});
  ASSERT_TRUE(shipped.ok()) << shipped.status().message();
  Image noise = draw_image(192, 192, 3, 8);
  std::mt19937 random(1);
  for (uint8_t& sample : noise.samples) sample = static_cast<uint8_t>(random() >> 24);
  const double plain = cost_at(*shipped, noise, 0);
  for (const int effort : {1, 3}) EXPECT_LE(cost_at(*shipped, noise, effort), plain * 1.01) << "effort " << effort;
}

TEST_F(ImageCodec, FirstSlicesGiveAPreview) {
  const Image image = draw_image(530, 100, 3, 8);
  const auto stream = encode(image);
  ASSERT_TRUE(stream.ok());
  const Image whole = *decoder()->decode(*stream);
  double last = std::numeric_limits<double>::infinity();
  for (int num_slices = 1; num_slices <= 4; ++num_slices) {
    ImageDecoderOptions options;
    options.num_slices = num_slices;
    const auto preview = (*ImageDecoder::create(model_, options))->decode(*stream);
    ASSERT_TRUE(preview.ok()) << preview.status().message();
    double distance = 0;
    for (size_t i = 0; i < whole.samples.size(); ++i) distance += std::abs(int{preview->samples[i]} - int{whole.samples[i]});
    EXPECT_LT(distance, last);
    last = distance;
  }
  EXPECT_EQ(last, 0);
}

TEST_F(ImageCodec, HigherQualityTakesMoreBytes) {
  const Image image = draw_image(256, 256, 3, 8);
  size_t last = 0;
  for (const float quality : {0.f, 30.f, 60.f, 100.f}) {
    const auto stream = encode(image, quality);
    ASSERT_TRUE(stream.ok());
    EXPECT_GT(stream->size(), last);
    last = stream->size();
  }
}

TEST_F(ImageCodec, RefusesBadOptionsAndPictures) {
  EXPECT_FALSE(encode(draw_image(8, 8, 3, 8), -1).ok());
  EXPECT_FALSE(encode(draw_image(8, 8, 3, 8), NAN).ok());
  Image image = draw_image(8, 8, 3, 8);
  image.samples.pop_back();
  EXPECT_EQ(encode(image).status().code(), StatusCode::kInvalidArgument);
  ImageEncoderOptions small;
  small.limits.max_pixels = 63;
  EXPECT_EQ((*ImageEncoder::create(model_, small))->encode(draw_image(8, 8, 3, 8)).status().code(), StatusCode::kLimitExceeded);
  EXPECT_FALSE(ImageModel::load(temporary_path("none"), {}).ok());
  EXPECT_EQ(ImageModel::load("x", {"abacus"}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ImageCodec, StopsWhenProgressSaysSo) {
  ImageEncoderOptions options;
  options.progress = [](double) { return false; };
  EXPECT_FALSE((*ImageEncoder::create(model_, options))->encode(draw_image(8, 8, 3, 8)).ok());
}

}  // namespace
}  // namespace laconic
