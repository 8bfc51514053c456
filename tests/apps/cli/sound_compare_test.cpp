// laconic compare on sounds that FFmpeg decodes; those of ours are compared in laconic_sounds_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/apps/cli/run_program.h"
#include "tests/media/sound_clips.h"

namespace laconic::cli {
namespace {

using test::Planes;

class SoundCompare : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const Planes& planes, int rate_hz = 48000, int bits = 32) {
    test::write_wav(folder_ / name, planes, rate_hz, bits, 0);
    return folder_ / name;
  }
  nlohmann::json compare(const std::string& reference, const std::string& distorted, const std::string& warning = "") {
    const Outcome outcome = run_laconic({"compare", reference, distorted, "--json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err.find(warning) != std::string::npos, true) << outcome.err;
    EXPECT_EQ(outcome.err.empty(), warning.empty()) << outcome.err;
    return nlohmann::json::parse(outcome.out, nullptr, false);
  }

  const TestFolder folder_;
};

TEST_F(SoundCompare, FindsASoundIdenticalToItself) {
  const std::string sound = write("a.wav", test::draw_sound(44100, 2, 20000), 44100, 16);
  const auto same = compare(sound, sound);
  EXPECT_EQ(same["identical"], true);
  EXPECT_TRUE(same["si_sdr_db"].is_null());
  EXPECT_EQ(same["mel_distance"], 0.0);
  EXPECT_EQ(same["segmental_snr_db"], 35);
  const std::string text = run_laconic({"compare", sound, sound}).out;
  EXPECT_NE(text.find("SI-SDR    infinite (channels: infinite, infinite)"), std::string::npos) << text;
}

TEST_F(SoundCompare, MeasuresAKnownDifference) {
  const Planes x = {std::vector<float>(48000, 0.5f)};
  Planes x_hat = x;
  for (size_t i = 0; i < x_hat[0].size(); ++i) x_hat[0][i] += i % 2 == 0 ? 0.05f : -0.05f;
  const std::string reference = write("a.wav", x), distorted = write("b.wav", x_hat);
  const auto result = compare(reference, distorted);
  EXPECT_NEAR(result["si_sdr_db"].get<double>(), 20, 1e-3);
  EXPECT_NEAR(result["segmental_snr_db"].get<double>(), 20, 1e-3);
  EXPECT_EQ(result["channel_si_sdr_db"].size(), 1u);
  EXPECT_EQ(result["num_samples_48k"], 48000);
  EXPECT_EQ(result["same_length"], true);
  EXPECT_NE(run_laconic({"compare", reference, distorted}).out.find("SI-SDR    20.000 dB\nmel "), std::string::npos);
}

TEST_F(SoundCompare, TakesSoundsOfDifferentRates) {
  const auto draw = [](int rate_hz) {  // a tone that both rates hold
    Planes planes(1, std::vector<float>(static_cast<size_t>(rate_hz)));
    for (size_t i = 0; i < planes[0].size(); ++i) {
      planes[0][i] = 0.5f * static_cast<float>(std::sin(6283.185307 * static_cast<double>(i) / rate_hz));
    }
    return planes;
  };
  const auto result = compare(write("a.wav", draw(48000)), write("b.wav", draw(44100), 44100));
  EXPECT_GT(result["si_sdr_db"].get<double>(), 40);
  EXPECT_EQ(result["delay_samples"], 0);
}

TEST_F(SoundCompare, MeasuresWhatBothHaveAndSaysSo) {
  const std::string whole = write("a.wav", test::draw_sound(48000, 2, 30000));
  const std::string part = write("b.wav", test::draw_sound(48000, 2, 24000));
  for (const auto& result : {compare(whole, part, "only the first 0.500 s"), compare(part, whole, "only the first 0.500 s")}) {
    EXPECT_EQ(result["same_length"], false);
    EXPECT_EQ(result["identical"], false);
    EXPECT_EQ(result["num_samples_48k"], 24000);
  }
}

TEST_F(SoundCompare, RefusesOtherNumbersOfChannelsAndWhatIsNoSound) {
  const std::string stereo = write("a.wav", test::draw_sound(48000, 2, 3000));
  const std::string mono = write("b.wav", test::draw_sound(48000, 1, 3000));
  Outcome outcome = run_laconic({"compare", stereo, mono});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("differ in channels: 2 and 1"), std::string::npos) << outcome.err;
  write_text(folder_ / "text.wav", "no sound");
  outcome = run_laconic({"compare", stereo, folder_ / "text.wav"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("text.wav"), std::string::npos) << outcome.err;
  outcome = run_laconic({"compare", stereo, mono, "--plot", folder_ / "plot.png"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("--plot is for films"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace laconic::cli
