// Pictures through the program, there and back. Needs weights in data/weights.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/apps/cli/run_program.h"

namespace laconic::cli {
namespace {

class LaconicPictures : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_weights()) GTEST_SKIP() << "no weights in data/weights";
  }

  // Runs the program, which must succeed.
  Outcome run(const std::vector<std::string>& arguments, const Surroundings& surroundings = {}) {
    Outcome outcome = run_laconic(arguments, surroundings);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome;
  }
  std::string draw(const std::string& name, int width_px, int height_px) {
    write_picture(draw_picture(width_px, height_px), folder_ / name);
    return folder_ / name;
  }
  double psnr_db(const std::string& reference, const std::string& distorted) {
    const auto json = nlohmann::json::parse(run({"compare", reference, distorted, "--json"}).out, nullptr, false);
    EXPECT_TRUE(json.is_object());
    return json.is_object() && json["psnr_db"].is_number() ? json["psnr_db"].get<double>() : 0;
  }

  const TestFolder folder_;
};

size_t size_of(const std::string& path) { return read_text(path).size(); }

// Largest difference of any sample; 256 if the pictures differ in shape.
int largest_difference(const Image& a, const Image& b) {
  if (a.width_px != b.width_px || a.height_px != b.height_px || a.samples.size() != b.samples.size()) return 256;
  int largest = 0;
  for (size_t i = 0; i < a.samples.size(); ++i) largest = std::max(largest, std::abs(a.samples[i] - b.samples[i]));
  return largest;
}

Image crop(const Image& image, const Rect& rect) {
  Image out = image;
  out.width_px = rect.width;
  out.height_px = rect.height;
  out.samples.clear();
  for (int y = rect.y; y < rect.y + rect.height; ++y) {
    const auto row = image.samples.begin() + static_cast<ptrdiff_t>(y * image.row_bytes());
    out.samples.insert(out.samples.end(), row + rect.x * image.num_channels,
                       row + (rect.x + rect.width) * image.num_channels);
  }
  return out;
}

