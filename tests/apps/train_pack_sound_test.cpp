// Runs `laconic-pack --sound` as a user would. LACONIC_PACK_PROGRAM comes from CMake.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "apps/train/sound_shards.h"
#include "tests/support/scratch_folder.h"

namespace laconic::train {
namespace {

namespace fs = std::filesystem;

class PackSound : public test::ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    fs::create_directories(path("in/nested"));
  }

  int pack(const std::string& arguments) const {
    const int status = std::system((std::string(LACONIC_PACK_PROGRAM) + " --sound " + arguments + " >/dev/null 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // Interleaved samples as a WAV file: int16 or float; a channel mask makes the header the longer, extensible one.
  template <typename T>
  void write_wav(const std::string& name, const std::vector<T>& samples, int num_channels, uint64_t rate_hz,
                 uint64_t channel_mask = 0) const {
    const uint64_t format = std::is_floating_point_v<T> ? 3 : 1;
    const uint64_t data_bytes = samples.size() * sizeof(T), frame_bytes = static_cast<uint64_t>(num_channels) * sizeof(T);
    const uint64_t header_bytes = channel_mask == 0 ? 16 : 40;
    Bytes file;
    const auto text = [&](const char* four) {
      for (int i = 0; i < 4; ++i) file.push_back(static_cast<uint8_t>(four[i]));
    };
    text("RIFF"), append_little_endian(&file, 20 + header_bytes + data_bytes, 4), text("WAVE");
    text("fmt "), append_little_endian(&file, header_bytes, 4);
    append_little_endian(&file, channel_mask == 0 ? format : 0xfffe, 2);
    append_little_endian(&file, static_cast<uint64_t>(num_channels), 2), append_little_endian(&file, rate_hz, 4);
    append_little_endian(&file, rate_hz * frame_bytes, 4), append_little_endian(&file, frame_bytes, 2);
    append_little_endian(&file, 8 * sizeof(T), 2);
    if (channel_mask != 0) {
      append_little_endian(&file, 22, 2), append_little_endian(&file, 8 * sizeof(T), 2);
      append_little_endian(&file, channel_mask, 4);
      append_little_endian(&file, format | 0x0010'0000'0000'0000, 8);  // the GUID of the format, in two halves
      append_little_endian(&file, 0x719b'3800'aa00'0080, 8);
    }
    text("data"), append_little_endian(&file, data_bytes, 4);
    const auto* bytes = reinterpret_cast<const uint8_t*>(samples.data());
    file.insert(file.end(), bytes, bytes + data_bytes);
    write(name, file);
  }
};

std::vector<int16_t> noise(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int16_t> samples(count);
  for (auto& sample : samples) sample = static_cast<int16_t>(random());
  return samples;
}

std::vector<int16_t> samples_of(const Recording& recording) {
  return {recording.samples.get(), recording.samples.get() + recording.num_samples * recording.num_channels};
}

TEST_F(PackSound, KeepsSamplesOf48KhzInTheOrderOfTheirPaths) {
  write_wav("in/b.WAV", noise(3000, 1), 1, 48000);
  write_wav("in/a.wav", noise(5000, 2), 2, 48000);
  write_wav("in/nested/c.wav", noise(100, 3), 1, 48000);
  std::ofstream(path("in/notes.txt")) << "no sound";
  ASSERT_EQ(pack(path("in") + " -o " + path("out")), 0);
  const auto recordings = open_sound_shards(path("out"));
  ASSERT_TRUE(recordings.ok()) << recordings.status().message();
  ASSERT_EQ(recordings->size(), 3u);
  EXPECT_EQ((*recordings)[0].num_channels, 2);
  EXPECT_EQ((*recordings)[1].num_channels, 1);
  EXPECT_EQ(samples_of((*recordings)[0]), noise(5000, 2));
  EXPECT_EQ(samples_of((*recordings)[1]), noise(3000, 1));
  EXPECT_EQ(samples_of((*recordings)[2]), noise(100, 3));
}

TEST_F(PackSound, Resamples) {
  std::vector<int16_t> tone(22050);
  for (size_t i = 0; i < tone.size(); ++i) {
    tone[i] = static_cast<int16_t>(std::lround(10000 * std::sin(2 * M_PI * 1000 * static_cast<double>(i) / 22050)));
  }
  write_wav("in/a.wav", tone, 1, 22050);
  ASSERT_EQ(pack(path("in") + " -o " + path("out")), 0);
  const auto recordings = open_sound_shards(path("out"));
  ASSERT_TRUE(recordings.ok());
  const Recording& recording = (*recordings)[0];
  ASSERT_EQ(recording.num_samples, 48000);
  for (int64_t i = 1000; i < 47000; ++i) {
    ASSERT_NEAR(recording.samples.get()[i], 10000 * std::sin(2 * M_PI * 1000 * static_cast<double>(i) / 48000), 30) << i;
  }
}

TEST_F(PackSound, MixesSixChannelsToStereo) {
  // 5.1: front left, front right, centre, low frequencies, back left, back right.
  std::vector<float> frames;
  for (int i = 0; i < 2000; ++i) frames.insert(frames.end(), {0.1f, 0.2f, 0.2f, 0.9f, 0.1f, 0});
  write_wav("in/a.wav", frames, 6, 48000, 0x3f);
  ASSERT_EQ(pack(path("in") + " -o " + path("out")), 0);
  const auto recordings = open_sound_shards(path("out"));
  ASSERT_TRUE(recordings.ok());
  const Recording& recording = (*recordings)[0];
  ASSERT_EQ(recording.num_channels, 2);
  ASSERT_EQ(recording.num_samples, 2000);
  EXPECT_NEAR(recording.samples.get()[2000], 32768 * (0.1 + 0.2 * std::sqrt(0.5) + 0.1 * std::sqrt(0.5)), 2);
  EXPECT_NEAR(recording.samples.get()[2001], 32768 * (0.2 + 0.2 * std::sqrt(0.5)), 2);
}

TEST_F(PackSound, MakesQuieterWhatWouldClip) {
  write_wav("in/a.wav", std::vector<float>{0.5f, 2.0f, -1.0f, 0.25f}, 1, 48000);
  ASSERT_EQ(pack(path("in") + " -o " + path("out")), 0);
  const auto recordings = open_sound_shards(path("out"));
  ASSERT_TRUE(recordings.ok());
  EXPECT_EQ(samples_of((*recordings)[0]), (std::vector<int16_t>{8192, 32767, -16384, 4096}));
}

TEST_F(PackSound, ClosesShardsAndTakesFilesByName) {
  write_wav("in/loud", noise(400000, 1), 1, 48000);  // no extension
  write_wav("in/a.wav", noise(400000, 2), 2, 48000);
  ASSERT_EQ(pack(path("in/loud") + " " + path("in/a.wav") + " -o " + path("out") + " --shard-mb 1"), 0);
  const auto recordings = open_sound_shards(path("out"));
  ASSERT_TRUE(recordings.ok());
  ASSERT_EQ(recordings->size(), 2u);
  EXPECT_EQ((*recordings)[0].num_channels, 1);
  EXPECT_TRUE(fs::exists(path("out/00001.shard")));
}

TEST_F(PackSound, TellsOfUnreadableFilesAndWrongUsage) {
  write_wav("in/a.wav", noise(3000, 1), 1, 48000);
  EXPECT_EQ(pack(path("in")), 2);
  EXPECT_EQ(pack(path("absent") + " -o " + path("out")), 2);
  EXPECT_EQ(pack(path("in") + " -o " + path("out") + " --max-side 60"), 2);
  EXPECT_EQ(pack(path("in/nested") + " -o " + path("out")), 4);
  std::ofstream(path("in/broken.flac")) << "not a FLAC";
  EXPECT_EQ(pack(path("in") + " -o " + path("out")), 1);
  EXPECT_EQ(open_sound_shards(path("out"))->size(), 1u);
  EXPECT_EQ(pack(path("in") + " -o " + path("out")), 2) << "shards are there already";
}

}  // namespace
}  // namespace laconic::train
