// Films, sound and pictures of ours as players see them.
#include <gst/app/gstappsink.h>
#include <gst/check/gstharness.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/apps/plugin/gstreamer_player.h"

namespace laconic::gstreamer {
namespace {

constexpr GstClockTime kFrame = 40 * GST_MSECOND;  // of the films here
constexpr const char* kSink = "appsink name=sink sync=false wait-on-eos=false max-buffers=0";

class GStreamerDecoders : public Player {};

std::vector<Bytes> bytes_of(const std::vector<Piece>& pieces) {
  std::vector<Bytes> all;
  for (const Piece& piece : pieces) all.push_back(piece.bytes);
  return all;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST_F(GStreamerDecoders, AreListed) {
  const std::string text = run_command("gst-inspect-1.0 laconic");
  for (const char* name : {"laconicvideodec", "laconicvideoenc", "laconicaudiodec", "laconicaudioenc", "laconicimagedec", "laconicmux"}) {
    EXPECT_NE(text.find(name), std::string::npos) << text;
  }
  EXPECT_NE(run_command("gst-inspect-1.0 laconictypefind").find("laconic-quicktime"), std::string::npos);
}

TEST_F(GStreamerDecoders, DecodebinGivesTheFramesOfTheProgram) {
  for (const char* name : {"film.mov", "film.mkv"}) {
    const std::string film = made(name);
    run_command("gst-launch-1.0 -q filesrc location=" + film + " ! decodebin ! videoconvert ! y4menc ! filesink location=" + film + ".gst");
    const std::vector<Bytes> frames = frames_of_y4m(film + ".gst");
    EXPECT_EQ(frames.size(), 30u) << name;
    EXPECT_TRUE(frames == frames_by_program(film)) << name;
  }
}

// On a machine with more work than cores playbin3 of GStreamer 1.22 was seen, twice in a dozen runs, to stall before the first frame, which
// playbin never did: a second try counts as well, and says so.
TEST_F(GStreamerDecoders, PlaybinPlaysPictureAndSound) {
  for (const char* player : {"playbin", "playbin3"}) {
    for (const char* name : {"film.mov", "film.mkv"}) {
      SCOPED_TRACE(std::string(player) + " " + name);
      for (int num_tries_left = std::string(player) == "playbin3" ? 1 : 0;; --num_tries_left) {
        const Pipeline pipeline(std::string(player) + " uri=file://" + made(name));
        g_object_set(pipeline.get(), "video-sink", gst_parse_launch("appsink name=picture sync=false wait-on-eos=false", nullptr), "audio-sink",
                     gst_parse_launch("appsink name=sound sync=false wait-on-eos=false", nullptr), nullptr);
        const Played played = pipeline.play();
        if (!played.has_ended && played.errors.empty() && num_tries_left > 0) {
          std::printf("%s stalled with %s; trying again\n", player, name);
          continue;
        }
        EXPECT_TRUE(played.has_ended);
        EXPECT_TRUE(played.errors.empty()) << played.errors[0];
        EXPECT_EQ(pipeline.pieces("picture").size(), 30u);
        EXPECT_GT(pipeline.pieces("sound").size(), 0u);
        break;
      }
    }
  }
}

TEST_F(GStreamerDecoders, AFilmFromAPipeIsTheSame) {
  const std::string film = made("film.mov");  // a queue before decodebin makes it push
  const Pipeline pipeline("filesrc location=" + film + " ! queue ! decodebin ! video/x-raw ! " + kSink);
  EXPECT_TRUE(pipeline.play().has_ended);
  EXPECT_TRUE(bytes_of(pipeline.pieces("sink")) == frames_by_program(film));
}

TEST_F(GStreamerDecoders, TimesOfFramesAreTheFilms) {
  for (const char* name : {"film.mov", "film.mkv"}) {
    const Pipeline pipeline("filesrc location=" + made(name) + " ! decodebin ! video/x-raw ! " + kSink);
    EXPECT_TRUE(pipeline.play().has_ended);
    const std::vector<Piece> pieces = pipeline.pieces("sink");
    ASSERT_EQ(pieces.size(), 30u);
    for (size_t i = 0; i < pieces.size(); ++i) EXPECT_EQ(pieces[i].pts, i * kFrame) << name;
  }
}

TEST_F(GStreamerDecoders, ASeekLandsOnTheRightFrame) {
  for (const char* name : {"film.mov", "film.mkv"}) {
    const std::string film = made(name);
    const std::vector<Bytes> frames = frames_by_program(film);
    const Pipeline pipeline("filesrc location=" + film + " ! decodebin ! video/x-raw ! " + kSink);
    ASSERT_TRUE(pipeline.pause());
    for (const size_t index : {17, 3, 29, 10, 0}) {
      SCOPED_TRACE(std::string(name) + " frame " + std::to_string(index));
      ASSERT_TRUE(pipeline.seek(index * kFrame, GST_SEEK_FLAG_ACCURATE));
      const Piece shown = pipeline.shown("sink");
      EXPECT_EQ(shown.pts, index * kFrame);
      EXPECT_TRUE(shown.bytes == frames[index]);
    }
    // Of a film in fragments qtdemux looks for no key frame here, and gives the time itself.
    ASSERT_TRUE(pipeline.seek(17 * kFrame, GST_SEEK_FLAG_KEY_UNIT));
    const Piece shown = pipeline.shown("sink");
    EXPECT_TRUE(shown.pts == 10 * kFrame || shown.pts == 17 * kFrame) << name << " " << shown.pts;
    EXPECT_TRUE(shown.bytes == frames[shown.pts / kFrame]) << name;
  }
}

// qtdemux takes the start of the edit list for time that has passed, and ends a song with the packet before its last one.
constexpr size_t kLostByDemuxer = 2 * 2048;

TEST_F(GStreamerDecoders, SoundIsTheProgramsToTheSample) {
  const std::string song = made("song.mov");
  const Pipeline pipeline("filesrc location=" + song + " ! decodebin ! " + kSink);
  EXPECT_TRUE(pipeline.play().has_ended);
  const std::vector<Piece> pieces = pipeline.pieces("sink");
  const std::vector<float> samples = samples_of(pieces), expected = samples_by_program(song);
  ASSERT_EQ(expected.size(), 2u * 5 * 48000);
  EXPECT_GE(samples.size(), expected.size() - kLostByDemuxer);
  EXPECT_LE(samples.size(), expected.size());
  EXPECT_LE(largest_difference(samples, expected), 1.0 / 32768);  // the program writes 16 bits
}

TEST_F(GStreamerDecoders, SoundAfterASeekSetsInAtTheNextKeyPacketAndInTime) {
  const std::string song = made("song.mov");
  const Pipeline pipeline("filesrc location=" + song + " ! decodebin ! " + kSink);
  ASSERT_TRUE(pipeline.play().has_ended);
  const std::vector<float> whole = samples_of(pipeline.pieces("sink"));
  ASSERT_TRUE(pipeline.pause());
  ASSERT_TRUE(pipeline.seek(GST_SECOND, GST_SEEK_FLAG_ACCURATE));
  EXPECT_TRUE(pipeline.play().has_ended);
  const std::vector<float> samples = samples_of(pipeline.pieces("sink"));
  const size_t num_left = whole.size() - 2 * 48000;  // GStreamer cuts at nanoseconds, so to a sample
  EXPECT_GE(samples.size() + 2, num_left);
  EXPECT_LE(samples.size(), num_left + 2);
  // Key packets are two seconds apart, and the first one only prepares.
  const size_t num_same = num_left - 2 * 2 * 48000 - 2 * 4096;
  const std::vector<float> end(samples.end() - static_cast<ptrdiff_t>(num_same), samples.end());
  const std::vector<float> expected(whole.end() - static_cast<ptrdiff_t>(num_same), whole.end());
  EXPECT_TRUE(end == expected);
}

TEST_F(GStreamerDecoders, PicturesAreTheProgramsPictures) {
  Image rgb = cli::draw_picture(75, 41);
  Image deep;  // grey, 16 bits
  deep.width_px = 40;
  deep.height_px = 24;
  deep.num_channels = 1;
  deep.bit_depth = 16;
  for (int i = 0; i < deep.width_px * deep.height_px; ++i) {
    const auto value = static_cast<uint16_t>(i * 61);
    deep.samples.push_back(static_cast<uint8_t>(value & 255));
    deep.samples.push_back(static_cast<uint8_t>(value >> 8));
  }
  const std::pair<const Image*, const char*> cases[] = {{&rgb, "RGB"}, {&deep, "GRAY16_LE"}};
  for (const auto& [image, format] : cases) {
    SCOPED_TRACE(format);
    cli::write_picture(*image, path("picture.png"));
    ASSERT_EQ(cli::run_laconic({"encode", path("picture.png"), path("picture.lac")}).exit_code, 0);
    ASSERT_EQ(cli::run_laconic({"decode", path("picture.lac"), path("back.png")}).exit_code, 0);
    const Image back = cli::read_picture_file(path("back.png"));
    const Pipeline pipeline("filesrc location=" + path("picture.lac") + " blocksize=100 ! decodebin ! " + kSink);
    EXPECT_TRUE(pipeline.play().has_ended);
    const std::vector<Piece> pieces = pipeline.pieces("sink");
    ASSERT_EQ(pieces.size(), 1u);
    const size_t row_bytes = back.samples.size() / static_cast<size_t>(back.height_px);
    const size_t stride_bytes = pieces[0].bytes.size() / static_cast<size_t>(back.height_px);  // GStreamer pads rows to 4 bytes
    ASSERT_GE(stride_bytes, row_bytes);
    for (size_t y = 0; y < static_cast<size_t>(back.height_px); ++y) {
      EXPECT_EQ(std::memcmp(pieces[0].bytes.data() + y * stride_bytes, back.samples.data() + y * row_bytes, row_bytes), 0) << y;
    }
  }
}

TEST_F(GStreamerDecoders, PlayAgainAfterAStop) {
  const Pipeline pipeline("videotestsrc pattern=ball num-buffers=3 ! video/x-raw,width=64,height=48 ! laconicvideoenc ! laconicvideodec ! " +
                          std::string(kSink));
  std::vector<Bytes> before;
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(pipeline.play().has_ended);
    const std::vector<Bytes> frames = bytes_of(pipeline.pieces("sink"));
    EXPECT_EQ(frames.size(), 3u);
    EXPECT_TRUE(before.empty() || frames == before);
    before = frames;
    pipeline.stop();
  }
}

}  // namespace
}  // namespace laconic::gstreamer
