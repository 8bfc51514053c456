#include "apps/cli/file_kind.h"

#include <gtest/gtest.h>

namespace laconic::cli {
namespace {

std::string kind_of(const std::string& text) {
  const Bytes bytes(text.begin(), text.end());
  return describe_file_kind(bytes);
}

TEST(DescribeFileKind, KnowsCommonFiles) {
  EXPECT_EQ(kind_of("\x89PNG\r\n\x1a\n"), "a PNG picture");
  EXPECT_EQ(kind_of("\xff\xd8\xff\xe0"), "a JPEG picture");
  EXPECT_EQ(kind_of(std::string("RIFF\x10\0\0\0WEBPVP8 ", 16)), "a WebP picture");
  EXPECT_EQ(kind_of(std::string("RIFF\x10\0\0\0WAVEfmt ", 16)), "a WAV file");
  EXPECT_EQ(kind_of("GIF89a"), "a GIF picture");
  EXPECT_EQ(kind_of("P6\n3 4\n255\n"), "a PNM picture");
  EXPECT_EQ(kind_of("\xb1LAC\x10"), "a Laconic stream");
  EXPECT_EQ(kind_of("Dear reader,\n"), "a text file");
}

TEST(DescribeFileKind, SaysNothingOfTheRest) {
  EXPECT_EQ(kind_of(""), "");
  EXPECT_EQ(kind_of(std::string("\x01\x02\x03", 3)), "");
  EXPECT_EQ(kind_of("\xb1LA"), "");
}

TEST(DescribeFileKind, ReadsNothingBeyondTheEnd) {
  const std::string webp("RIFF\x10\0\0\0WEBP", 12);
  for (size_t size = 0; size < webp.size(); ++size) {
    const Bytes exact(webp.begin(), webp.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_NE(describe_file_kind(exact), "a WebP picture");
  }
}

TEST(ExtensionOf, IsLowerCaseWithoutDot) {
  EXPECT_EQ(extension_of("x/A.PNG"), "png");
  EXPECT_EQ(extension_of("a.tar.gz"), "gz");
  EXPECT_EQ(extension_of("a"), "");
  EXPECT_EQ(extension_of("-"), "");
}

}  // namespace
}  // namespace laconic::cli