TEST_F(LaconicPictures, ComeBackAboutAsTheyWere) {
  const std::string picture = draw("a.png", 300, 200);
  const Outcome outcome = run({"encode", picture, folder_ / "a.lac"});
  EXPECT_NE(outcome.err.find("300x200, "), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  run({"decode", folder_ / "a.lac", folder_ / "back.png"});
  EXPECT_GT(psnr_db(picture, folder_ / "back.png"), 25);
  EXPECT_NEAR(psnr_db(picture, folder_ / "a.lac"), psnr_db(picture, folder_ / "back.png"), 0.01);
}

TEST_F(LaconicPictures, SinglePixelComesBack) {
  const std::string picture = draw("a.png", 1, 1);
  run({"encode", picture, folder_ / "a.lac", "-q", "100"});
  run({"decode", folder_ / "a.lac", folder_ / "back.png"});
  const Image back = read_picture_file(folder_ / "back.png");
  EXPECT_EQ(back.width_px, 1);
  EXPECT_EQ(back.height_px, 1);
}

TEST_F(LaconicPictures, MoreQualityTakesMoreBytesAndIsNearer) {
  const std::string picture = draw("a.png", 300, 200);
  size_t bytes_before = 0;
  double psnr_before = 0;
  for (const char* quality : {"0", "25", "50", "75", "100"}) {
    run({"encode", picture, folder_ / "a.lac", "-q", quality, "--quiet"});
    const double psnr_now = psnr_db(picture, folder_ / "a.lac");
    EXPECT_GT(size_of(folder_ / "a.lac"), bytes_before) << quality;
    EXPECT_GT(psnr_now, psnr_before) << quality;
    bytes_before = size_of(folder_ / "a.lac");
    psnr_before = psnr_now;
  }
}

TEST_F(LaconicPictures, SizeIsMetFromBelow) {
  const std::string picture = draw("a.png", 400, 300);
  run({"encode", picture, folder_ / "low.lac", "-q", "20"});
  run({"encode", picture, folder_ / "high.lac", "-q", "90"});
  const double low = static_cast<double>(size_of(folder_ / "low.lac"));
  const double high = static_cast<double>(size_of(folder_ / "high.lac"));
  for (const double part : {0.2, 0.5, 0.8}) {
    const auto target = static_cast<size_t>(low + part * (high - low));
    run({"encode", picture, folder_ / "a.lac", "--size", std::to_string(target)});
    EXPECT_LE(size_of(folder_ / "a.lac"), target);
    EXPECT_GE(size_of(folder_ / "a.lac"), 0.97 * static_cast<double>(target));
  }
}

TEST_F(LaconicPictures, RateIsMetFromBelow) {
  const std::string picture = draw("a.png", 400, 300);
  run({"encode", picture, folder_ / "q.lac", "-q", "50"});
  const double bpp = 8.0 * static_cast<double>(size_of(folder_ / "q.lac")) / (400 * 300);
  run({"encode", picture, folder_ / "a.lac", "--bpp", std::to_string(bpp)});
  const double found = 8.0 * static_cast<double>(size_of(folder_ / "a.lac")) / (400 * 300);
  EXPECT_LE(found, bpp + 1e-6);
  EXPECT_GE(found, 0.97 * bpp);
}

TEST_F(LaconicPictures, SizeAboveTheLargestWarnsAndSucceeds) {
  const std::string picture = draw("a.png", 64, 48);
  const Outcome outcome = run({"encode", picture, folder_ / "a.lac", "--size", "10M"});
  EXPECT_NE(outcome.err.find("warning: quality 100"), std::string::npos) << outcome.err;
}

TEST_F(LaconicPictures, PsnrIsMetFromAboveAndTightly) {
  const std::string picture = draw("a.png", 200, 150);
  run({"encode", picture, folder_ / "q.lac", "-q", "40"});
  const double target = psnr_db(picture, folder_ / "q.lac");
  run({"encode", picture, folder_ / "a.lac", "--psnr", std::to_string(target - 0.001)});
  const double found = psnr_db(picture, folder_ / "a.lac");
  EXPECT_GE(found, target - 0.002);
  EXPECT_LE(found, target + 0.2);
}

TEST_F(LaconicPictures, GoThroughPipes) {
  const std::string picture = draw("a.png", 120, 80);
  const Outcome encoded = run({"encode", "-", "-", "--quiet"}, {read_text(picture), {}});
  EXPECT_EQ(encoded.err, "");
  run({"encode", picture, folder_ / "a.lac"});
  EXPECT_EQ(encoded.out, read_text(folder_ / "a.lac"));
  const Outcome decoded = run({"decode", "-", "-", "--format", "png"}, {encoded.out, {}});
  run({"decode", folder_ / "a.lac", folder_ / "back.png"});
  EXPECT_EQ(decoded.out, read_text(folder_ / "back.png"));
}

TEST_F(LaconicPictures, OneBrokenInputDoesNotStopTheOthers) {
  const std::string first = draw("first.png", 40, 30), last = draw("last.png", 30, 40);
  write_text(folder_ / "broken.png", "not a picture");
  const std::string out = folder_ / "new/folder";
  const Outcome outcome = run_laconic({"encode", first, folder_ / "broken.png", last, "--out-dir", out});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("3 files: 2 done, 1 failed"), std::string::npos) << outcome.err;
  EXPECT_GT(size_of(out + "/first.lac"), 0u);
  EXPECT_GT(size_of(out + "/last.lac"), 0u);
  EXPECT_FALSE(std::filesystem::exists(out + "/broken.lac"));

  run({"decode", out + "/first.lac", out + "/last.lac", "--out-dir", out, "--format", "ppm"});
  EXPECT_EQ(read_picture_file(out + "/first.ppm").width_px, 40);
  EXPECT_EQ(read_picture_file(out + "/last.ppm").width_px, 30);
}

