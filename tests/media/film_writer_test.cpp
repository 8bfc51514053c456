// Our packets and everybody else's streams through the containers, and through `ffmpeg -c copy`.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>

#include "tests/media/film_clips.h"

namespace laconic {
namespace {

using test::FilmFolder;
using test::fake_packets;
using test::read_film;
using test::run_ffmpeg;
using test::WholeFilm;
using test::write_fake_film;
using test::write_options;

void expect_fake_packets(const WholeFilm& film, int num_packets) {
  EXPECT_TRUE(film.status.ok()) << film.status.message();
  EXPECT_TRUE(film.properties.is_laconic);
  EXPECT_EQ(film.properties.extradata, test::kFakeExtradata);
  const auto expected = fake_packets(num_packets);
  ASSERT_EQ(film.packets.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(film.packets[i].bytes, expected[i].bytes) << i;
    EXPECT_EQ(film.packets[i].is_key_frame, expected[i].is_key_frame) << i;
    EXPECT_NEAR(film.seconds_of(film.packets[i].pts_ticks), 1e-3 * static_cast<double>(expected[i].pts_ticks), 1e-9) << i;
    const double duration = film.seconds_of(film.packets[i].duration_ticks);
    const double tolerance = i + 1 < expected.size() ? 1e-9 : 0.025;  // what says how long the last one is, depends
    EXPECT_NEAR(duration, 1e-3 * static_cast<double>(expected[i].duration_ticks), tolerance) << i;
  }
}

class InContainer : public ::testing::TestWithParam<const char*> {
 protected:
  std::string path() const { return folder_ / (std::string("a.") + GetParam()); }
  const FilmFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Containers, InContainer, ::testing::Values("mov", "mkv", "nut"));

TEST_P(InContainer, PacketsComeBackWithTheirTimesAndKeyFlags) {
  const Status status = write_fake_film(write_options(path()));
  ASSERT_TRUE(status.ok()) << status.message();
  expect_fake_packets(read_film(path()), 25);
}

TEST_P(InContainer, FfmpegCopyCarriesPacketsUnharmed) {
  ASSERT_TRUE(write_fake_film(write_options(path())).ok());
  for (const char* extension : {"mov", "nut", "mkv"}) {
    const std::string copy = folder_ / (std::string("copy.") + extension);
    run_ffmpeg("-i " + path() + " -map 0 -c copy " + copy);
    expect_fake_packets(read_film(copy), 25);
  }
}

TEST_P(InContainer, ShapeOfPixelsAndRotationComeBack) {
  FilmWriteOptions options = write_options(path());
  options.video.sample_aspect_ratio = {4, 3};
  options.video.display_matrix = {0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30};
  ASSERT_TRUE(write_fake_film(options).ok());
  const VideoProperties video = read_film(path()).properties.video;
  EXPECT_NEAR(video.sample_aspect_ratio.value(), 4.0 / 3, 1e-6);
  EXPECT_NEAR(video.rotation_degrees(), options.video.rotation_degrees(), 1e-6);
  EXPECT_NEAR(std::abs(video.rotation_degrees()), 90, 1e-6);
}

TEST_P(InContainer, SeekFindsTheKeyFrameAtOrBefore) {
  ASSERT_TRUE(write_fake_film(write_options(path()), 100).ok());
  const auto packets = fake_packets(100);
  const auto reader = FilmReader::open(path(), {});
  ASSERT_TRUE(reader.ok());
  for (const int wanted : {55, 99, 10, 0, 73, 30}) {
    ASSERT_TRUE((*reader)->seek(1e-3 * static_cast<double>(packets[wanted].pts_ticks)).ok());
    const auto item = (*reader)->read();
    ASSERT_TRUE(item.ok() && item->has_value());
    const auto& found = std::get<VideoPacket>(**item);
    EXPECT_TRUE(found.is_key_frame) << wanted;
    const double seconds = static_cast<double>(found.pts_ticks) * (*reader)->properties().video.time_base.value();
    EXPECT_LE(seconds, 1e-3 * static_cast<double>(packets[wanted].pts_ticks) + 1e-9) << wanted;
    // NUT seeks to its sync points, which may lie further back.
    EXPECT_TRUE(std::string(GetParam()) == "nut" || found.bytes == packets[wanted / 10 * 10].bytes) << wanted;
  }
}

TEST_P(InContainer, AllStreamsOfARichFilmAreThereOrNamed) {
  test::make_rich_film(folder_, folder_ / "rich.mp4");
  std::vector<std::string> warnings;
  const Status status = test::replace_video(folder_ / "rich.mp4", write_options(path()), &warnings);
  ASSERT_TRUE(status.ok()) << status.message();
  const WholeFilm before = read_film(folder_ / "rich.mp4");
  const WholeFilm after = read_film(path());
  ASSERT_TRUE(after.status.ok()) << after.status.message();
  ASSERT_EQ(after.packets.size(), before.frames.size());
  EXPECT_EQ(after.properties.num_chapters, 2);
  EXPECT_NEAR(after.properties.video.sample_aspect_ratio.value(), 4.0 / 3, 1e-6);
  EXPECT_NEAR(after.properties.video.rotation_degrees(), before.properties.video.rotation_degrees(), 1e-6);
  ASSERT_EQ(after.num_streams(StreamKind::kAudio), 1);
  const FilmStream& sound = *after.first(StreamKind::kAudio);
  EXPECT_EQ(sound.codec, "aac");
  EXPECT_EQ(sound.language, "fra");
  const int num_subtitles = after.num_streams(StreamKind::kSubtitle);
  EXPECT_EQ(static_cast<int>(warnings.size()), 1 - num_subtitles);
  if (num_subtitles == 0) {
    EXPECT_NE(warnings[0].find("subtitle stream 2 (mov_text, deu)"), std::string::npos) << warnings[0];
  }

  // Sound stays where it was against the picture.
  const auto& sound_before = before.copied_seconds.at(before.first(StreamKind::kAudio)->index);
  const auto& sound_after = after.copied_seconds.at(sound.index);
  ASSERT_EQ(sound_after.size(), sound_before.size());
  const double offset_before = sound_before[3] - before.seconds_of(before.frames[0].pts_ticks);
  const double offset_after = sound_after[3] - after.seconds_of(after.packets[0].pts_ticks);
  EXPECT_NEAR(offset_after, offset_before, 0.001);
}

TEST_P(InContainer, FfmpegCopyKeepsSoundAndVideoTogether) {
  test::make_rich_film(folder_, folder_ / "rich.mp4");
  ASSERT_TRUE(test::replace_video(folder_ / "rich.mp4", write_options(path())).ok());
  const WholeFilm ours = read_film(path());
  run_ffmpeg("-i " + path() + " -map 0:v -map 0:a -c copy " + folder_ / "copy.mov");
  const WholeFilm copy = read_film(folder_ / "copy.mov");
  ASSERT_EQ(copy.packets.size(), ours.packets.size());
  const auto offset = [](const WholeFilm& film) {
    return film.copied_seconds.at(film.first(StreamKind::kAudio)->index)[5] - film.seconds_of(film.packets[0].pts_ticks);
  };
  EXPECT_NEAR(offset(copy), offset(ours), 0.001);
  for (size_t i = 0; i < ours.packets.size(); ++i) EXPECT_EQ(copy.packets[i].bytes, ours.packets[i].bytes);
}

TEST(FilmWriter, KeepsSubtitlesAndTheirLanguageInQuickTime) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "rich.mp4");
  ASSERT_TRUE(test::replace_video(folder / "rich.mp4", write_options(folder / "a.mov")).ok());
  const WholeFilm film = read_film(folder / "a.mov");
  ASSERT_EQ(film.num_streams(StreamKind::kSubtitle), 1);
  EXPECT_EQ(film.first(StreamKind::kSubtitle)->language, "ger");  // QuickTime's own spelling
}

