// Sound files through SoundReader and SoundFileWriter, with nothing between: counts to the sample, and in place.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/media/sound_clips.h"

namespace laconic {
namespace {

using test::draw_sound;
using test::FilmFolder;
using test::pass_through;
using test::Planes;
using test::read_sound;
using test::read_wav;
using test::run_ffmpeg;
using test::snr_db;
using test::WavFile;
using test::WholeSound;
using test::write_wav;

constexpr uint32_t kMaskOf[] = {0, 4, 3, 7, 51, 55, 63};

class Rates : public ::testing::TestWithParam<int> {
 protected:
  const FilmFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(All, Rates, ::testing::Values(8000, 16000, 22050, 22051, 44100, 48000, 96000));

TEST_P(Rates, FramesLieWhereTheSourceSamplesLie) {
  const int rate = GetParam();
  write_wav(folder_ / "a.wav", draw_sound(rate, 2, 50001), rate, 32, 3);
  const WholeSound sound = read_sound(folder_ / "a.wav");
  ASSERT_TRUE(sound.status.ok()) << sound.status.message();
  EXPECT_EQ(sound.properties.format.sample_rate_hz, rate);
  EXPECT_EQ(sound.properties.format.bits_per_sample, 32);
  EXPECT_EQ(sound.num_source_samples, 50001u);
  ASSERT_EQ(sound.num_samples(), samples_at_rate(50001, rate, kCodingRateHz));
  Planes expected(2, std::vector<float>(sound.num_samples()));
  for (int c = 0; c < 2; ++c) {
    for (size_t n = 0; n < expected[0].size(); ++n) {
      expected[static_cast<size_t>(c)][n] = static_cast<float>(test::sound_at(static_cast<double>(n) / kCodingRateHz, c, rate));
    }
  }
  EXPECT_GT(snr_db(expected, sound.planes, 500), 90);
  EXPECT_GT(snr_db(expected, sound.planes), 45);
}

TEST_P(Rates, AnyNumberOfSamplesAndChannelsComesBack) {
  const int rate = GetParam();
  for (const int num_channels : {1, 2, 6}) {
    for (const size_t num_samples : {size_t{1}, size_t{2}, size_t{100}, size_t{1023}, size_t{1024}, size_t{1025}, size_t{50001}}) {
      const Planes before = draw_sound(rate, num_channels, num_samples);
      write_wav(folder_ / "a.wav", before, rate, 32, kMaskOf[num_channels]);
      const Status status = pass_through(folder_ / "a.wav", folder_ / "b.wav");
      ASSERT_TRUE(status.ok()) << status.message();
      const WavFile after = read_wav(folder_ / "b.wav");
      ASSERT_EQ(after.planes.size(), before.size());
      ASSERT_EQ(after.planes[0].size(), num_samples) << num_channels;
      EXPECT_EQ(after.rate_hz, rate);
      EXPECT_EQ(after.bits, 32);
      EXPECT_EQ(after.format, 3);
      EXPECT_TRUE(after.mask == kMaskOf[num_channels] || num_channels <= 2) << after.mask;
      // Resampled twice, what is near an end is not quite what it was: in short sounds that is much of it.
      const double min_db = rate == kCodingRateHz ? 250 : num_samples > 2000 ? 80 : num_samples >= 1000 ? 30 : num_samples > 2 ? 20 : 3;
      EXPECT_GT(snr_db(before, after.planes, num_samples > 2000 ? 500 : 0), min_db) << num_samples;
    }
  }
}

TEST(SoundFiles, IntegersOf16And24BitsComeBackExactlyAt48kHz) {
  const FilmFolder folder;
  for (const int bits : {16, 24}) {
    Planes sound = draw_sound(48000, 2, 3000);
    sound[0][10] = -1;  // full scale
    write_wav(folder / "a.wav", sound, 48000, bits, 3);
    for (const char* name : {"b.wav", "b.flac"}) {
      ASSERT_TRUE(pass_through(folder / "a.wav", folder / name).ok());
      ASSERT_TRUE(pass_through(folder / name, folder / "c.wav").ok());
      const WavFile before = read_wav(folder / "a.wav"), after = read_wav(folder / "c.wav");
      EXPECT_EQ(after.bits, bits) << name;
      EXPECT_EQ(after.planes, before.planes) << name;
    }
  }
}

TEST(SoundFiles, WhatIsLouderThanFullScaleIsClippedOnlyInIntegers) {
  const FilmFolder folder;
  for (const int bits : {16, 24, 32}) {
    SoundFileWriteOptions options;
    options.path = folder / "a.wav";
    options.format.bits_per_sample = bits;
    options.format.num_channels = 1;
    options.format.channel_mask = 4;
    const auto writer = SoundFileWriter::create(options);
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    AudioFrame frame;
    frame.channels = {{0, 1.5f, -1.5f, 0.5f}};
    ASSERT_TRUE((*writer)->write(frame).ok());
    ASSERT_TRUE((*writer)->finish(4).ok());
    const WavFile wav = read_wav(folder / "a.wav");
    ASSERT_EQ(wav.planes[0].size(), 4u);
    EXPECT_NEAR(wav.planes[0][1], bits == 32 ? 1.5 : 1, 1e-4);
    EXPECT_NEAR(wav.planes[0][2], bits == 32 ? -1.5 : -1, 1e-4);
    EXPECT_NEAR(wav.planes[0][3], 0.5, 1e-4);
  }
}

struct Coded {
  const char* file;
  const char* arguments;
  double min_snr_db;
};
class Lossy : public ::testing::TestWithParam<Coded> {};
INSTANTIATE_TEST_SUITE_P(Codecs, Lossy,
                         ::testing::Values(Coded{"a.mp3", "-c:a libmp3lame -b:a 256k", 15},
                                           Coded{"a.opus", "-c:a libopus -b:a 256k", 15},
                                           Coded{"a.ogg", "-c:a libvorbis -q:a 9", 15}, Coded{"a.m4a", "-c:a aac -b:a 256k", 15},
                                           Coded{"a.mov", "-c:a aac -b:a 256k", 15},
                                           Coded{"a.mka", "-c:a libopus -b:a 256k", 15}, Coded{"a.flac", "-c:a flac", 80},
                                           Coded{"b.m4a", "-c:a alac", 80}),
                         [](const auto& info) {
                           std::string name = info.param.file;
                           name[1] = '_';
                           return name;
                         });

// What the encoder put in front and behind is taken away: gapless.
TEST_P(Lossy, HasAsManySamplesAsItsSourceAndInPlace) {
  const FilmFolder folder;
  const Planes before = draw_sound(48000, 2, 50001);
  write_wav(folder / "in.wav", before, 48000, 16, 3);
  const std::string path = folder / GetParam().file;
  run_ffmpeg("-i " + folder / "in.wav" + " " + GetParam().arguments + " " + path);
  const WholeSound sound = read_sound(path);
  ASSERT_TRUE(sound.status.ok()) << sound.status.message();
  EXPECT_EQ(sound.num_source_samples, 50001u);
  EXPECT_EQ(sound.properties.format.bits_per_sample, 16);
  ASSERT_GE(sound.num_samples(), 50001u);
  EXPECT_GT(snr_db(before, sound.planes, 2000), GetParam().min_snr_db);
}

class LossyOutputs : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Extensions, LossyOutputs, ::testing::Values("mp3", "opus", "ogg", "m4a", "flac"));

TEST_P(LossyOutputs, ComeBackWithAllSamples) {
  const FilmFolder folder;
  for (const int rate : {8000, 44100, 48000}) {
    const Planes before = draw_sound(rate, 1, 50001);
    write_wav(folder / "a.wav", before, rate, 16, 4);
    const std::string path = folder / (std::string("b.") + GetParam());
    const Status status = pass_through(folder / "a.wav", path);
    ASSERT_TRUE(status.ok()) << status.message();
    const WholeSound sound = read_sound(path);
    ASSERT_TRUE(sound.status.ok()) << sound.status.message();
    const int coded_rate = sound.properties.format.sample_rate_hz;
    EXPECT_EQ(sound.num_source_samples, samples_at_rate(50001, rate, coded_rate)) << rate;
    const WholeSound expected = read_sound(folder / "a.wav");
    ASSERT_GE(sound.num_samples(), expected.num_samples());
    EXPECT_GT(snr_db(expected.planes, sound.planes, 3000), rate == 8000 ? 6 : 12) << rate;
  }
}

TEST(SoundFiles, APartBeginsAndEndsAtTheSample) {
  const FilmFolder folder;
  for (const int rate : {44100, 48000, 22051}) {
    const Planes whole = draw_sound(rate, 2, 200000);
    write_wav(folder / "a.wav", whole, rate, 32, 3);
    const auto reader = SoundReader::open(folder / "a.wav", {});
    ASSERT_TRUE(reader.ok());
    SoundFileWriteOptions options;
    options.path = folder / "part.wav";
    options.format = (*reader)->properties().format;
    options.first_sample = 100003;
    const auto writer = SoundFileWriter::create(options);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*reader)->seek(100003.0 / rate - 1.1).ok());
    for (auto item = (*reader)->read(); item.ok() && item->has_value(); item = (*reader)->read()) {
      ASSERT_TRUE((*writer)->write(std::get<AudioFrame>(**item)).ok());
    }
    ASSERT_TRUE((*writer)->finish(199990).ok());
    const WavFile part = read_wav(folder / "part.wav");
    ASSERT_EQ(part.planes[0].size(), 199990u - 100003u);
    Planes expected(2);
    for (size_t c = 0; c < 2; ++c) expected[c].assign(whole[c].begin() + 100003, whole[c].begin() + 199990);
    EXPECT_GT(snr_db(expected, part.planes, 500), 80) << rate;
    EXPECT_NEAR(part.planes[0][0], expected[0][0], 1e-3) << rate;
  }
}

