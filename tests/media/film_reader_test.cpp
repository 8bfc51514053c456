#include "codec/media/film_reader.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cmath>

#include "codec/media/film_frame_writer.h"
#include "tests/media/film_clips.h"

namespace laconic {
namespace {

using test::FilmFolder;
using test::read_film;
using test::run_ffmpeg;
using test::WholeFilm;

struct Pixels {
  const char* name;
  const char* encoder;
  ChromaFormat chroma;
  int bit_depth;
  bool is_full_range;
};

class PixelFormats : public ::testing::TestWithParam<Pixels> {};
INSTANTIATE_TEST_SUITE_P(
    All, PixelFormats,
    ::testing::Values(Pixels{"yuv420p", "ffv1", ChromaFormat::k420, 8, false},
                      Pixels{"yuv422p", "ffv1", ChromaFormat::k422, 8, false},
                      Pixels{"yuv444p", "ffv1", ChromaFormat::k444, 8, false},
                      Pixels{"yuv420p10le", "ffv1", ChromaFormat::k420, 10, false},
                      Pixels{"yuv422p10le", "ffv1", ChromaFormat::k422, 10, false},
                      Pixels{"yuv444p10le", "ffv1", ChromaFormat::k444, 10, false},
                      Pixels{"yuvj420p", "mjpeg", ChromaFormat::k420, 8, true},
                      Pixels{"bgra", "png", ChromaFormat::k444, 8, true},
                      Pixels{"gbrp", "ffv1", ChromaFormat::k444, 8, true},
                      Pixels{"yuv420p12le", "ffv1", ChromaFormat::k420, 10, false},
                      Pixels{"yuv411p", "ffv1", ChromaFormat::k422, 8, false},
                      Pixels{"gray", "ffv1", ChromaFormat::k420, 8, true}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(PixelFormats, BecomeTheNearestOfOurs) {
  const FilmFolder folder;
  run_ffmpeg("-f lavfi -i testsrc2=s=66x50:r=25:d=0.2 -c:v " + std::string(GetParam().encoder) + " -pix_fmt " +
             GetParam().name + " " + folder / "a.mkv");
  const WholeFilm film = read_film(folder / "a.mkv");
  ASSERT_TRUE(film.status.ok()) << film.status.message();
  ASSERT_EQ(film.frames.size(), 5u);
  const VideoFormat& format = film.properties.video.format;
  EXPECT_EQ(format.width_px, 66);
  EXPECT_EQ(format.height_px, 50);
  EXPECT_EQ(format.chroma, GetParam().chroma);
  EXPECT_EQ(format.bit_depth, GetParam().bit_depth);
  EXPECT_EQ(format.colour.is_full_range, GetParam().is_full_range);
  for (const VideoFrame& frame : film.frames) EXPECT_EQ(frame.samples.size(), format.frame_bytes());
}

// Converting is libswscale's; which way round and over which range is ours.
TEST(FilmReader, ConvertsRedToTheCodePointsItNames) {
  const FilmFolder folder;
  run_ffmpeg("-f lavfi -i color=red:s=32x32:d=0.1 -c:v png -pix_fmt rgb24 " + folder / "a.mkv");
  const WholeFilm film = read_film(folder / "a.mkv");
  ASSERT_FALSE(film.frames.empty());
  EXPECT_EQ(film.properties.video.format.colour.matrix, 1);
  const VideoFrame& frame = film.frames[0];
  const size_t plane = 32 * 32;
  EXPECT_NEAR(frame.samples[plane / 2], 0.2126 * 254, 2);  // BT.709, full range
  EXPECT_NEAR(frame.samples[plane + plane / 2], 128 - 0.2126 * 254 / 1.8556, 2);
  EXPECT_NEAR(frame.samples[2 * plane + plane / 2], 255, 2);
}

TEST(FilmReader, KeepsVariableFrameTimesExactly) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-vf \"setpts='(N+floor(N/3)*2)/25/TB'\" -vsync vfr -c:v ffv1 " + folder / "a.mkv");
  const WholeFilm film = read_film(folder / "a.mkv");
  ASSERT_EQ(film.frames.size(), 50u);
  for (int n = 0; n < 50; ++n) {
    EXPECT_NEAR(film.seconds_of(film.frames[n].pts_ticks), (n + n / 3 * 2) / 25.0, 1e-9) << n;
  }
}

TEST(FilmReader, GivesFramesInOrderOfTimeWhateverTheirOrderInTheFile) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "a.mp4");  // has B-frames
  const WholeFilm film = read_film(folder / "a.mp4");
  ASSERT_EQ(film.frames.size(), 50u);
  for (int n = 0; n < 50; ++n) EXPECT_NEAR(film.seconds_of(film.frames[n].pts_ticks), n / 25.0, 1e-6);
  EXPECT_NEAR(film.properties.duration_seconds, 2, 0.05);
  EXPECT_NEAR(film.properties.video.frame_rate.value(), 25, 1e-6);
  EXPECT_EQ(film.properties.num_chapters, 2);
  EXPECT_EQ(film.first(StreamKind::kSubtitle)->codec, "mov_text");
}