TEST(FilmWriter, KeepsWhatMatroskaHoldsAndNamesWhatQuickTimeCannot) {
  const FilmFolder folder;
  test::write_text(folder / "s.srt", "1\n00:00:00,200 --> 00:00:01,000\nHello\n");
  run_ffmpeg(std::string(test::kPicture) + "-f lavfi -i sine=440:d=2 -i " + folder / "s.srt" +
             " -map 0 -map 1 -map 2 -c:v mpeg4 -c:a flac -c:s srt -metadata:s:a:0 title=Commentary " + folder / "in.mkv");
  std::vector<std::string> warnings;
  ASSERT_TRUE(test::replace_video(folder / "in.mkv", write_options(folder / "a.mkv"), &warnings).ok());
  EXPECT_TRUE(warnings.empty()) << warnings[0];
  const WholeFilm film = read_film(folder / "a.mkv");
  EXPECT_EQ(film.num_streams(StreamKind::kAudio), 1);
  EXPECT_EQ(film.first(StreamKind::kAudio)->title, "Commentary");
  EXPECT_EQ(film.num_streams(StreamKind::kSubtitle), 1);

  ASSERT_TRUE(test::replace_video(folder / "in.mkv", write_options(folder / "a.mov"), &warnings).ok());
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("audio stream 1 (flac"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("subtitle stream 2 (subrip"), std::string::npos) << warnings[1];
}