TEST(SoundFiles, SeekGivesTheSamplesOfTheWhole) {
  const FilmFolder folder;
  write_wav(folder / "a.wav", draw_sound(44100, 1, 300000), 44100, 16, 4);
  run_ffmpeg("-i " + folder / "a.wav" + " -c:a libmp3lame -b:a 128k " + folder / "a.mp3");
  run_ffmpeg("-i " + folder / "a.wav" + " -c:a aac -b:a 128k " + folder / "a.m4a");
  run_ffmpeg("-i " + folder / "a.wav" + " " + folder / "a.flac");
  for (const char* name : {"a.wav", "a.flac", "a.mp3", "a.m4a"}) {
    const WholeSound whole = read_sound(folder / name);
    const double tolerance = std::string(name) == "a.m4a" ? 0.03 : 0.002;  // AAC's noise is drawn anew
    for (const bool reads_first : {false, true}) {
      const auto reader = SoundReader::open(folder / name, {});
      ASSERT_TRUE(reader.ok());
      if (reads_first) {
        ASSERT_TRUE((*reader)->read().ok());
      }
      for (const double seconds : {4.0, 0.0, 2.5, 0.01}) {
        ASSERT_TRUE((*reader)->seek(seconds).ok());
        const auto item = (*reader)->read();
        ASSERT_TRUE(item.ok() && item->has_value());
        const auto& frame = std::get<AudioFrame>(**item);
        ASSERT_EQ(frame.pts_samples, std::llround(seconds * kCodingRateHz)) << name;
        const size_t num_compared = std::min<size_t>(frame.num_samples(), 200);
        for (size_t i = 0; i < num_compared; ++i) {
          const float expected = whole.planes[0][static_cast<size_t>(frame.pts_samples) + i];
          ASSERT_NEAR(frame.channels[0][i], expected, tolerance) << name << " " << seconds;
        }
      }
    }
  }
}