TEST(FilmReader, SeekGoesToTheKeyFrameBefore) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-c:v mpeg4 -g 10 " + folder / "a.mp4");
  const auto reader = FilmReader::open(folder / "a.mp4", {});
  ASSERT_TRUE(reader.ok());
  (*reader)->read_video_only();
  const WholeFilm whole = test::read_on(**reader);
  ASSERT_TRUE((*reader)->seek(27 / 25.0).ok());
  const WholeFilm rest = test::read_on(**reader);
  ASSERT_EQ(rest.frames.size(), 30u);
  EXPECT_EQ(rest.frames[0].pts_ticks, whole.frames[20].pts_ticks);
  EXPECT_EQ(rest.frames[0].samples, whole.frames[20].samples);
}

TEST(FilmReader, TellsFilmsFromPicturesAndTheRest) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-c:v mpeg4 " + folder / "film.avi");
  run_ffmpeg(std::string(test::kPicture) + "-frames:v 1 " + folder / "a.png");
  run_ffmpeg(std::string(test::kPicture) + "-frames:v 1 " + folder / "a.jpg");
  run_ffmpeg("-f lavfi -i sine=440:d=1 " + folder / "a.wav");
  run_ffmpeg("-f lavfi -i sine=440:d=1 -c:a aac " + folder / "sound.mp4");
  test::write_text(folder / "a.txt", "Once upon a time\n");
  test::write_text(folder / "list.m3u8", "#EXTM3U\n#EXTINF:2,\nfilm.avi\n");
  test::write_text(folder / "empty", "");
  EXPECT_TRUE(FilmReader::is_film(folder / "film.avi"));
  for (const char* name : {"a.png", "a.jpg", "a.wav", "sound.mp4", "a.txt", "list.m3u8", "empty", "absent"}) {
    EXPECT_FALSE(FilmReader::is_film(folder / name)) << name;
    EXPECT_FALSE(FilmReader::open(folder / name, {}).ok()) << name;
  }
}

TEST(FilmReader, VideoOnlyGivesNothingElse) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "a.mp4");
  const auto reader = FilmReader::open(folder / "a.mp4", {});
  ASSERT_TRUE(reader.ok());
  (*reader)->read_video_only();
  const WholeFilm film = test::read_on(**reader);
  EXPECT_EQ(film.frames.size(), 50u);
  EXPECT_TRUE(film.copied_seconds.empty());
}

TEST(FilmReader, RefusesFramesAboveTheLimit) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-c:v mpeg4 " + folder / "a.mp4");
  FilmReadOptions options;
  options.limits.max_pixels = 64 * 48 - 1;
  EXPECT_EQ(FilmReader::open(folder / "a.mp4", options).status().code(), StatusCode::kLimitExceeded);
  options.limits.max_pixels = 64 * 48;
  EXPECT_TRUE(FilmReader::open(folder / "a.mp4", options).ok());
}

TEST(FilmReader, AbsentFileIsAnInputError) {
  EXPECT_EQ(FilmReader::open("/nonexistent/film.mov", {}).status().code(), StatusCode::kIo);
}

TEST(FilmReader, GarbageGivesOneClearError) {
  const FilmFolder folder;
  std::string bytes;
  for (uint32_t i = 0, x = 1; i < 20000; ++i, x = x * 1664525 + 1013904223) bytes += static_cast<char>(x >> 24);
  test::write_text(folder / "a.mov", bytes);
  const Status status = read_film(folder / "a.mov").status;
  EXPECT_EQ(status.code(), StatusCode::kCorrupt);
  EXPECT_FALSE(status.message().empty());
}

TEST(FilmReader, SoundThatAnEditListHidesStaysHidden) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-f lavfi -i sine=440:d=2 -c:v mpeg4 -g 25 -c:a aac " + folder / "a.mp4");
  run_ffmpeg("-ss 0.8 -i " + folder / "a.mp4" + " -c copy " + folder / "cut.mp4");
  const WholeFilm film = read_film(folder / "cut.mp4");
  const auto& sound = film.copied_seconds.at(film.first(StreamKind::kAudio)->index);
  EXPECT_GT(sound.front(), -0.11);  // what primes the decoder
  EXPECT_LT(sound.front(), 0.03);
}

WholeFilm read_from_pipe(const std::string& bytes) {
  int ends[2] = {};
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));  // less than a pipe holds
  ::close(ends[1]);
  const int standard_input = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  ::close(ends[0]);
  WholeFilm film = read_film("-");
  ::dup2(standard_input, STDIN_FILENO);
  ::close(standard_input);
  return film;
}

