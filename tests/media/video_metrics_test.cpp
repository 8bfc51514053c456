#include "codec/video_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "codec/media/line_plot.h"

namespace laconic {
namespace {

VideoFrame flat_frame(ChromaFormat chroma, int bit_depth, uint16_t value) {
  VideoFrame frame;
  frame.format.width_px = 7;
  frame.format.height_px = 5;
  frame.format.chroma = chroma;
  frame.format.bit_depth = bit_depth;
  frame.samples.resize(frame.format.frame_bytes());
  for (size_t i = 0; i < frame.samples.size(); i += static_cast<size_t>(frame.format.bytes_per_sample())) {
    std::memcpy(&frame.samples[i], &value, static_cast<size_t>(frame.format.bytes_per_sample()));  // little-endian
  }
  return frame;
}

TEST(PlaneErrors, AreThoseOfAKnownDifference) {
  for (const ChromaFormat chroma : {ChromaFormat::k420, ChromaFormat::k422, ChromaFormat::k444}) {
    const auto errors = plane_errors(flat_frame(chroma, 8, 100), flat_frame(chroma, 8, 104));
    ASSERT_TRUE(errors.ok());
    for (const double error : *errors) EXPECT_NEAR(psnr_of_error(error), 20 * std::log10(255 / 4.0), 1e-9);
    const auto deep = plane_errors(flat_frame(chroma, 10, 700), flat_frame(chroma, 10, 704));
    ASSERT_TRUE(deep.ok());
    for (const double error : *deep) EXPECT_NEAR(psnr_of_error(error), 20 * std::log10(1023 / 4.0), 1e-9);
  }
}

TEST(PlaneErrors, OfPlanesAreApart) {
  const VideoFrame a = flat_frame(ChromaFormat::k420, 8, 100);
  VideoFrame b = a;
  b.samples[0] = 110;  // one of 35 samples of Y
  const auto errors = plane_errors(a, b);
  ASSERT_TRUE(errors.ok());
  EXPECT_NEAR((*errors)[0], 100.0 / 35 / 255 / 255, 1e-12);
  EXPECT_EQ((*errors)[1], 0);
  EXPECT_TRUE(std::isinf(yuv_psnr(*errors)));
}

TEST(PlaneErrors, RefuseFramesOfDifferentForm) {
  const VideoFrame a = flat_frame(ChromaFormat::k420, 8, 100);
  EXPECT_EQ(plane_errors(a, flat_frame(ChromaFormat::k444, 8, 100)).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(plane_errors(a, flat_frame(ChromaFormat::k420, 10, 100)).status().code(), StatusCode::kInvalidArgument);
}

TEST(DrawPlot, ShowsACurveAndSurvivesGapsAndNothing) {
  LinePlot plot{"title", "frame", {{"Y", {30, 31, INFINITY, 33, 32}}, {"Cb", {}}}};
  const Image image = draw_plot(plot);
  EXPECT_EQ(image.samples.size(), image.size_bytes());
  size_t num_coloured = 0;
  for (size_t i = 0; i + 2 < image.samples.size(); i += 3) num_coloured += image.samples[i] + 50 < image.samples[i + 2];
  EXPECT_GT(num_coloured, 100u);  // the first curve is blue
  EXPECT_EQ(draw_plot({}).width_px, 960);
}

}  // namespace
}  // namespace laconic