TEST_F(LaconicPictures, RegionEqualsTheSamePartOfTheWhole) {
  const std::string picture = draw("a.png", 700, 600);  // four superblocks
  run({"encode", picture, folder_ / "a.lac"});
  run({"decode", folder_ / "a.lac", folder_ / "whole.png"});
  const Image whole = read_picture_file(folder_ / "whole.png");
  for (const Rect& rect : {Rect{0, 0, 700, 600}, Rect{500, 490, 40, 50}, Rect{699, 599, 1, 1}, Rect{13, 7, 100, 33}}) {
    const std::string text = std::to_string(rect.x) + "," + std::to_string(rect.y) + "," + std::to_string(rect.width) +
                             "," + std::to_string(rect.height);
    run({"decode", folder_ / "a.lac", folder_ / "part.png", "--region", text});
    EXPECT_LE(largest_difference(read_picture_file(folder_ / "part.png"), crop(whole, rect)), 1) << text;
  }
  const Outcome outside = run_laconic({"decode", folder_ / "a.lac", folder_ / "no.png", "--region", "690,0,11,1"});
  EXPECT_EQ(outside.exit_code, 1) << outside.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "no.png"));
}

TEST_F(LaconicPictures, CutAndFlippedStreamsLeaveNoOutput) {
  const std::string picture = draw("a.png", 100, 70);
  run({"encode", picture, folder_ / "a.lac"});
  const std::string whole = read_text(folder_ / "a.lac");
  for (const size_t size : {whole.size() - 1, whole.size() / 2, size_t{30}}) {
    write_text(folder_ / "bad.lac", whole.substr(0, size));
    const Outcome outcome = run_laconic({"decode", folder_ / "bad.lac", folder_ / "bad.png"});
    EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
    EXPECT_TRUE(is_one_error_line(outcome.err)) << outcome.err;
  }
  std::string flipped = whole;
  flipped[whole.size() * 3 / 4] ^= 0x10;
  write_text(folder_ / "bad.lac", flipped);
  EXPECT_EQ(run_laconic({"decode", folder_ / "bad.lac", folder_ / "bad.png"}).exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "bad.png"));
}

TEST_F(LaconicPictures, SymbolHashIsTheSameForOneAndTwoThreads) {
  const std::string picture = draw("a.png", 600, 100);
  run({"encode", picture, folder_ / "a.lac"});
  const auto hash = [&](const char* threads) {
    const auto json = nlohmann::json::parse(
        run({"info", folder_ / "a.lac", "--json", "--symbols", "--threads", threads}).out, nullptr, false);
    return json.is_object() ? json["symbol_hash"].get<std::string>() : "";
  };
  EXPECT_EQ(hash("1").size(), 16u);
  EXPECT_EQ(hash("1"), hash("2"));
}

TEST_F(LaconicPictures, VerboseShowsTheStages) {
  const std::string picture = draw("a.png", 64, 64);
  const Outcome outcome = run({"encode", picture, folder_ / "a.lac", "--verbose"});
  for (const char* stage : {"loading weights", "reading", "writing", "sum"}) {
    EXPECT_NE(outcome.err.find(stage), std::string::npos) << outcome.err;
  }
}

TEST_F(LaconicPictures, QuietSaysNothing) {
  const std::string picture = draw("a.png", 64, 64);
  EXPECT_EQ(run({"encode", picture, folder_ / "a.lac", "--quiet"}).err, "");
  EXPECT_EQ(run({"decode", folder_ / "a.lac", folder_ / "b.png", "--quiet"}).err, "");
}

TEST_F(LaconicPictures, ComparedWithThemselvesAreIdentical) {
  const std::string picture = draw("a.png", 200, 200);
  const auto json = nlohmann::json::parse(run({"compare", picture, picture, "--json"}).out, nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_TRUE(json["identical"].get<bool>());
  EXPECT_TRUE(json["psnr_db"].is_null());
}

TEST_F(LaconicPictures, ModelsNamesTheModelOfNewStreams) {
  const std::string picture = draw("a.png", 32, 32);
  run({"encode", picture, folder_ / "a.lac"});
  const auto models = nlohmann::json::parse(run({"models", "--json"}).out, nullptr, false);
  const auto info = nlohmann::json::parse(run({"info", folder_ / "a.lac", "--json"}).out, nullptr, false);
  ASSERT_TRUE(models.is_array() && !models.empty() && info.is_object());
  for (const auto& model : models) {
    if (model["kind"] != "image") continue;
    EXPECT_EQ(model["is_default"].get<bool>(), model["id"] == info["model_id"]);
  }
}

}  // namespace
}  // namespace laconic::cli