TEST(SoundFiles, TagsAndCoverArtAreKeptWhereTheyCanBe) {
  const FilmFolder folder;
  run_ffmpeg("-f lavfi -i sine=440:d=1 -f lavfi -i testsrc2=s=64x64:d=0.04 -map 0 -map 1 -c:v png -disposition:v attached_pic"
             " -metadata title=Evening -metadata artist=Nobody " + folder / "a.flac");
  for (const char* name : {"b.flac", "b.mp3", "b.m4a", "b.ogg", "b.opus", "b.wav"}) {
    std::vector<std::string> warnings;
    const Status status = pass_through(folder / "a.flac", folder / name, &warnings);
    ASSERT_TRUE(status.ok()) << status.message();
    const std::string bytes = test::read_text(folder / name);
    EXPECT_NE(bytes.find("Evening"), std::string::npos) << name;
    EXPECT_NE(bytes.find("Nobody"), std::string::npos) << name;
    const bool has_cover = read_sound(folder / name).num_copied == 1;
    EXPECT_EQ(warnings.size(), has_cover ? 0u : 1u) << name;
    if (!warnings.empty()) {
      EXPECT_NE(warnings[0].find("cover art"), std::string::npos) << warnings[0];
    }
    const std::string extension = std::string(name).substr(2);
    EXPECT_EQ(has_cover, extension == "flac" || extension == "mp3" || extension == "m4a") << name;
  }
  // Ogg keeps tags with the stream; they are the file's all the same.
  ASSERT_TRUE(pass_through(folder / "b.ogg", folder / "c.flac").ok());
  EXPECT_NE(test::read_text(folder / "c.flac").find("Evening"), std::string::npos);
}