TEST(FilmWriter, CodesSoundAsOpusInPlace) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-f lavfi -i sine=440:d=2:r=44100 -map 0 -map 1 -c:v mpeg4 -c:a pcm_s16le " +
             folder / "in.mkv");
  for (const char* name : {"a.mkv", "a.nut"}) {
    FilmWriteOptions options = write_options(folder / name);
    options.sound = SoundCoding::kOpus;
    const Status status = test::replace_video(folder / "in.mkv", options);
    ASSERT_TRUE(status.ok()) << status.message();
    const WholeFilm film = read_film(folder / name);
    const FilmStream* sound = film.first(StreamKind::kAudio);
    ASSERT_NE(sound, nullptr);
    EXPECT_EQ(sound->codec, "opus");
    ASSERT_EQ(film.copied_seconds.count(sound->index), 1u) << name;
    const auto& times = film.copied_seconds.at(sound->index);
    EXPECT_NEAR(times.front(), 0, 0.008) << name;  // minus what the encoder adds in front
    EXPECT_NEAR(times.back(), 2, 0.03) << name;
  }
}

std::string shell_output(const std::string& command) {
  std::string text;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) text += static_cast<char>(c);
  return text;
}
std::string subtitles_of(const std::string& path) { return shell_output("ffmpeg -nostdin -v quiet -i " + path + " -map 0:s -f srt -"); }

TEST(FilmWriter, FfmpegCopyOfAllStreamsKeepsSubtitlesChaptersAndShape) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "rich.mp4");
  ASSERT_TRUE(test::replace_video(folder / "rich.mp4", write_options(folder / "a.mov")).ok());
  run_ffmpeg("-i " + folder / "a.mov" + " -map 0 -c copy " + folder / "copy.mov");
  const std::string expected = subtitles_of(folder / "rich.mp4");
  EXPECT_NE(expected.find("00:00:01,200 --> 00:00:01,800"), std::string::npos) << expected;
  for (const char* name : {"a.mov", "copy.mov"}) {
    EXPECT_EQ(subtitles_of(folder / name), expected) << name;
    const WholeFilm film = read_film(folder / name);
    EXPECT_TRUE(film.status.ok()) << film.status.message();
    EXPECT_EQ(film.properties.num_chapters, 2) << name;
    EXPECT_NEAR(film.properties.video.sample_aspect_ratio.value(), 4.0 / 3, 1e-6) << name;
    EXPECT_NE(film.properties.video.rotation_degrees(), 0) << name;
    EXPECT_NEAR(film.properties.duration_seconds, 2, 1e-3) << name;
  }
}

TEST(FilmWriter, MoreChaptersThanAListHoldsAreKept) {
  const FilmFolder folder;
  std::string chapters = ";FFMETADATA1\n";
  for (int i = 0; i < 300; ++i) {
    chapters += "[CHAPTER]\nTIMEBASE=1/1000\nSTART=" + std::to_string(i * 6) + "\nEND=" + std::to_string(i * 6 + 6) + "\ntitle=c\n";
  }
  test::write_text(folder / "chapters.txt", chapters);
  run_ffmpeg(std::string(test::kPicture) + "-i " + folder / "chapters.txt" + " -map 0 -map_chapters 1 -c:v mpeg4 " + folder / "in.mkv");
  ASSERT_TRUE(test::replace_video(folder / "in.mkv", write_options(folder / "a.mov")).ok());
  EXPECT_EQ(read_film(folder / "a.mov").properties.num_chapters, 300);
}

