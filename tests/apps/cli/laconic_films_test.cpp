// Films through the program. Tests that code with our video need video weights in data/weights and are skipped without.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "codec/media/film_reader.h"
#include "tests/apps/cli/run_program.h"

namespace laconic::cli {
namespace {

void run_ffmpeg(const std::string& arguments) {
  const std::string command = "ffmpeg -nostdin -v error -y " + arguments;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

bool has_video_weights() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(LACONIC_SOURCE_DIR) + "/data/weights", ignored)) {
    if (entry.path().filename().string().rfind("video-", 0) == 0) return true;
  }
  return false;
}

class LaconicFilms : public ::testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& arguments, const Surroundings& surroundings = {}) {
    Outcome outcome = run_laconic(arguments, surroundings);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome;
  }
  nlohmann::json json(const std::vector<std::string>& arguments) { return nlohmann::json::parse(run(arguments).out, nullptr, false); }
  void expect_error(const std::vector<std::string>& arguments, int exit_code, const std::string& part_of_sentence) {
    const Outcome outcome = run_laconic(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_NE(outcome.err.find(part_of_sentence), std::string::npos) << outcome.err;
  }
  // With sound, a key frame every 10 frames.
  std::string make_film(const std::string& name, double seconds = 2, const std::string& more = "") {
    run_ffmpeg("-f lavfi -i testsrc2=s=128x96:r=25:d=" + std::to_string(seconds) + " -f lavfi -i sine=440:d=" +
               std::to_string(seconds) + " -c:v libx264 -crf 18 -g 10 -c:a aac -metadata:s:a:0 language=fra " + more + " " +
               folder_ / name);
    return folder_ / name;
  }

  const TestFolder folder_;
};

class LaconicVideo : public LaconicFilms {
 protected:
  void SetUp() override {
    if (!has_video_weights()) GTEST_SKIP() << "no video weights in data/weights";
  }
};

TEST_F(LaconicFilms, InfoListsStreamsOfAnyFilm) {
  const auto info = json({"info", make_film("a.mp4"), "--json"});
  ASSERT_TRUE(info.is_object());
  EXPECT_EQ(info["video"]["num_frames"], 50);
  EXPECT_EQ(info["video"]["num_key_frames"], 5);
  EXPECT_EQ(info["video"]["is_laconic"], false);
  ASSERT_EQ(info["streams"].size(), 2u);
  EXPECT_EQ(info["streams"][1]["codec"], "aac");
  EXPECT_EQ(info["streams"][1]["language"], "fra");
  EXPECT_GT(info["streams"][0]["bits_per_second"].get<double>(), 1000);
  EXPECT_NE(run({"info", folder_ / "a.mp4"}).out.find("50, 5 of them key frames"), std::string::npos);
}

TEST_F(LaconicFilms, CompareFindsAFilmIdenticalToItself) {
  const std::string film = make_film("a.mp4");
  const auto same = json({"compare", film, film, "--json"});
  EXPECT_EQ(same["identical"], true);
  EXPECT_EQ(same["num_frames"], 50);
}

TEST_F(LaconicFilms, CompareMeasuresAKnownDifference) {
  run_ffmpeg("-f lavfi -i color=gray:s=64x48:r=25:d=0.4 -pix_fmt yuv420p -c:v ffv1 " + folder_ / "a.mkv");
  run_ffmpeg("-i " + folder_ / "a.mkv" + " -vf lutyuv=y=val+5 -c:v ffv1 " + folder_ / "b.mkv");
  const auto result = json({"compare", folder_ / "a.mkv", folder_ / "b.mkv", "--json", "--plot", folder_ / "plot.png"});
  EXPECT_NEAR(result["psnr_y_db"].get<double>(), 20 * std::log10(255 / 5.0), 1e-6);
  EXPECT_TRUE(result["psnr_cb_db"].is_null());
  EXPECT_EQ(read_picture_file(folder_ / "plot.png").width_px, 960);
}

TEST_F(LaconicFilms, CompareRefusesFilmsOfDifferentForm) {
  run_ffmpeg("-f lavfi -i testsrc2=s=64x48:d=0.2 -pix_fmt yuv420p -c:v ffv1 " + folder_ / "a.mkv");
  run_ffmpeg("-f lavfi -i testsrc2=s=64x48:d=0.2 -pix_fmt yuv444p -c:v ffv1 " + folder_ / "b.mkv");
  expect_error({"compare", folder_ / "a.mkv", folder_ / "b.mkv"}, 1, "differ in form");
}