// Of such an index libavformat makes entries of what lies in memory: here, what no film holds.
TEST(FilmReader, CutWithinAFragmentsIndexAllBeforeIsRead) {
  const FilmFolder folder;
  ASSERT_TRUE(test::write_fake_film(test::write_options(folder / "a.mov"), 40).ok());
  const std::string whole = test::read_text(folder / "a.mov");
  const auto packets = test::fake_packets(30);  // a key frame every ten begins a fragment
  const size_t begin = whole.rfind("moof") - 4;
  const size_t end = whole.rfind("mdat") - 4;
  ASSERT_LT(begin, end);
  ::mallopt(M_PERTURB, 0x5A);
  for (size_t size = begin + 1; size < end; ++size) {
    SCOPED_TRACE(size);
    test::write_text(folder / "cut.mov", whole.substr(0, size));
    const WholeFilm from_file = read_film(folder / "cut.mov");
    EXPECT_EQ(from_file.status.code(), StatusCode::kNeedMoreData);
    for (const WholeFilm& film : {from_file, read_from_pipe(whole.substr(0, size))}) {
      ASSERT_EQ(film.packets.size(), packets.size());
      EXPECT_EQ(film.packets.back().bytes, packets.back().bytes);
    }
  }
  ::mallopt(M_PERTURB, 0);
}

class Truncated : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Containers, Truncated, ::testing::Values("mov", "mkv", "nut"));

TEST_P(Truncated, EverythingBeforeTheCutIsRead) {
  const FilmFolder folder;
  const std::string path = folder / (std::string("a.") + GetParam());
  ASSERT_TRUE(test::write_fake_film(test::write_options(path), 100).ok());
  const std::string whole = test::read_text(path);
  const auto packets = test::fake_packets(100);
  size_t most = 0;
  for (size_t size = 0; size < whole.size(); size += 97) {
    test::write_text(path, whole.substr(0, size));
    const WholeFilm film = read_film(path);
    for (size_t i = 0; i + 1 < film.packets.size(); ++i) ASSERT_EQ(film.packets[i].bytes, packets[i].bytes) << size;
    EXPECT_FALSE(film.packets.empty() && film.status.ok() && size < 200) << size;
    most = std::max(most, film.packets.size());
  }
  EXPECT_GE(most, 90u);
}

TEST_P(Truncated, FlippedBitsNeverCrash) {
  const FilmFolder folder;
  const std::string path = folder / (std::string("a.") + GetParam());
  ASSERT_TRUE(test::write_fake_film(test::write_options(path), 30).ok());
  const std::string whole = test::read_text(path);
  for (size_t i = 0; i < whole.size(); i += 53) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    test::write_text(path, damaged);
    const WholeFilm film = read_film(path);
    EXPECT_EQ(film.status.ok(), film.status.message().empty());
  }
}

class FrameOutputs : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Containers, FrameOutputs, ::testing::Values("mp4", "mov", "mkv", "nut", "y4m"));

TEST_P(FrameOutputs, FramesAndOtherStreamsComeBack) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "in.mp4");
  const std::string path = folder / (std::string("a.") + GetParam());
  const WholeFilm before = read_film(folder / "in.mp4");
  const auto reader = FilmReader::open(folder / "in.mp4", {});
  ASSERT_TRUE(reader.ok());
  FilmFrameWriteOptions options;
  options.path = path;
  options.video = (*reader)->properties().video;
  options.source = (*reader)->source();
  const auto writer = FilmFrameWriter::create(options);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  for (auto item = (*reader)->read(); item.ok() && item->has_value(); item = (*reader)->read()) {
    auto* frame = std::get_if<VideoFrame>(&**item);
    const Status status = frame != nullptr ? (*writer)->write(*frame) : (*writer)->write(std::move(std::get<CopiedPacket>(**item)));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  const Status finished = (*writer)->finish();
  ASSERT_TRUE(finished.ok()) << finished.message();

  const WholeFilm after = read_film(path);
  ASSERT_TRUE(after.status.ok()) << after.status.message();
  ASSERT_EQ(after.frames.size(), before.frames.size());
  const std::string extension = GetParam();
  const bool is_lossless = extension == "mkv" || extension == "nut" || extension == "y4m";
  for (size_t i = 0; i < before.frames.size(); ++i) {
    const double tolerance = extension == "mkv" ? 0.001 : 1e-9;
    const auto since_first = [i](const WholeFilm& film) { return film.seconds_of(film.frames[i].pts_ticks - film.frames[0].pts_ticks); };
    EXPECT_NEAR(since_first(after), since_first(before), tolerance) << i;
    EXPECT_TRUE(!is_lossless || after.frames[i].samples == before.frames[i].samples) << i;
  }
  EXPECT_NEAR(after.properties.video.sample_aspect_ratio.value(), 4.0 / 3, 1e-6);
  EXPECT_EQ(after.num_streams(StreamKind::kAudio), extension == "y4m" ? 0 : 1);
  EXPECT_EQ(after.properties.num_chapters, extension == "y4m" ? 0 : 2);
  EXPECT_NEAR(after.properties.duration_seconds, before.properties.duration_seconds, 0.05);
  const double rotation = before.properties.video.rotation_degrees();
  EXPECT_NEAR(std::abs(rotation), 90, 1e-3);
  EXPECT_NEAR(after.properties.video.rotation_degrees(), extension == "y4m" ? 0 : rotation, 1e-3);
}

}  // namespace
}  // namespace laconic
