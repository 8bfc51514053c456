// .lac files as programs that know only gdk-pixbuf open them.
#include <glib.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "codec/format/image_stream.h"
#include "tests/apps/plugin/gdk_pixbuf_desktop.h"

namespace laconic::gdk_pixbuf {
namespace {

class GdkPixbufLoaderModule : public Desktop {};

const uint8_t* pixel(const Pixbuf& pixbuf, int x, int y) {
  const int offset = y * gdk_pixbuf_get_rowstride(pixbuf.get()) + x * gdk_pixbuf_get_n_channels(pixbuf.get());
  return gdk_pixbuf_get_pixels(pixbuf.get()) + offset;
}

// In 1/255, as gdk-pixbuf has it.
double sample_of(const laconic_image* picture, int x, int y, int channel) {
  const auto* const samples = static_cast<const uint8_t*>(laconic_image_pixels(picture));
  const uint8_t* const row = samples + static_cast<size_t>(y) * laconic_image_stride(picture);
  const auto index = static_cast<size_t>(x * laconic_image_channels(picture) + channel);
  if (laconic_image_bit_depth(picture) == 8) return row[index];
  uint16_t sample = 0;
  std::memcpy(&sample, row + index * sizeof(sample), sizeof(sample));
  return sample / 257.0;
}

bool are_equal(const Pixbuf& a, const Pixbuf& b) {
  if (gdk_pixbuf_get_width(a.get()) != gdk_pixbuf_get_width(b.get())) return false;
  if (gdk_pixbuf_get_height(a.get()) != gdk_pixbuf_get_height(b.get())) return false;
  const size_t row_bytes = static_cast<size_t>(gdk_pixbuf_get_width(a.get()) * gdk_pixbuf_get_n_channels(a.get()));
  for (int y = 0; y < gdk_pixbuf_get_height(a.get()); ++y) {
    if (std::memcmp(pixel(a, 0, y), pixel(b, 0, y), row_bytes) != 0) return false;
  }
  return true;
}

TEST_F(GdkPixbufLoaderModule, ShowsWhatTheCodecDecodes) {
  for (const int num_channels : {1, 2, 3, 4}) {
    for (const int bit_depth : {8, 16}) {
      SCOPED_TRACE(std::to_string(num_channels) + " channels of " + std::to_string(bit_depth) + " bits");
      const Bytes stream = encode(draw(75, 41, num_channels, bit_depth).get());
      write("picture.lac", stream);
      const Opened opened = open("picture.lac");
      ASSERT_NE(opened.pixbuf, nullptr) << opened.message;
      const Picture picture = decode(stream);
      const bool has_alpha = num_channels % 2 == 0;
      ASSERT_EQ(gdk_pixbuf_get_width(opened.pixbuf.get()), 75);
      ASSERT_EQ(gdk_pixbuf_get_height(opened.pixbuf.get()), 41);
      ASSERT_EQ(gdk_pixbuf_get_has_alpha(opened.pixbuf.get()), has_alpha);
      double worst = 0;
      for (int y = 0; y < 41; ++y) {
        for (int x = 0; x < 75; ++x) {
          for (int c = 0; c < 3 + has_alpha; ++c) {
            const int source = c == 3 ? num_channels - 1 : num_channels < 3 ? 0 : c;
            worst = std::max(worst, std::abs(sample_of(picture.get(), x, y, source) - pixel(opened.pixbuf, x, y)[c]));
          }
        }
      }
      EXPECT_LE(worst, bit_depth == 8 ? 0 : 0.5);
    }
  }
}

TEST_F(GdkPixbufLoaderModule, PiecesOfAnySizeGiveTheSamePicture) {
  const Bytes stream = encode(draw(64, 48, 3, 8).get());
  const Opened whole = load(stream, stream.size());
  ASSERT_NE(whole.pixbuf, nullptr) << whole.message;
  for (const size_t piece_bytes : {1, 123}) {
    const Opened pieces = load(stream, piece_bytes);
    ASSERT_NE(pieces.pixbuf, nullptr) << pieces.message;
    EXPECT_TRUE(are_equal(whole.pixbuf, pieces.pixbuf)) << piece_bytes;
  }
}

// Exif blocks with nothing but an orientation, of both byte orders; the last one names an offset behind its end.
const Bytes kIntelExif = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};
const Bytes kMotorolaExif = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0};
const Bytes kBrokenExif = {'M', 'M', 0, 42, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1};