TEST(SoundFiles, TheFirstSoundStreamOfAFilmIsRead) {
  const FilmFolder folder;
  test::make_rich_film(folder, folder / "a.mp4");
  const WholeSound sound = read_sound(folder / "a.mp4");
  EXPECT_TRUE(sound.status.ok()) << sound.status.message();
  EXPECT_NEAR(static_cast<double>(sound.num_samples()) / kCodingRateHz, 2, 0.03);
  EXPECT_FALSE(SoundReader::is_sound(folder / "a.mp4"));
}

TEST(SoundFiles, RefusesMoreThanEightChannels) {
  const FilmFolder folder;
  write_wav(folder / "a.wav", draw_sound(48000, 9, 100), 48000, 16, 0);
  const Status status = read_sound(folder / "a.wav").status;
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("9 channels"), std::string::npos) << status.message();
}

TEST(SoundFiles, TellsSoundFromTheRest) {
  const FilmFolder folder;
  run_ffmpeg("-f lavfi -i sine=440:d=1 " + folder / "a.wav");
  run_ffmpeg("-f lavfi -i sine=440:d=1 -c:a aac " + folder / "a.mp4");
  run_ffmpeg("-f lavfi -i sine=440:d=1 -c:a libmp3lame " + folder / "a.mp3");
  run_ffmpeg(std::string(test::kPicture) + "-c:v mpeg4 " + folder / "film.avi");
  run_ffmpeg(std::string(test::kPicture) + "-frames:v 1 " + folder / "a.png");
  test::write_text(folder / "a.txt", "Once upon a time\n");
  test::write_text(folder / "list.m3u8", "#EXTM3U\n#EXTINF:2,\na.wav\n");
  test::write_text(folder / "empty", "");
  for (const char* name : {"a.wav", "a.mp4", "a.mp3"}) EXPECT_TRUE(SoundReader::is_sound(folder / name)) << name;
  for (const char* name : {"film.avi", "a.png", "a.txt", "list.m3u8", "empty", "absent"}) {
    EXPECT_FALSE(SoundReader::is_sound(folder / name)) << name;
    EXPECT_FALSE(SoundReader::open(folder / name, {}).ok()) << name;
  }
}