TEST(FilmWriter, LanguagesOfQuickTimeComeBackAsTheyWereOrAreNamed) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-f lavfi -i sine=440:d=1 -map 0 -map 1 -map 1 -map 1 -c:v mpeg4 -c:a pcm_s16le"
             " -metadata:s:v:0 language=hrv -metadata:s:a:0 language=swe -metadata:s:a:1 language=ces -metadata:s:a:2 language=yue " +
             folder / "in.mkv");
  std::vector<std::string> warnings;
  ASSERT_TRUE(test::replace_video(folder / "in.mkv", write_options(folder / "a.mov"), &warnings).ok());
  std::vector<std::string> languages;
  for (const FilmStream& stream : read_film(folder / "a.mov").properties.streams) languages.push_back(stream.language);
  EXPECT_EQ(languages, (std::vector<std::string>{"hrv", "swe", "ces", ""}));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("audio stream 3 (pcm_s16le, yue)"), std::string::npos) << warnings[0];
}

TEST(FilmWriter, OpusKeepsItsPlaceThroughGenerationsOfMatroska) {
  const FilmFolder folder;
  run_ffmpeg(std::string(test::kPicture) + "-f lavfi -i sine=440:d=2 -map 0 -map 1 -c:v mpeg4 -c:a libopus -b:a 32k " + folder / "in.nut");
  const auto offset = [](const WholeFilm& film) {
    const double picture = film.seconds_of(film.frames.empty() ? film.packets[0].pts_ticks : film.frames[0].pts_ticks);
    return film.copied_seconds.at(film.first(StreamKind::kAudio)->index)[5] - picture;
  };
  const double before = offset(read_film(folder / "in.nut"));
  ASSERT_TRUE(test::replace_video(folder / "in.nut", write_options(folder / "a.mkv")).ok());
  EXPECT_NEAR(offset(read_film(folder / "a.mkv")), before, 0.001);
}

TEST(FilmWriter, NutDoesNotTakeSubtitlesWhoseDurationItWouldForget) {
  const FilmFolder folder;
  test::write_text(folder / "s.srt", "1\n00:00:00,200 --> 00:00:01,000\nHello\n");
  run_ffmpeg(std::string(test::kPicture) + "-i " + folder / "s.srt" + " -map 0 -map 1 -c:v mpeg4 -c:s ass " + folder / "in.mkv");
  std::vector<std::string> warnings;
  ASSERT_TRUE(test::replace_video(folder / "in.mkv", write_options(folder / "a.nut"), &warnings).ok());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("subtitle stream 1 (ass)"), std::string::npos) << warnings[0];
}

TEST_P(InContainer, OrderOfFieldsIsKeptOrNamed) {
  FilmWriteOptions options = write_options(path());
  options.video.field_order = FieldOrder::kTopTop;
  const auto writer = FilmWriter::create(options, test::kFakeExtradata);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  const bool is_named = !(*writer)->warnings().empty();
  for (const auto& packet : fake_packets(5)) ASSERT_TRUE((*writer)->write(packet).ok());
  ASSERT_TRUE((*writer)->finish().ok());
  EXPECT_NE(read_film(path()).properties.video.field_order == FieldOrder::kTopTop, is_named);
}

TEST(FilmWriter, APartEndsItsChaptersAndSubtitles) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "rich.mp4");
  FilmWriteOptions options = write_options(folder / "a.mov");
  options.end_seconds = 0.6;
  ASSERT_TRUE(test::replace_video(folder / "rich.mp4", options).ok());
  EXPECT_EQ(read_film(folder / "a.mov").properties.num_chapters, 1);
  EXPECT_NE(subtitles_of(folder / "a.mov").find("00:00:00,200 --> 00:00:00,600"), std::string::npos) << subtitles_of(folder / "a.mov");
}

