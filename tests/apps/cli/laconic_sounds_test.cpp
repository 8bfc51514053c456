// Sound through the program. Tests that code with our own codec need sound weights in data/weights, or in the folder that
// $LACONIC_TEST_WEIGHTS names, and are skipped without.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/cli/film_kind.h"
#include "tests/apps/cli/run_program.h"
#include "tests/media/sound_clips.h"

namespace laconic::cli {
namespace {

using test::draw_sound;
using test::Planes;
using test::read_wav;
using test::run_ffmpeg;
using test::write_wav;

std::string weights_folder() {
  const char* named = std::getenv("LACONIC_TEST_WEIGHTS");
  return named != nullptr ? named : std::string(LACONIC_SOURCE_DIR) + "/data/weights";
}

bool has_weights_for(const std::string& kind) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(weights_folder(), ignored)) {
    if (entry.path().filename().string().rfind(kind + "-", 0) == 0) return true;
  }
  return false;
}

// So many samples does `other` come later.
int lag_between(const std::vector<float>& reference, const std::vector<float>& other) {
  constexpr int kMaxLag = 200;
  double best = -1e9;
  int best_lag = 0;
  for (int lag = -kMaxLag; lag <= kMaxLag; ++lag) {
    double sum = 0;
    for (int i = 1000; i + 1000 < static_cast<int>(std::min(reference.size(), other.size())); ++i) {
      sum += static_cast<double>(reference[static_cast<size_t>(i)]) * other[static_cast<size_t>(i + lag)];
    }
    if (sum > best) {
      best = sum;
      best_lag = lag;
    }
  }
  return best_lag;
}