TEST_F(GdkPixbufLoaderModule, ProfileAndOrientationAreOptions) {
  const Bytes icc(3000, 0x5A);
  const struct {
    Bytes exif;
    const char* orientation;
  } cases[] = {{kIntelExif, "6"}, {kMotorolaExif, "8"}, {kBrokenExif, nullptr}, {{}, nullptr}};
  for (const auto& exif_case : cases) {
    const Picture picture = draw(40, 30, 3, 8);
    laconic_image_set_metadata(picture.get(), LACONIC_METADATA_ICC, icc.data(), icc.size(), nullptr);
    laconic_image_set_metadata(picture.get(), LACONIC_METADATA_EXIF, exif_case.exif.data(), exif_case.exif.size(), nullptr);
    write("picture.lac", encode(picture.get()));
    const Opened opened = open("picture.lac");
    ASSERT_NE(opened.pixbuf, nullptr) << opened.message;
    EXPECT_STREQ(gdk_pixbuf_get_option(opened.pixbuf.get(), "orientation"), exif_case.orientation);
    gsize size = 0;
    const char* const base64 = gdk_pixbuf_get_option(opened.pixbuf.get(), "icc-profile");
    ASSERT_NE(base64, nullptr);
    const Text decoded(reinterpret_cast<gchar*>(g_base64_decode(base64, &size)));
    EXPECT_EQ(Bytes(decoded.get(), decoded.get() + size), icc);
  }
}

TEST_F(GdkPixbufLoaderModule, GivesTheSizeThatIsAskedFor) {
  write("picture.lac", encode(draw(120, 80, 4, 8).get()));
  GError* error = nullptr;
  const Pixbuf scaled(gdk_pixbuf_new_from_file_at_scale(path("picture.lac").c_str(), 30, -1, TRUE, &error));
  ASSERT_NE(scaled, nullptr) << error->message;
  EXPECT_EQ(gdk_pixbuf_get_width(scaled.get()), 30);
  EXPECT_EQ(gdk_pixbuf_get_height(scaled.get()), 20);
  EXPECT_TRUE(gdk_pixbuf_get_has_alpha(scaled.get()));
}

TEST_F(GdkPixbufLoaderModule, TellsSizeAndFormat) {
  write("picture.lac", encode(draw(120, 80, 3, 8).get()));
  int width_px = 0, height_px = 0;
  GdkPixbufFormat* const format = gdk_pixbuf_get_file_info(path("picture.lac").c_str(), &width_px, &height_px);
  ASSERT_NE(format, nullptr);
  EXPECT_STREQ(Text(gdk_pixbuf_format_get_name(format)).get(), "laconic");
  EXPECT_EQ(width_px, 120);
  EXPECT_EQ(height_px, 80);
}

TEST_F(GdkPixbufLoaderModule, CutFilesGiveOneError) {
  const Bytes stream = encode(draw(64, 48, 4, 8).get());
  for (size_t size = 1; size < stream.size(); size += std::max<size_t>(1, stream.size() / 60)) {
    const Opened opened = load(Bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size)), 4096);
    EXPECT_EQ(opened.code, GDK_PIXBUF_ERROR_CORRUPT_IMAGE) << size << " bytes: " << opened.message;
  }
}

TEST_F(GdkPixbufLoaderModule, FlippedBitsGiveOneErrorOrTheSamePicture) {
  const Bytes stream = encode(draw(64, 48, 3, 8).get());
  const Opened whole = load(stream, stream.size());
  for (size_t bit = 0; bit < stream.size() * 8; bit += std::max<size_t>(1, stream.size() * 8 / 60)) {
    Bytes damaged = stream;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const Opened opened = load(damaged, 4096);
    EXPECT_TRUE(opened.pixbuf == nullptr || are_equal(opened.pixbuf, whole.pixbuf)) << "bit " << bit;
  }
  EXPECT_EQ(load(Bytes(5000, 0), 4096).code, GDK_PIXBUF_ERROR_CORRUPT_IMAGE);
}

TEST_F(GdkPixbufLoaderModule, UnknownVersionsAreUnknownTypes) {
  Bytes stream = encode(draw(64, 48, 3, 8).get());
  stream[4] = 0x20;  // FORMAT.md 4.1: version 2
  const Opened opened = load(stream, 4096);
  EXPECT_EQ(opened.code, GDK_PIXBUF_ERROR_UNKNOWN_TYPE) << opened.message;
}

