// Files that are cut off, damaged, hostile or no pictures at all.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "codec/media/image_file.h"
#include "tests/media/hand_made_files.h"

namespace laconic {
namespace {

Status read_status(const Bytes& bytes, const ImageReadOptions& options = {}) {
  // A buffer of exact size, so that sanitizers see a step beyond it.
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return read_image_bytes({copy.get(), bytes.size()}, options).status();
}

struct Sample {
  std::string name;
  Bytes bytes;
};

// One small file of each format, with metadata where it holds some.
std::vector<Sample> sample_files() {
  std::vector<Sample> files;
  Image image = draw_picture(19, 11, 3, 8);
  image.metadata = full_metadata(60);
  for (const char* format : {"png", "jpg", "webp", "tiff", "bmp", "ppm"}) {
    const Result<Bytes> bytes = encode_image_bytes(image, format, {});
    EXPECT_TRUE(bytes.ok()) << bytes.status().message();
    if (bytes.ok()) files.push_back({format, *bytes});
  }
  Bytes gif = gif_header(9, 5);
  append_gif_frame(gif, 9, 5, Bytes(45, 3), -1);
  files.push_back({"gif", gif});  // without the trailer, which may be missing
  return files;
}

TEST(Cut, AtEveryByteGivesAnErrorThatSaysSo) {
  for (const Sample& file : sample_files()) {
    ASSERT_TRUE(read_status(file.bytes).ok()) << file.name << ": " << read_status(file.bytes).message();
    for (size_t size = 0; size < file.bytes.size(); ++size) {
      const Status status = read_status(Bytes(file.bytes.begin(), file.bytes.begin() + size));
      ASSERT_FALSE(status.ok()) << file.name << " of " << size << " bytes is taken for whole";
      ASSERT_NE(status.code(), StatusCode::kInternal) << status.message();
      // Below that the format itself cannot be told.
      if (size >= 30) {
        EXPECT_EQ(status.code(), StatusCode::kNeedMoreData) << file.name << ", " << size << ": " << status.message();
      }
    }
  }
}

TEST(Damage, OfAnyBitNeverCrashes) {
  ImageReadOptions options;
  options.limits.max_pixels = 1u << 22;  // keeps damaged sizes cheap
  for (const Sample& file : sample_files()) {
    for (size_t bit = 0; bit < 8 * file.bytes.size(); ++bit) {
      Bytes damaged = file.bytes;
      damaged[bit / 8] = static_cast<uint8_t>(damaged[bit / 8] ^ (1 << bit % 8));
      ASSERT_NE(read_status(damaged, options).code(), StatusCode::kInternal) << file.name << ", bit " << bit;
    }
  }
}

TEST(Damage, OfAnyBitOfAPngIsFoundByItsChecksums) {
  const Bytes png = sample_files()[0].bytes;
  for (size_t bit = 0; bit < 8 * png.size(); ++bit) {
    Bytes damaged = png;
    damaged[bit / 8] = static_cast<uint8_t>(damaged[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(read_status(damaged).ok()) << "bit " << bit;
  }
}

TEST(Garbage, IsUnknownAndTheMessageNamesTheFormats) {
  const Status status = read_status(noise_block(5000, 9));
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  for (const char* format : {"PNG", "JPEG", "WebP", "TIFF", "GIF", "BMP", "PNM"}) {
    EXPECT_NE(status.message().find(format), std::string::npos) << status.message();
  }
}

TEST(Garbage, BehindAGoodSignatureNeverCrashes) {
  for (const Sample& file : sample_files()) {
    for (uint32_t seed = 0; seed < 300; ++seed) {
      Bytes bytes(file.bytes.begin(), file.bytes.begin() + 12 + seed % 40);
      const Bytes noise = noise_block(seed * 3, seed);
      bytes.insert(bytes.end(), noise.begin(), noise.end());
      ImageReadOptions options;
      options.limits.max_pixels = 1u << 22;
      ASSERT_NE(read_status(bytes, options).code(), StatusCode::kInternal) << file.name << ", seed " << seed;
    }
  }
}

TEST(Empty, IsSaidToBeEmpty) {
  const Status status = read_status({});
  EXPECT_EQ(status.code(), StatusCode::kNeedMoreData);
  EXPECT_NE(status.message().find("empty"), std::string::npos);
}

TEST(FloatingPoint, IsRefusedByName) {
  for (const auto& [magic, name] : {std::pair<std::string, std::string>{std::string("\x76\x2F\x31\x01", 4), "OpenEXR"},
                                    {"#?RADIANCE\n", "HDR"}}) {
    const Status status = read_status(Bytes(magic.begin(), magic.end()));
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_NE(status.message().find(name), std::string::npos);
  }
}

long peak_memory_kib() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Files whose header asks for far more than their bytes can hold.
std::vector<Sample> hostile_files() {
  std::vector<Sample> files;
  Bytes png = png_header(0x7FFFFFFF, 0x7FFFFFFF, 8, 2);
  finish_png(png, {0});
  files.push_back({"png of 2^31 - 1", png});
  png = png_header(23000, 23000, 16, 6);  // within the limits
  finish_png(png, {0});
  files.push_back({"png within limits", png});
  files.push_back({"bmp of 2^30", bmp_header(1 << 30, 1 << 30, 24, 0, 54)});
  files.push_back({"bmp within limits", bmp_header(20000, 20000, 24, 0, 54)});
  const std::string ppm = "P6 999999999 999999999 255\n";
  files.push_back({"ppm of 10^9", Bytes(ppm.begin(), ppm.end())});
  const std::string plain = "P3 20000 20000 255\n1 2 3\n";
  files.push_back({"ppm within limits", Bytes(plain.begin(), plain.end())});
  Bytes jpeg = *encode_image_bytes(draw_picture(8, 8, 3, 8), "jpg", {});
  const Bytes frame = {0xFF, 0xC0, 0, 17, 8};
  const auto at = std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end()) - jpeg.begin();
  for (int i = 0; i < 4; ++i) jpeg[static_cast<size_t>(at + 5 + i)] = 0xFF;
  files.push_back({"jpeg of 65535", jpeg});
  for (const size_t i : {0, 2}) jpeg[static_cast<size_t>(at) + 5 + i] = 0x50;  // 20735: within the limits
  files.push_back({"jpeg within limits", jpeg});
  Bytes tiff = *encode_image_bytes(draw_picture(8, 8, 3, 8), "tiff", {});
  const size_t directory = tiff[4] | tiff[5] << 8;
  for (const size_t entry : {0, 1}) tiff[directory + 2 + 12 * entry + 9] = 0x50;  // 20488
  files.push_back({"tiff within limits", tiff});
  return files;
}

TEST(HostileHeader, IsRefusedBeforeMemoryIsTaken) {
  const std::vector<Sample> files = hostile_files();
  const long before = peak_memory_kib();
  for (const Sample& file : files) {
    const Status status = read_status(file.bytes);
    EXPECT_FALSE(status.ok()) << file.name;
    EXPECT_NE(status.code(), StatusCode::kInternal) << file.name << ": " << status.message();
    EXPECT_LT(peak_memory_kib() - before, 64 * 1024) << file.name << ": " << status.message();
  }
  EXPECT_EQ(read_status(files[0].bytes).code(), StatusCode::kLimitExceeded);
  EXPECT_NE(read_status(files[0].bytes).message().find("2147483647"), std::string::npos);
  EXPECT_EQ(read_status(files[2].bytes).code(), StatusCode::kLimitExceeded);
}

TEST(Limits, HoldJustBelowAndJustAbove) {
  for (const Sample& file : sample_files()) {
    const Result<Image> image = read_image_bytes(file.bytes, {});
    ASSERT_TRUE(image.ok());
    const uint64_t num_pixels = static_cast<uint64_t>(image->width_px) * static_cast<uint64_t>(image->height_px);
    ImageReadOptions options;
    options.limits.max_pixels = num_pixels;
    options.limits.max_dimension_px = static_cast<uint32_t>(image->width_px);
    EXPECT_TRUE(read_status(file.bytes, options).ok()) << file.name;
    options.limits.max_pixels = num_pixels - 1;
    EXPECT_EQ(read_status(file.bytes, options).code(), StatusCode::kLimitExceeded) << file.name;
    options.limits.max_pixels = num_pixels;
    options.limits.max_dimension_px = static_cast<uint32_t>(image->width_px - 1);
    EXPECT_EQ(read_status(file.bytes, options).code(), StatusCode::kLimitExceeded) << file.name;
  }
}

TEST(Limits, HoldForMetadata) {
  Image image = draw_picture(4, 4, 3, 8);
  image.metadata = full_metadata(1000);
  for (const char* format : {"png", "jpg", "webp"}) {
    const Bytes bytes = *encode_image_bytes(image, format, {});
    ImageReadOptions options;
    options.limits.max_metadata_bytes = 1000 + image.metadata.exif.size() + image.metadata.xmp.size();
    EXPECT_TRUE(read_status(bytes, options).ok()) << format;
    --options.limits.max_metadata_bytes;
    EXPECT_EQ(read_status(bytes, options).code(), StatusCode::kLimitExceeded) << format;
  }
}

TEST(ReadImage, NamesTheFileInItsSentence) {
  const TemporaryFolder folder;
  put_file(folder.file("empty.png"), {});
  const Status missing = read_image(folder.file("no.png"), {}).status();
  EXPECT_EQ(missing.code(), StatusCode::kIo);
  EXPECT_NE(missing.message().find("no.png' does not exist"), std::string::npos) << missing.message();
  const Status directory = read_image(folder.file(""), {}).status();
  EXPECT_EQ(directory.code(), StatusCode::kIo);
  EXPECT_NE(directory.message().find("is a directory"), std::string::npos) << directory.message();
  const Status empty = read_image(folder.file("empty.png"), {}).status();
  EXPECT_EQ(empty.code(), StatusCode::kNeedMoreData);
  EXPECT_NE(empty.message().find("empty.png': the file is empty"), std::string::npos) << empty.message();
}

}  // namespace
}  // namespace laconic