TEST(SoundFiles, PipesCarrySoundBothWays) {
  const FilmFolder folder;
  write_wav(folder / "a.wav", draw_sound(44100, 2, 30000), 44100, 16, 3);
  ASSERT_EQ(::mkfifo((folder / "in").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo((folder / "out").c_str(), 0600), 0);
  const pid_t child = fork();
  if (child == 0) {
    std::freopen((folder / "in").c_str(), "rb", stdin);
    std::freopen((folder / "out").c_str(), "wb", stdout);
    _exit(pass_through("-", "-").ok() ? 0 : 1);
  }
  std::thread feeding([&] { test::write_text(folder / "in", test::read_text(folder / "a.wav")); });
  const std::string out = test::read_text(folder / "out");
  feeding.join();
  int state = -1;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  EXPECT_EQ(state, 0);
  const WavFile wav = test::parse_wav(out);
  ASSERT_EQ(wav.planes.size(), 2u);
  EXPECT_EQ(wav.planes[0].size(), 30000u);
  EXPECT_GT(snr_db(read_wav(folder / "a.wav").planes, wav.planes, 500), 80);
}

TEST(SoundFiles, AnExistingFileStaysUntilFinished) {
  const FilmFolder folder;
  test::write_text(folder / "a.wav", "precious");
  {
    SoundFileWriteOptions options;
    options.path = folder / "a.wav";
    const auto writer = SoundFileWriter::create(options);
    ASSERT_TRUE(writer.ok());
    AudioFrame frame;
    frame.channels.assign(2, std::vector<float>(5000));
    ASSERT_TRUE((*writer)->write(frame).ok());
    EXPECT_EQ(test::read_text(folder / "a.wav"), "precious");
  }
  EXPECT_EQ(test::read_text(folder / "a.wav"), "precious");
  EXPECT_FALSE(std::filesystem::exists(folder / "a.wav.part"));
}

TEST(SoundFiles, FramesThatAreMissingAreSilence) {
  const FilmFolder folder;
  SoundFileWriteOptions options;
  options.path = folder / "a.wav";
  options.format.num_channels = 1;
  options.format.channel_mask = 4;
  const auto writer = SoundFileWriter::create(options);
  ASSERT_TRUE(writer.ok());
  AudioFrame frame;
  frame.channels = {std::vector<float>(1000, 0.5f)};
  ASSERT_TRUE((*writer)->write(frame).ok());
  frame.pts_samples = 5000;
  ASSERT_TRUE((*writer)->write(frame).ok());
  ASSERT_TRUE((*writer)->finish(200000).ok());
  const WavFile wav = read_wav(folder / "a.wav");
  ASSERT_EQ(wav.planes[0].size(), 200000u);
  for (const auto& [place, value] : {std::pair{500, 0.5}, {1500, 0.0}, {5500, 0.5}, {6001, 0.0}, {199999, 0.0}}) {
    EXPECT_NEAR(wav.planes[0][static_cast<size_t>(place)], value, 1e-4) << place;
  }
}

class Damaged : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Codecs, Damaged, ::testing::Values("wav", "flac", "mp3", "ogg", "opus", "m4a"));

TEST_P(Damaged, CutAndFlippedFilesNeverCrash) {
  const FilmFolder folder;
  write_wav(folder / "in.wav", draw_sound(44100, 2, 9000), 44100, 16, 3);
  const std::string path = folder / (std::string("a.") + GetParam());
  ASSERT_TRUE(pass_through(folder / "in.wav", path).ok());
  const std::string whole = test::read_text(path);
  for (size_t size = 0; size < whole.size(); size += whole.size() / 40 + 1) {
    test::write_text(path, whole.substr(0, size));
    const WholeSound sound = read_sound(path);
    EXPECT_EQ(sound.status.ok(), sound.status.message().empty());
    EXPECT_LE(sound.num_source_samples, 9000u + 4096u) << size;
  }
  for (size_t i = 0; i < whole.size(); i += whole.size() / 60 + 1) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    test::write_text(path, damaged);
    const WholeSound sound = read_sound(path);
    EXPECT_EQ(sound.status.ok(), sound.status.message().empty());
  }
}

}  // namespace
}  // namespace laconic