// A small file that claims 268 million pixels and some, which the codec itself would take on.
TEST_F(GdkPixbufLoaderModule, RefusesMorePixelsThanADesktopShouldTakeOn) {
  const Bytes small = encode(draw(64, 48, 3, 8).get());
  const auto view = parse_image_stream(small, Limits());
  ASSERT_TRUE(view.ok()) << view.status().message();
  ImageStream huge;
  huge.header = view->header;
  huge.header.width_px = huge.header.height_px = 16385;
  huge.colour_sections.assign(33 * 33, Bytes(3, 0));
  const auto stream = write_image_stream(huge);
  ASSERT_TRUE(stream.ok()) << stream.status().message();
  const Opened opened = load(*stream, 4096);
  EXPECT_EQ(opened.code, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY) << opened.message;
}

TEST_F(GdkPixbufLoaderModule, LoadsWeightsOnce) {
  write("picture.lac", encode(draw(64, 48, 3, 8).get()));
  ASSERT_NE(open("picture.lac").pixbuf, nullptr);
  std::filesystem::rename(weights_folder(), path("elsewhere"));
  const Opened again = open("picture.lac");
  std::filesystem::rename(path("elsewhere"), weights_folder());
  EXPECT_NE(again.pixbuf, nullptr) << again.message;
}

TEST_F(GdkPixbufLoaderModule, SeveralThreadsOpenPicturesAtOnce) {
  const Bytes stream = encode(draw(64, 48, 3, 8).get());
  const Opened alone = load(stream, 4096);
  std::vector<Opened> opened(4);
  std::vector<std::thread> threads;
  for (Opened& one : opened) threads.emplace_back([&one, &stream] { one = load(stream, 4096); });
  for (std::thread& thread : threads) thread.join();
  for (const Opened& one : opened) {
    ASSERT_NE(one.pixbuf, nullptr) << one.message;
    EXPECT_TRUE(are_equal(one.pixbuf, alone.pixbuf));
  }
}

TEST_F(GdkPixbufLoaderModule, ExportsNothingButItsEntryPoints) {
  const auto [exit_code, symbols] = run("nm -D --defined-only --format=posix " LACONIC_GDK_PIXBUF_LOADER " | cut -d' ' -f1");
  EXPECT_EQ(exit_code, 0);
  EXPECT_EQ(symbols, "fill_info\nfill_vtable\n");
}

// Programs of others, which cannot open a module that was built with sanitizers.
class GdkPixbufPrograms : public Desktop {
 protected:
  void SetUp() override {
#ifdef LACONIC_SANITIZED
    GTEST_SKIP() << "built with sanitizers";
#endif
    Desktop::SetUp();
  }
};

TEST_F(GdkPixbufPrograms, QueryLoadersListsTheModule) {
  const auto [exit_code, listed] = run(LACONIC_GDK_PIXBUF_QUERY_LOADERS " " LACONIC_GDK_PIXBUF_LOADER " | grep -v '^#'");
  EXPECT_EQ(exit_code, 0);
  const auto [cat_exit_code, cache] = run("cat " + path("loaders.cache"));
  EXPECT_EQ(listed.substr(0, cache.size()), cache);
}

TEST_F(GdkPixbufPrograms, ThumbnailerMakesThumbnails) {
  const auto [exit_code, thumbnailer] = run("command -v gdk-pixbuf-thumbnailer");
  if (exit_code != 0) GTEST_SKIP() << "no gdk-pixbuf-thumbnailer (Debian: libgdk-pixbuf2.0-bin)";
  write("picture.lac", encode(draw(400, 300, 3, 8).get()));
  const std::string make_one = "gdk-pixbuf-thumbnailer -s 128 " + path("picture.lac") + " ";
  const auto made = run(make_one + path("thumbnail.png"));
  EXPECT_EQ(made, std::make_pair(0, std::string()));
  const Opened thumbnail = open("thumbnail.png");
  ASSERT_NE(thumbnail.pixbuf, nullptr) << thumbnail.message;
  EXPECT_EQ(gdk_pixbuf_get_width(thumbnail.pixbuf.get()), 128);
  EXPECT_EQ(gdk_pixbuf_get_height(thumbnail.pixbuf.get()), 96);

  const auto [without_weights, sentence] = run("LACONIC_MODEL=/nowhere " + make_one + path("none.png"));
  EXPECT_NE(without_weights, 0);
  EXPECT_NE(sentence.find("weights '/nowhere'"), std::string::npos) << sentence;
}

}  // namespace
}  // namespace laconic::gdk_pixbuf