class LaconicSounds : public ::testing::Test {
 protected:
  Outcome run_with_weights(const std::vector<std::string>& arguments, Surroundings surroundings = {}) {
    surroundings.environment["LACONIC_MODEL"] = weights_folder();
    return run_laconic(arguments, surroundings);
  }
  Outcome run(const std::vector<std::string>& arguments, const Surroundings& surroundings = {}) {
    Outcome outcome = run_with_weights(arguments, surroundings);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome;
  }
  nlohmann::json json(const std::vector<std::string>& arguments) {
    return nlohmann::json::parse(run(arguments).out, nullptr, false);
  }
  void expect_error(const std::vector<std::string>& arguments, int exit_code, const std::string& part_of_sentence) {
    const Outcome outcome = run_with_weights(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_NE(outcome.err.find(part_of_sentence), std::string::npos) << outcome.err;
  }
  std::string make_sound(const std::string& name, size_t num_samples, int rate_hz = 44100, int num_channels = 2) {
    write_wav(folder_ / name, draw_sound(rate_hz, num_channels, num_samples), rate_hz, 16, num_channels == 1 ? 4 : 3);
    return folder_ / name;
  }

  const TestFolder folder_;
};

class LaconicAudio : public LaconicSounds {
 protected:
  void SetUp() override {
    if (!has_weights_for("audio")) GTEST_SKIP() << "no sound weights in data/weights";
  }
};

class LaconicFilmSound : public LaconicAudio {
 protected:
  void SetUp() override {
    if (!has_weights_for("audio") || !has_weights_for("video")) GTEST_SKIP() << "no weights for films with sound in data/weights";
  }
};

TEST_F(LaconicSounds, KindIsFoundByContent) {
  const std::string wav = make_sound("a.wav", 5000);
  run_ffmpeg("-i " + wav + " " + folder_ / "a.m4a");
  run_ffmpeg("-i " + wav + " -c:a libvorbis " + folder_ / "a.ogg");
  run_ffmpeg("-i " + wav + " -c:a flac " + folder_ / "a.mkv");
  run_ffmpeg("-f lavfi -i testsrc2=s=64x48:d=0.2 -i " + wav + " -c:v mpeg4 " + folder_ / "film.mp4");
  run_ffmpeg("-i " + wav + " -f lavfi -i testsrc2=s=64x48:d=0.04 -map 0 -map 1 -c:v png -disposition:v attached_pic " +
             folder_ / "cover.flac");
  for (const char* name : {"a.wav", "a.m4a", "a.ogg", "a.mkv", "cover.flac"}) {
    EXPECT_TRUE(is_sound_input(folder_ / name, false)) << name;
    EXPECT_FALSE(is_film_input(folder_ / name, true)) << name;
  }
  EXPECT_FALSE(is_sound_input(folder_ / "film.mp4", true));
  EXPECT_TRUE(is_film_input(folder_ / "film.mp4", false));
  // What is not there goes the way that its name or the output's suggests, and the reader there says so.
  EXPECT_TRUE(is_sound_input(folder_ / "absent.wav", true));
  EXPECT_FALSE(is_sound_input(folder_ / "absent.wav", false));
}

TEST_F(LaconicSounds, InfoListsAnySound) {
  const auto info = json({"info", make_sound("a.wav", 44100), "--json"});
  ASSERT_TRUE(info.is_object());
  EXPECT_EQ(info["sound"]["is_laconic"], false);
  EXPECT_EQ(info["sound"]["codec"], "pcm_s16le");
  EXPECT_EQ(info["sound"]["sample_rate_hz"], 44100);
  EXPECT_NEAR(info["duration_seconds"].get<double>(), 1, 1e-6);
}

TEST_F(LaconicSounds, OptionsOfOthersAreRefusedByName) {
  const std::string wav = make_sound("a.wav", 5000);
  expect_error({"encode", wav, folder_ / "a.mov", "--size", "50k"}, 1, "--size");
  expect_error({"encode", wav, folder_ / "a.mov", "--gop", "5"}, 1, "--gop");
  expect_error({"decode", wav, folder_ / "b.wav", "--region", "0,0,1,1"}, 1, "--region");
  expect_error({"decode", wav, folder_ / "b.png"}, 1, ".wav");
  expect_error({"decode", wav, folder_ / "b.wav"}, 3, "pcm_s16le");
  EXPECT_EQ(folder_.names(), std::vector<std::string>({"a.wav"}));
}

TEST_F(LaconicSounds, DamagedFilesGiveOneError) {
  write_text(folder_ / "a.wav", read_text(make_sound("b.wav", 5000)).substr(0, 30));
  const Outcome outcome = run_laconic({"info", folder_ / "a.wav"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(is_one_error_line(outcome.err)) << outcome.err;
}

TEST_F(LaconicAudio, AnyLengthAndRateComesBackToTheSample) {
  for (const int rate : {8000, 22050, 44100, 48000, 96000}) {
    for (const size_t num_samples : {size_t{1}, size_t{1025}, size_t{50001}}) {
      const std::string wav = make_sound("a.wav", num_samples, rate, rate == 8000 ? 1 : 2);
      run({"encode", wav, folder_ / "a.mov"});
      run({"decode", folder_ / "a.mov", folder_ / "b.wav"});
      const auto before = read_wav(wav), after = read_wav(folder_ / "b.wav");
      ASSERT_EQ(after.planes.size(), before.planes.size());
      EXPECT_EQ(after.planes[0].size(), num_samples) << rate;
      EXPECT_EQ(after.rate_hz, rate);
      EXPECT_EQ(after.bits, 16);
    }
  }
}

// A codec that loses something still puts everything where it was.
TEST_F(LaconicAudio, DecodedSoundIsInPlace) {
  const std::string wav = make_sound("a.wav", 150000);
  run({"encode", wav, folder_ / "a.mov", "-q", "90"});
  run({"decode", folder_ / "a.mov", folder_ / "b.wav"});
  EXPECT_EQ(lag_between(read_wav(wav).planes[0], read_wav(folder_ / "b.wav").planes[0]), 0);
}

TEST_F(LaconicAudio, HalvesAddUpExactly) {
  const Planes whole = draw_sound(44100, 2, 100001);
  Planes first = whole, second = whole;
  for (auto& plane : first) plane.resize(33333);
  for (auto& plane : second) plane.erase(plane.begin(), plane.begin() + 33333);
  write_wav(folder_ / "a.wav", first, 44100, 16, 3);
  write_wav(folder_ / "b.wav", second, 44100, 16, 3);
  run({"encode", folder_ / "a.wav", folder_ / "b.wav", "--out-dir", folder_ / "coded"});
  run({"decode", folder_ / "coded/a.mov", folder_ / "coded/b.mov", "--out-dir", folder_ / "back"});
  EXPECT_EQ(read_wav(folder_ / "back/a.wav").planes[0].size() + read_wav(folder_ / "back/b.wav").planes[0].size(), 100001u);
}

TEST_F(LaconicAudio, DecodingAPartGivesTheSamplesOfTheWhole) {
  for (const int rate : {44100, 48000}) {
    const std::string wav = make_sound("a.wav", static_cast<size_t>(rate) * 7, rate);
    run({"encode", wav, folder_ / "a.mov"});
    run({"decode", folder_ / "a.mov", folder_ / "whole.wav"});
    run({"decode", folder_ / "a.mov", folder_ / "part.wav", "--from", "5.2501", "--to", "0:06.4"});
    const auto begin = std::lround(5.2501 * rate), end = std::lround(6.4 * rate);
    const Planes whole = read_wav(folder_ / "whole.wav").planes, part = read_wav(folder_ / "part.wav").planes;
    ASSERT_EQ(part[0].size(), static_cast<size_t>(end - begin));
    // Where the cut is not at the end of the sound, the resampler lacks what would follow.
    for (size_t i = 0; i + 100 < part[0].size(); ++i) {
      ASSERT_NEAR(part[0][i], whole[0][static_cast<size_t>(begin) + i], 1.01 / 32768) << i;
    }
  }
  expect_error({"decode", folder_ / "a.mov", folder_ / "none.wav", "--from", "8"}, 1, "behind the end");
}

TEST_F(LaconicAudio, PipesCarrySoundBothWays) {
  Surroundings wav;
  wav.input = read_text(make_sound("a.wav", 30000));
  Surroundings coded;
  coded.input = run({"encode", "-", "-"}, wav).out;
  EXPECT_EQ(coded.input.substr(0, 24), "nut/multimedia container");
  const auto back = test::parse_wav(run({"decode", "-", "-"}, coded).out);
  ASSERT_EQ(back.planes.size(), 2u);
  EXPECT_EQ(back.planes[0].size(), 30000u);
  run({"encode", folder_ / "a.wav", folder_ / "a.mov"});
  Surroundings quicktime;
  quicktime.input = read_text(folder_ / "a.mov");
  run({"decode", "-", folder_ / "b.flac"}, quicktime);
  EXPECT_EQ(json({"info", folder_ / "b.flac", "--json"})["sound"]["codec"], "flac");
}

TEST_F(LaconicAudio, InfoCountsPacketsAndHashesSymbols) {
  const std::string wav = make_sound("a.wav", 300000);
  run({"encode", wav, folder_ / "a.mov"});
  run({"encode", wav, folder_ / "a.nut"});
  const auto info = json({"info", folder_ / "a.mov", "--json", "--symbols"});
  EXPECT_EQ(info["sound"]["is_laconic"], true);
  EXPECT_EQ(info["sound"]["num_samples"], 300000);
  const int64_t num_packets = (300000LL * 48000 / 44100 + kAudioPacketSamples) / kAudioPacketSamples + 1;
  EXPECT_NEAR(info["sound"]["num_packets"].get<double>(), static_cast<double>(num_packets), 1);
  EXPECT_GE(info["sound"]["num_key_packets"].get<int>(), 3);
  EXPECT_LT(info["sound"]["num_key_packets"].get<int>(), 20);
  EXPECT_EQ(info["sound"]["model_id"].get<std::string>().size(), 16u);
  EXPECT_EQ(info["symbol_hash"].get<std::string>().size(), 16u);
  EXPECT_EQ(json({"info", folder_ / "a.nut", "--json", "--symbols"})["symbol_hash"], info["symbol_hash"]);
}

TEST_F(LaconicAudio, FfmpegCopyKeepsTheSound) {
  run({"encode", make_sound("a.wav", 100000), folder_ / "a.mov"});
  run({"decode", folder_ / "a.mov", folder_ / "a-back.wav"});
  for (const char* name : {"copy.mov", "copy.nut"}) {
    run_ffmpeg("-i " + folder_ / "a.mov" + " -c copy " + folder_ / name);
    run({"decode", folder_ / name, folder_ / "copy-back.wav"});
    EXPECT_EQ(read_wav(folder_ / "copy-back.wav").planes, read_wav(folder_ / "a-back.wav").planes) << name;
  }
}

// What is left of the sound begins at the first key packet that is left, and its end is still where it was.
TEST_F(LaconicAudio, ASoundThatWasCutInFrontStillDecodes) {
  run({"encode", make_sound("a.wav", 480000, 48000), folder_ / "a.mov"});
  run({"decode", folder_ / "a.mov", folder_ / "whole.wav"});
  run_ffmpeg("-ss 5 -i " + folder_ / "a.mov" + " -c copy " + folder_ / "cut.mov");
  run({"decode", folder_ / "cut.mov", folder_ / "cut.wav"});
  const Planes whole = read_wav(folder_ / "whole.wav").planes, cut = read_wav(folder_ / "cut.wav").planes;
  ASSERT_GT(cut[0].size(), 100000u);
  ASSERT_LT(cut[0].size(), 300000u);
  const size_t num_lost = whole[0].size() - cut[0].size();
  for (size_t i = 0; i < cut[0].size(); ++i) ASSERT_NEAR(cut[0][i], whole[0][num_lost + i], 1.01 / 32768) << i;
}

TEST_F(LaconicAudio, InterruptFinishesAFileThatPlays) {
  run_ffmpeg("-f lavfi -i anoisesrc=d=1200:r=48000:a=0.3 " + folder_ / "a.wav");
  Surroundings surroundings;
  surroundings.interrupt_after_ms = 4000;
  const Outcome outcome = run_with_weights({"encode", folder_ / "a.wav", folder_ / "a.mov"}, surroundings);
  ASSERT_EQ(outcome.exit_code, 130) << outcome.err;
  if (outcome.err.find("plays") == std::string::npos) GTEST_SKIP() << "interrupted before the first packet was coded";
  run({"decode", folder_ / "a.mov", folder_ / "b.wav"});
  EXPECT_EQ(json({"info", folder_ / "a.mov", "--json"})["sound"]["num_samples"], read_wav(folder_ / "b.wav").planes[0].size());
}

TEST_F(LaconicAudio, TruncatedSoundDecodesUpToTheCut) {
  run({"encode", make_sound("a.wav", 400000), folder_ / "a.nut"});
  run({"decode", folder_ / "a.nut", folder_ / "whole.wav"});
  const std::string whole = read_text(folder_ / "a.nut");
  write_text(folder_ / "cut.nut", whole.substr(0, whole.size() * 6 / 10));
  run_with_weights({"decode", folder_ / "cut.nut", folder_ / "cut.wav"});
  const Planes expected = read_wav(folder_ / "whole.wav").planes, found = read_wav(folder_ / "cut.wav").planes;
  ASSERT_FALSE(found.empty());
  ASSERT_GT(found[0].size(), 100000u);
  ASSERT_LT(found[0].size(), 400000u);
  for (size_t i = 0; i + 100 < found[0].size(); ++i) ASSERT_NEAR(found[0][i], expected[0][i], 1.01 / 32768) << i;
}

TEST_F(LaconicFilmSound, ComesBackWhereItWasAgainstThePicture) {
  // A click a second, and nothing else.
  run_ffmpeg("-f lavfi -i testsrc2=s=64x48:r=5:d=4 -f lavfi -i"
             " \"aevalsrc=if(lt(mod(t\\,1)\\,0.02)\\,0.7*sin(2*PI*1000*t)\\,0):s=44100:d=4\" -c:v libx264 -g 25 -c:a flac -strict -2 -metadata:s:a:0 language=fra " + folder_ / "a.mp4");
  run({"encode", folder_ / "a.mp4", folder_ / "a.mov", "--audio", "laconic", "-q", "90"});
  const auto streams = json({"info", folder_ / "a.mov", "--json"})["streams"];
  ASSERT_EQ(streams.size(), 2u);
  EXPECT_EQ(streams[1]["codec"], "LACA");
  for (const char* name : {"a.mkv", "b.mp4", "b.mov", "b.nut"}) {
    run({"decode", folder_ / "a.mov", folder_ / name});
    EXPECT_EQ(json({"info", folder_ / name, "--json"})["streams"][1]["language"], "fra") << name;
    run_ffmpeg("-i " + folder_ / name + " -c:a pcm_s16le " + folder_ / "sound.wav");
    run_ffmpeg("-i " + folder_ / "a.mp4" + " -c:a pcm_s16le " + folder_ / "reference.wav");
    const Planes found = read_wav(folder_ / "sound.wav").planes, expected = read_wav(folder_ / "reference.wav").planes;
    ASSERT_FALSE(found.empty() || expected.empty());
    EXPECT_TRUE(found[0].size() == expected[0].size() || std::string(name) == "b.mp4") << name;  // whole frames of AAC
    EXPECT_LT(std::abs(lag_between(expected[0], found[0])), 44) << name;  // 1 ms
  }
}

TEST_F(LaconicFilmSound, MatroskaIsRefusedWithAdvice) {
  run_ffmpeg("-f lavfi -i testsrc2=s=64x48:r=25:d=0.4 -f lavfi -i sine=440:d=0.4 -c:v libx264 -c:a aac " + folder_ / "a.mp4");
  expect_error({"encode", folder_ / "a.mp4", folder_ / "a.mkv", "--audio", "laconic"}, 5, ".mov");
}

}  // namespace
}  // namespace laconic::cli