TEST(FilmWriter, StartShiftsAllStreamsAlike) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "rich.mp4");
  const auto reader = FilmReader::open(folder / "rich.mp4", {});
  ASSERT_TRUE(reader.ok());
  FilmWriteOptions options = write_options(folder / "a.mov");
  options.video = (*reader)->properties().video;
  options.source = (*reader)->source();
  options.start_seconds = 0.8;
  const auto writer = FilmWriter::create(options, test::kFakeExtradata);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  for (auto item = (*reader)->read(); item.ok() && item->has_value(); item = (*reader)->read()) {
    if (auto* frame = std::get_if<VideoFrame>(&**item)) {
      VideoPacket packet = fake_packets(1)[0];
      packet.pts_ticks = frame->pts_ticks;
      if (static_cast<double>(frame->pts_ticks) * options.video.time_base.value() < 0.8 - 1e-6) continue;
      ASSERT_TRUE((*writer)->write(packet).ok());
    } else {
      ASSERT_TRUE((*writer)->write(std::move(std::get<CopiedPacket>(**item))).ok());
    }
  }
  ASSERT_TRUE((*writer)->finish().ok());
  const WholeFilm film = read_film(folder / "a.mov");
  ASSERT_EQ(film.packets.size(), 30u);
  EXPECT_NEAR(film.seconds_of(film.packets[0].pts_ticks), 0, 1e-9);
  const auto& sound = film.copied_seconds.at(film.first(StreamKind::kAudio)->index);
  EXPECT_GE(sound.front(), 0);
  EXPECT_LT(sound.front(), 0.03);
}

TEST_P(InContainer, ASinkTakesTheBytesInOrder) {
  MemorySink sink;
  FilmWriteOptions options = write_options(std::string("only-its-extension-counts.") + GetParam());
  options.sink = &sink;
  options.tags = {{"title", "Stripes"}};
  const Status status = write_fake_film(options);
  ASSERT_TRUE(status.ok()) << status.message();
  const Bytes bytes = sink.take();
  std::ofstream(path(), std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  expect_fake_packets(read_film(path()), 25);
}

class FullDisk : public ByteSink {
 public:
  Status append(ByteSpan bytes) override {
    num_left_ -= static_cast<int64_t>(bytes.size());
    return num_left_ < 0 ? io_error("the disk is full") : ok_status();
  }

 private:
  int64_t num_left_ = 1000;
};

TEST(FilmWriter, WhatASinkSaysIsTheError) {
  FullDisk sink;
  FilmWriteOptions options = write_options("a.nut");
  options.sink = &sink;
  const Status status = write_fake_film(options);
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_EQ(status.message(), "the disk is full");
}

TEST(FilmWriter, RefusesMp4WithAdvice) {
  const FilmFolder folder;
  const Status status = write_fake_film(write_options(folder / "a.mp4"));
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find(".mov"), std::string::npos) << status.message();
}

TEST(FilmWriter, LeavesAnExistingFileAloneUntilFinished) {
  const FilmFolder folder;
  test::write_text(folder / "a.mov", "precious");
  {
    const auto writer = FilmWriter::create(write_options(folder / "a.mov"), test::kFakeExtradata);
    ASSERT_TRUE(writer.ok());
    for (const auto& packet : fake_packets(25)) ASSERT_TRUE((*writer)->write(packet).ok());
    EXPECT_EQ(test::read_text(folder / "a.mov"), "precious");
    EXPECT_TRUE(std::filesystem::exists(folder / "a.mov.part"));
  }
  EXPECT_EQ(test::read_text(folder / "a.mov"), "precious");
  EXPECT_FALSE(std::filesystem::exists(folder / "a.mov.part"));
  ASSERT_TRUE(write_fake_film(write_options(folder / "a.mov")).ok());
  EXPECT_FALSE(std::filesystem::exists(folder / "a.mov.part"));
  expect_fake_packets(read_film(folder / "a.mov"), 25);
}

TEST_P(InContainer, AKilledProcessLeavesAPartThatPlays) {
  const auto packets = fake_packets(500);
  const pid_t child = fork();
  if (child == 0) {
    const auto writer = FilmWriter::create(write_options(path()), test::kFakeExtradata);
    for (const auto& packet : packets) {
      if (!writer.ok() || !(*writer)->write(packet).ok()) _exit(1);
    }
    _exit(0);  // no finish(), no destructors
  }
  int state = -1;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  ASSERT_EQ(state, 0);
  const WholeFilm film = read_film(path() + ".part");
  EXPECT_GE(film.packets.size(), 300u) << film.status.message();  // Matroska's last cluster of 5 s is lost
  for (size_t i = 0; i < film.packets.size(); ++i) EXPECT_EQ(film.packets[i].bytes, packets[i].bytes) << i;
}

TEST(FilmWriter, ReportsAFolderThatIsNotThere) {
  const FilmFolder folder;
  EXPECT_EQ(write_fake_film(write_options(folder / "none/a.mov")).code(), StatusCode::kIo);
}

}  // namespace
}  // namespace laconic
