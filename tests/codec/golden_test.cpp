// Streams of released versions must decode to the same symbols for ever, and to the same samples within a tolerance.
//   golden_test --update_golden    writes them anew: only together with a new version in FORMAT.md
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "codec/image_codec.h"
#include "codec/media/atomic_file.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_model.h"

namespace laconic {
namespace {

bool update_golden = false;
const std::string kFolder = std::string(LACONIC_SOURCE_DIR) + "/tests/golden/";
const std::string kWeights = kFolder + "tiny.v1.safetensors";

struct GoldenCase {
  const char* name;
  int width, height, channels, depth;
  bool hard_alpha;
  float quality;
};
const GoldenCase kCases[] = {
    {"rgb_two_superblocks", 560, 70, 3, 8, false, 70},   {"grey_odd", 45, 33, 1, 8, false, 90},
    {"rgba_soft", 50, 40, 4, 8, false, 60},              {"grey_alpha_bitmap_16", 64, 48, 2, 16, true, 100},
};

std::string path_of(const GoldenCase& c, const std::string& ending) { return kFolder + c.name + ".v1." + ending; }

// Mean of each channel over 8 x 8 fields of the picture: a small thing to store that shows every visible error.
std::string thumbnail(const Image& image) {
  std::string text;
  for (int field = 0; field < 64; ++field) {
    const Rect rect{field % 8 * image.width_px / 8, field / 8 * image.height_px / 8, (image.width_px + 7) / 8, (image.height_px + 7) / 8};
    const Image part = test::crop(image, {rect.x, rect.y, std::min(rect.width, image.width_px - rect.x), std::min(rect.height, image.height_px - rect.y)});
    for (int c = 0; c < image.num_channels; ++c) {
      double sum = 0;
      const size_t pixels = static_cast<size_t>(part.width_px) * part.height_px;
      for (size_t i = 0; i < pixels; ++i) {
        const size_t at = i * part.num_channels + c;
        sum += part.bit_depth == 8 ? part.samples[at] : reinterpret_cast<const uint16_t*>(part.samples.data())[at] / 257.0;
      }
      text += std::to_string(sum / pixels) + " ";
    }
  }
  return text;
}

class Golden : public ::testing::Test {
 protected:
  void SetUp() override {
    auto model = ImageModel::load(kWeights, {});
    ASSERT_TRUE(model.ok()) << model.status().message();
    model_ = *model;
  }
  std::shared_ptr<const ImageModel> model_;
};

TEST_F(Golden, StreamsOfVersion1DecodeToTheStoredSymbolsAndSamples) {
  for (const GoldenCase& c : kCases) {
    SCOPED_TRACE(c.name);
    auto decoder = std::move(*ImageDecoder::create(model_, {}));
    if (update_golden) {
      ImageEncoderOptions options;
      options.quality = c.quality;
      options.effort = 0;
      const Image image = test::draw_image(c.width, c.height, c.channels, c.depth, c.hard_alpha);
      const Bytes stream = *(*ImageEncoder::create(model_, options))->encode(image);
      ASSERT_TRUE(write_file_atomically(path_of(c, "lac"), stream).ok());
      std::ofstream(path_of(c, "txt")) << std::hex << *decoder->symbol_hash(stream) << '\n' << thumbnail(*decoder->decode(stream)) << '\n';
    }
    const auto stream = read_file(path_of(c, "lac"), 1 << 20);
    ASSERT_TRUE(stream.ok()) << stream.status().message();
    std::ifstream expected(path_of(c, "txt"));
    uint64_t hash = 0;
    ASSERT_TRUE(expected >> std::hex >> hash);
    const auto decoded_hash = decoder->symbol_hash(*stream);
    ASSERT_TRUE(decoded_hash.ok()) << decoded_hash.status().message();
    EXPECT_EQ(*decoded_hash, hash);
    const auto image = decoder->decode(*stream);
    ASSERT_TRUE(image.ok());
    EXPECT_EQ(image->width_px, c.width);
    EXPECT_EQ(image->num_channels, c.channels);
    std::istringstream actual(thumbnail(*image));
    double wanted = 0, found = 0;
    int count = 0;
    while (expected >> wanted && actual >> found) {
      EXPECT_NEAR(found, wanted, 0.25);  // of 255
      ++count;
    }
    EXPECT_EQ(count, 64 * c.channels);
  }
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  laconic::update_golden = argc > 1 && std::string(argv[1]) == "--update_golden";
  // The tiny model is golden as well: it is never made anew once it is there.
  if (laconic::update_golden && !std::filesystem::exists(laconic::kWeights) && !laconic::test::write_tiny_model(laconic::kWeights).ok()) return 1;
  return RUN_ALL_TESTS();
}