TEST_F(LaconicFilms, OptionsOfPicturesAreRefusedByName) {
  const std::string film = make_film("a.mp4");
  expect_error({"encode", film, folder_ / "a.mov", "--size", "50k"}, 1, "--size");
  expect_error({"encode", film, folder_ / "a.mov", "--effort", "3"}, 1, "--effort");
  write_picture(draw_picture(32, 32), folder_ / "a.png");
  expect_error({"encode", folder_ / "a.png", folder_ / "a.lac", "--gop", "5"}, 1, "--gop");
  expect_error({"encode", film, folder_ / "a.mov", "--bitrate", "fast"}, 1, "fast");
  EXPECT_EQ(folder_.names(), std::vector<std::string>({"a.mp4", "a.png"}));
}

TEST_F(LaconicFilms, DecodeRefusesFilmsOfOthers) {
  expect_error({"decode", make_film("a.mp4"), folder_ / "b.mp4"}, 3, "h264");
}

TEST_F(LaconicFilms, AnAbsentFilmIsSaidToBeAbsent) {
  expect_error({"encode", folder_ / "none.mp4", folder_ / "a.mov"}, 2, "does not exist");
}

TEST_F(LaconicFilms, DamagedContainersGiveOneError) {
  const std::string whole = read_text(make_film("a.mp4"));
  write_text(folder_ / "b.mp4", whole.substr(0, 300));
  const Outcome outcome = run_laconic({"info", folder_ / "b.mp4"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(is_one_error_line(outcome.err)) << outcome.err;
}

TEST_F(LaconicVideo, FilmComesBackWithItsSound) {
  const std::string film = make_film("a.mp4");
  run({"encode", film, folder_ / "a.mov"});
  run({"decode", folder_ / "a.mov", folder_ / "back.mkv"});
  const auto info = json({"info", folder_ / "back.mkv", "--json"});
  EXPECT_EQ(info["video"]["num_frames"], 50);
  EXPECT_EQ(info["streams"].size(), 2u);
  EXPECT_EQ(info["streams"][1]["language"], "fra");
  EXPECT_GT(json({"compare", film, folder_ / "back.mkv", "--json"})["psnr_y_db"].get<double>(), 24);
  // The frames that compare decodes itself are those that decode wrote, lossless.
  EXPECT_EQ(json({"compare", folder_ / "a.mov", folder_ / "back.mkv", "--json"})["identical"], true);
}

TEST_F(LaconicVideo, InfoNamesModelsAndCountsKeyFrames) {
  run({"encode", make_film("a.mp4"), folder_ / "a.mov", "--gop", "10", "-q", "40"});
  const auto info = json({"info", folder_ / "a.mov", "--json", "--symbols"});
  EXPECT_EQ(info["video"]["is_laconic"], true);
  EXPECT_GE(info["video"]["num_key_frames"].get<int>(), 5);
  EXPECT_EQ(info["video"]["model_id"].get<std::string>().size(), 16u);
  EXPECT_EQ(info["symbol_hash"].get<std::string>().size(), 16u);
}

TEST_F(LaconicVideo, AnyContainerHoldsTheSameFrames) {
  const std::string film = make_film("a.mp4", 0.6);
  std::string hash;
  for (const char* name : {"a.mov", "a.mkv", "a.nut"}) {
    run({"encode", film, folder_ / name});
    const auto found = json({"info", folder_ / name, "--json", "--symbols"})["symbol_hash"].get<std::string>();
    EXPECT_EQ(hash.empty() ? found : hash, found) << name;
    hash = found;
  }
}

TEST_F(LaconicVideo, DecodingAPartGivesTheFramesOfTheWhole) {
  run({"encode", make_film("a.mp4"), folder_ / "a.mov", "--gop", "10"});
  run({"decode", folder_ / "a.mov", folder_ / "whole.mkv"});
  run({"decode", folder_ / "a.mov", folder_ / "part.mkv", "--from", "1", "--to", "0:01.6"});
  run_ffmpeg("-i " + folder_ / "whole.mkv" + " -an -vf trim=start_frame=25:end_frame=40,setpts=PTS-STARTPTS -c:v ffv1 " + folder_ / "cut.mkv");
  const auto result = json({"compare", folder_ / "cut.mkv", folder_ / "part.mkv", "--json"});
  EXPECT_EQ(result["identical"], true);
  EXPECT_EQ(result["num_frames"], 15);
}

TEST_F(LaconicVideo, PipesCarryFilmsBothWays) {
  const std::string film = make_film("a.mp4", 0.4);
  const Outcome coded = run({"encode", film, folder_ / "a.nut"});
  Surroundings pipe;
  pipe.input = read_text(folder_ / "a.nut");
  const Outcome raw = run({"decode", "-", "-"}, pipe);
  EXPECT_EQ(raw.out.substr(0, 24), "nut/multimedia container");
  write_text(folder_ / "raw.nut", raw.out);
  EXPECT_EQ(json({"compare", folder_ / "a.nut", folder_ / "raw.nut", "--json"})["identical"], true);
}

TEST_F(LaconicVideo, BitRateIsMetWithinALimit) {
  const std::string film = make_film("a.mp4", 4);
  run({"encode", film, folder_ / "q.mov"});
  const double free_rate = json({"info", folder_ / "q.mov", "--json"})["streams"][0]["bits_per_second"].get<double>();
  run({"encode", film, folder_ / "b.mov", "--bitrate", std::to_string(static_cast<int>(free_rate * 0.7))});
  const double rate = json({"info", folder_ / "b.mov", "--json"})["streams"][0]["bits_per_second"].get<double>();
  EXPECT_NEAR(rate / (free_rate * 0.7), 1, 0.15);
}

TEST_F(LaconicVideo, RefusesMp4AsAContainerOfOurs) {
  expect_error({"encode", make_film("a.mp4", 0.4), folder_ / "b.mp4"}, 5, ".mov");
}

TEST_F(LaconicVideo, InterruptFinishesAFileThatPlays) {
  const std::string film = make_film("a.mp4", 60);
  Surroundings surroundings;
  surroundings.interrupt_after_ms = 6000;
  const Outcome outcome = run_laconic({"encode", film, folder_ / "a.mov"}, surroundings);
  ASSERT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
  if (outcome.err.find("plays") == std::string::npos) GTEST_SKIP() << "interrupted before the first frame was coded";
  const auto info = json({"info", folder_ / "a.mov", "--json"});
  EXPECT_GT(info["video"]["num_frames"].get<int>(), 0);
}

TEST_F(LaconicVideo, OddSizesNameAContainerThatHoldsThem) {
  run_ffmpeg("-f lavfi -i testsrc2=s=36x28:r=10:d=0.2 -vf scale=35:27 -pix_fmt yuv420p -c:v ffv1 " + folder_ / "odd.mkv");
  run({"encode", folder_ / "odd.mkv", folder_ / "a.mov"});
  expect_error({"decode", folder_ / "a.mov", folder_ / "b.mp4"}, 5, ".mkv");
  run({"decode", folder_ / "a.mov", folder_ / "b.mkv"});
}

// The times of a fragment: no packet's check sees them.
TEST_F(LaconicVideo, DamageOutsideOfPacketsIsAnErrorOrConcealed) {
  run({"encode", make_film("a.mp4", 1), folder_ / "a.mov", "--gop", "10", "--audio", "copy"});
  std::string bytes = read_text(folder_ / "a.mov");
  bytes[bytes.rfind("tfdt")] ^= 4;
  write_text(folder_ / "a.mov", bytes);
  const Outcome strict = run_laconic({"decode", folder_ / "a.mov", folder_ / "b.mkv"});
  EXPECT_EQ(strict.exit_code, 3);
  EXPECT_NE(strict.err.find("--conceal"), std::string::npos) << strict.err;
  const Outcome concealed = run({"decode", folder_ / "a.mov", folder_ / "b.mkv", "--conceal"});
  EXPECT_NE(concealed.err.find("the container is damaged"), std::string::npos) << concealed.err;
  const Outcome listed = run({"info", folder_ / "a.mov"});
  EXPECT_NE(listed.err.find("the container is damaged"), std::string::npos) << listed.err;
}

TEST_F(LaconicVideo, TruncatedFilmDecodesUpToTheCut) {
  run({"encode", make_film("a.mp4"), folder_ / "a.mov", "--gop", "10"});
  const std::string whole = read_text(folder_ / "a.mov");
  // Within the last fragment's packets, and within the index before them.
  const size_t last_index = whole.rfind("moof");
  ASSERT_NE(last_index, std::string::npos);
  for (const size_t size : {last_index + 2500, last_index + 20}) {
    SCOPED_TRACE(size);
    write_text(folder_ / "cut.mov", whole.substr(0, size));
    run_laconic({"decode", folder_ / "cut.mov", folder_ / "cut.mkv"});
    const auto result = json({"compare", folder_ / "a.mov", folder_ / "cut.mkv", "--json"});
    EXPECT_TRUE(result["psnr_y_db"].is_null());  // equal as far as it goes
    EXPECT_GE(result["num_frames"].get<int>(), 40);
  }
}

}  // namespace
}  // namespace laconic::cli
