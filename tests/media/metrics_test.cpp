#include "codec/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/media/test_pictures.h"

namespace laconic {
namespace {

// 203 x 187 RGB: ramps and a chessboard; both sides odd at several scales.
Image ramps_and_chessboard() {
  Image image;
  image.width_px = 203;
  image.height_px = 187;
  image.samples.resize(image.size_bytes());
  size_t i = 0;
  for (int y = 0; y < image.height_px; ++y) {
    for (int x = 0; x < image.width_px; ++x) {
      for (int c = 0; c < 3; ++c, ++i) {
        image.samples[i] = static_cast<uint8_t>(x * 3 + y * 2 + c * 40 + (x / 16 + y / 12) % 2 * 60);
      }
    }
  }
  return image;
}

// -amplitude..amplitude from a multiplicative hash of the sample's index.
Image with_noise(const Image& image, int amplitude) {
  Image noisy = image;
  for (size_t i = 0; i < noisy.samples.size(); ++i) {
    const uint32_t hash = (static_cast<uint32_t>(i) * 2654435761u) >> 16;
    const int noise = static_cast<int>(hash % static_cast<uint32_t>(2 * amplitude + 1)) - amplitude;
    noisy.samples[i] = static_cast<uint8_t>(std::clamp(noisy.samples[i] + noise, 0, 255));
  }
  return noisy;
}

Image widened(const Image& image) {
  Image wide = image;
  wide.bit_depth = 16;
  wide.samples.resize(wide.size_bytes());
  for (size_t i = 0; i < image.samples.size(); ++i) {
    const auto sample = static_cast<uint16_t>(image.samples[i] * 257);
    std::memcpy(wide.samples.data() + 2 * i, &sample, 2);
  }
  return wide;
}

TEST(Psnr, EqualsAValueComputedByHand) {
  Image a = draw_picture(2, 2, 3, 8);
  Image b = a;
  b.samples[0] = static_cast<uint8_t>(a.samples[0] + 3);
  b.samples[7] = static_cast<uint8_t>(a.samples[7] - 4);
  // Squared errors 9 + 16 over 12 samples: 10 log10(255^2 * 12 / 25).
  const Result<double> value = psnr(a, b);
  ASSERT_TRUE(value.ok());
  EXPECT_NEAR(*value, 44.94321597, 1e-6);
}

TEST(Psnr, OfIdenticalPicturesIsInfinite) {
  const Image image = draw_picture(5, 3, 1, 16);
  const Result<double> value = psnr(image, image);
  ASSERT_TRUE(value.ok());
  EXPECT_TRUE(std::isinf(*value));
}

TEST(Psnr, LeavesAlphaOutAndPsnrAlphaTakesItAlone) {
  const Image a = draw_picture(10, 10, 4, 8);
  Image b = a;
  b.samples[3] = static_cast<uint8_t>(a.samples[3] - 10);
  EXPECT_TRUE(std::isinf(*psnr(a, b)));
  const Result<double> alpha = psnr_alpha(a, b);
  ASSERT_TRUE(alpha.ok());
  EXPECT_NEAR(*alpha, 10 * std::log10(255.0 * 255.0 * 100 / 100), 1e-9);
  EXPECT_EQ(psnr_alpha(a, draw_picture(10, 10, 3, 8)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(psnr(a, draw_picture(10, 10, 3, 8)).ok());
}

TEST(Psnr, OfAPictureAndItsWidenedSelfIsInfinite) {
  const Image image = draw_picture(9, 9, 3, 8);
  EXPECT_TRUE(std::isinf(*psnr(image, widened(image))));
}

TEST(Psnr, MeasuresSixteenBitsAgainstTheirOwnPeak) {
  const Image a = draw_picture(4, 4, 1, 16);
  Image b = a;
  uint16_t sample;
  std::memcpy(&sample, b.samples.data(), 2);
  sample = static_cast<uint16_t>(sample ^ 1);
  std::memcpy(b.samples.data(), &sample, 2);
  EXPECT_NEAR(*psnr(a, b), 10 * std::log10(65535.0 * 65535.0 * 16), 1e-9);
}

TEST(Metrics, RefusePicturesOfDifferentKindsNamingBoth) {
  const Image a = draw_picture(200, 180, 3, 8);
  for (const Image& b : {draw_picture(200, 181, 3, 8), draw_picture(200, 180, 1, 8)}) {
    for (const Result<double>& value : {psnr(a, b), ms_ssim(a, b)}) {
      EXPECT_EQ(value.status().code(), StatusCode::kInvalidArgument);
      EXPECT_NE(value.status().message().find("200 x 180 colour"), std::string::npos);
    }
  }
  EXPECT_NE(psnr(a, draw_picture(200, 181, 3, 8)).status().message().find("200 x 181"), std::string::npos);
  EXPECT_EQ(psnr(Image(), Image()).status().code(), StatusCode::kInvalidArgument);
}

// The expected numbers come from a numpy program in double precision written after pytorch_msssim's definition.
TEST(MsSsim, AgreesWithTheReference) {
  const Image image = ramps_and_chessboard();
  EXPECT_NEAR(*ms_ssim(image, with_noise(image, 4)), 0.99916030, 2e-6);
  EXPECT_NEAR(*ms_ssim(image, with_noise(image, 16)), 0.98616197, 2e-6);
  EXPECT_NEAR(*ms_ssim(image, with_noise(image, 64)), 0.93052977, 2e-6);
  EXPECT_NEAR(*psnr(image, with_noise(image, 16)), 28.70592223, 1e-6);
}

TEST(MsSsim, OfIdenticalPicturesIsOne) {
  const Image image = ramps_and_chessboard();
  EXPECT_NEAR(*ms_ssim(image, image), 1.0, 1e-9);
}

TEST(MsSsim, FallsAsNoiseGrows) {
  const Image image = ramps_and_chessboard();
  double before = 1.0;
  for (const int amplitude : {1, 2, 5, 10, 20, 40, 80}) {
    const double value = *ms_ssim(image, with_noise(image, amplitude));
    EXPECT_LT(value, before) << amplitude;
    before = value;
  }
}

TEST(MsSsim, IsTheSameForEightAndSixteenBits) {
  const Image image = ramps_and_chessboard();
  const Image noisy = with_noise(image, 16);
  EXPECT_NEAR(*ms_ssim(image, noisy), *ms_ssim(widened(image), widened(noisy)), 1e-6);
  EXPECT_NEAR(*ms_ssim(image, noisy), *ms_ssim(image, widened(noisy)), 1e-6);
}

TEST(MsSsim, NeedsAShorterSideOf161) {
  const Image large = draw_picture(161, 300, 1, 8);
  EXPECT_TRUE(ms_ssim(large, large).ok());
  const Image small = draw_picture(300, 160, 1, 8);
  const Result<double> value = ms_ssim(small, small);
  EXPECT_EQ(value.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(value.status().message().find("161"), std::string::npos);
}

}  // namespace
}  // namespace laconic
