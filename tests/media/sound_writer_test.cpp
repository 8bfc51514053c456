// Our sound packets through the containers, and through `ffmpeg -c copy`.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "tests/media/sound_clips.h"

namespace laconic {
namespace {

using test::ask_fake_packets;
using test::fake_sound_packets;
using test::FilmFolder;
using test::read_sound;
using test::run_ffmpeg;
using test::sound_write_options;
using test::WholeSound;
using test::write_fake_sound;

void expect_fake_packets(const WholeSound& sound, int64_t num_samples) {
  EXPECT_TRUE(sound.status.ok()) << sound.status.message();
  EXPECT_TRUE(sound.properties.is_laconic);
  EXPECT_EQ(sound.properties.extradata, test::kFakeSoundExtradata);
  EXPECT_EQ(sound.properties.format.num_channels, 2);
  const auto expected = fake_sound_packets(static_cast<int>((num_samples + kAudioPacketSamples - 1) / kAudioPacketSamples) + 1);
  ASSERT_EQ(sound.packets.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(sound.packets[i].bytes, expected[i].bytes) << i;
    EXPECT_EQ(sound.packets[i].pts_samples, expected[i].pts_samples) << i;
    EXPECT_EQ(sound.packets[i].is_key_packet, expected[i].is_key_packet) << i;
  }
}

class InContainer : public ::testing::TestWithParam<const char*> {
 protected:
  std::string path() const { return folder_ / (std::string("a.") + GetParam()); }
  const FilmFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Containers, InContainer, ::testing::Values("mov", "nut"));

TEST_P(InContainer, PacketsComeBackWithTheirTimesAndKeyFlags) {
  for (const int64_t num_samples : {1, 1024, 1025, 50001, 1000000}) {
    const Status status = write_fake_sound(sound_write_options(path()), num_samples);
    ASSERT_TRUE(status.ok()) << status.message();
    const WholeSound sound = read_sound(path(), ask_fake_packets());
    expect_fake_packets(sound, num_samples);
    if (std::string(GetParam()) == "mov") {
      EXPECT_NEAR(sound.properties.duration_seconds, static_cast<double>(num_samples) / kCodingRateHz, 1e-9) << num_samples;
    }
  }
}

TEST_P(InContainer, FfmpegCopyCarriesPacketsUnharmed) {
  ASSERT_TRUE(write_fake_sound(sound_write_options(path()), 500001).ok());
  for (const char* name : {"copy.mov", "copy.nut"}) {
    run_ffmpeg("-i " + path() + " -map 0 -c copy " + folder_ / name);
    expect_fake_packets(read_sound(folder_ / name, ask_fake_packets()), 500001);
    // From NUT, which has no durations, FFmpeg writes a QuickTime file whose last packet it does not read itself. We do.
    if (std::string(GetParam()) == "nut" && std::string(name) == "copy.mov") continue;
    run_ffmpeg("-i " + folder_ / name + " -map 0 -c copy " + folder_ / "again.mov");
    expect_fake_packets(read_sound(folder_ / "again.mov", ask_fake_packets()), 500001);
  }
}

TEST_P(InContainer, OtherToolsSeeWhereTheSoundStartsAndEnds) {
  ASSERT_TRUE(write_fake_sound(sound_write_options(path()), 50001).ok());
  const std::string listing = folder_ / "listing.txt";
  ASSERT_EQ(std::system(("ffprobe -v error -show_entries stream=codec_type,codec_tag_string,sample_rate,channels -show_packets " +
                         path() + " > " + listing).c_str()), 0);
  const std::string text = test::read_text(listing);
  std::vector<std::string> parts = {"codec_type=audio", "codec_tag_string=LACA", "sample_rate=48000", "channels=2"};
  if (std::string(GetParam()) == "mov") {  // NUT has no durations, and no time before 0: all is later there
    parts.push_back("pts=-" + std::to_string(kAudioPacketSamples));
    parts.push_back("duration=" + std::to_string(kAudioPacketSamples));
    parts.push_back("duration=" + std::to_string(50001 % kAudioPacketSamples));
  }
  for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text.substr(0, 600);
}

TEST_P(InContainer, SeekFindsTheKeyPacketThatPrimesTheTime) {
  ASSERT_TRUE(write_fake_sound(sound_write_options(path()), 2000000).ok());
  const auto reader = SoundReader::open(path(), ask_fake_packets());
  ASSERT_TRUE(reader.ok());
  for (const double seconds : {30.0, 0.0, 1.9, 2.1, 41.0, 0.01, 17.0}) {
    ASSERT_TRUE((*reader)->seek(seconds).ok());
    const auto item = (*reader)->read();
    ASSERT_TRUE(item.ok() && item->has_value());
    const auto& packet = std::get<AudioPacket>(**item);
    const auto latest = std::llround(seconds * kCodingRateHz) / kAudioPacketSamples;  // packet n starts at (n - 1) * 1024
    EXPECT_EQ(packet.pts_samples, (latest / 94 * 94 - 1) * kAudioPacketSamples) << seconds;
    EXPECT_TRUE(packet.is_key_packet);
  }
  // The rest follows without a gap.
  ASSERT_TRUE((*reader)->seek(20).ok());
  const WholeSound rest = test::read_on(**reader);
  for (size_t i = 0; i + 1 < rest.packets.size(); ++i) {
    ASSERT_EQ(rest.packets[i + 1].pts_samples - rest.packets[i].pts_samples, kAudioPacketSamples);
  }
}

TEST_P(InContainer, SeekSearchesFurtherBackWhereKeyPacketsAreRare) {
  ASSERT_TRUE(write_fake_sound(sound_write_options(path()), 2000000, /*key_interval=*/500).ok());
  const auto reader = SoundReader::open(path(), ask_fake_packets());
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->seek(900.0 * kAudioPacketSamples / kCodingRateHz).ok());
  const auto item = (*reader)->read();
  ASSERT_TRUE(item.ok() && item->has_value());
  EXPECT_EQ(std::get<AudioPacket>(**item).pts_samples, 499 * kAudioPacketSamples);
}

TEST_P(InContainer, TagsAreKeptAndCoverArtIsNamed) {
  run_ffmpeg("-f lavfi -i sine=440:d=1 -f lavfi -i testsrc2=s=64x64:d=0.04 -map 0 -map 1 -c:v png -disposition:v attached_pic"
             " -metadata title=Evening -metadata artist=Nobody -metadata replaygain_track_gain=-7.03 " + folder_ / "a.flac");
  const auto reader = SoundReader::open(folder_ / "a.flac", {});
  ASSERT_TRUE(reader.ok());
  SoundWriteOptions options = sound_write_options(path());
  options.source = (*reader)->source();
  options.stream_index = (*reader)->properties().stream_index;
  const auto writer = SoundWriter::create(options, test::kFakeSoundExtradata);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  ASSERT_EQ((*writer)->warnings().size(), 1u);
  EXPECT_NE((*writer)->warnings()[0].find("cover art stream 1 (png)"), std::string::npos) << (*writer)->warnings()[0];
  for (const AudioPacket& packet : fake_sound_packets(10)) ASSERT_TRUE((*writer)->write(packet, kAudioPacketSamples).ok());
  ASSERT_TRUE((*writer)->finish().ok());

  ASSERT_EQ(std::system(("ffprobe -v error -show_entries format_tags " + path() + " > " + folder_ / "tags").c_str()), 0);
  const std::string tags = test::read_text(folder_ / "tags");
  for (const char* tag : {"title=Evening", "artist=Nobody", "-7.03"}) {
    EXPECT_NE(tags.find(tag), std::string::npos) << tag << "\n" << tags;
  }
}

TEST_P(InContainer, AKilledProcessLeavesAPartThatPlays) {
  const auto packets = fake_sound_packets(3000);
  const pid_t child = fork();
  if (child == 0) {
    const auto writer = SoundWriter::create(sound_write_options(path()), test::kFakeSoundExtradata);
    for (const auto& packet : packets) {
      if (!writer.ok() || !(*writer)->write(packet, kAudioPacketSamples).ok()) _exit(1);
    }
    _exit(0);  // no finish(), no destructors
  }
  int state = -1;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  ASSERT_EQ(state, 0);
  const WholeSound sound = read_sound(path() + ".part");
  EXPECT_GE(sound.packets.size(), 2700u) << sound.status.message();
  for (size_t i = 0; i < sound.packets.size(); ++i) EXPECT_EQ(sound.packets[i].bytes, packets[i].bytes) << i;
}

TEST_P(InContainer, TruncatedFilesGiveWhatIsThere) {
  ASSERT_TRUE(write_fake_sound(sound_write_options(path()), 300000).ok());
  const std::string whole = test::read_text(path());
  const auto packets = fake_sound_packets(400);
  size_t most = 0;
  for (size_t size = 0; size < whole.size(); size += 997) {
    test::write_text(path(), whole.substr(0, size));
    const WholeSound sound = read_sound(path());
    for (size_t i = 0; i + 1 < sound.packets.size(); ++i) ASSERT_EQ(sound.packets[i].bytes, packets[i].bytes) << size;
    most = std::max(most, sound.packets.size());
  }
  EXPECT_GE(most, 300000u / kAudioPacketSamples * 2 / 3);
  for (size_t i = 0; i < whole.size(); i += 211) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    test::write_text(path(), damaged);
    const WholeSound sound = read_sound(path());
    EXPECT_EQ(sound.status.ok(), sound.status.message().empty());
  }
}

// In the place of the source's sound, with its language, at any time of the film.
TEST_P(InContainer, FilmsCarryOurSoundBesideOurVideo) {
  test::make_rich_film(folder_, folder_ / "rich.mp4");
  const auto source = FilmReader::open(folder_ / "rich.mp4", {});
  ASSERT_TRUE(source.ok());
  FilmWriteOptions options = test::write_options(path());
  options.source = (*source)->source();
  AudioFormat format;
  format.channel_mask = 3;
  options.coded_sounds = {{1, format, test::kFakeSoundExtradata}};
  const auto writer = FilmWriter::create(options, test::kFakeExtradata);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  constexpr int64_t kStart = 4800;  // 0.1 s
  auto sound_packets = fake_sound_packets(20);
  for (const VideoPacket& packet : test::fake_packets(20)) ASSERT_TRUE((*writer)->write(packet).ok());
  for (AudioPacket packet : sound_packets) {
    packet.pts_samples += kStart;
    ASSERT_TRUE((*writer)->write(1, packet, kAudioPacketSamples).ok());
  }
  ASSERT_TRUE((*writer)->finish().ok());

  const auto reader = FilmReader::open(path(), {});
  ASSERT_TRUE(reader.ok());
  const auto& streams = (*reader)->properties().streams;
  const auto sound = std::find_if(streams.begin(), streams.end(), [](const FilmStream& s) { return s.kind == StreamKind::kAudio; });
  ASSERT_NE(sound, streams.end());
  EXPECT_TRUE(sound->is_laconic);
  EXPECT_EQ(sound->language, "fra");
  EXPECT_EQ(sound->extradata, test::kFakeSoundExtradata);
  std::optional<double> first_frame;
  std::vector<AudioPacket> found;
  for (auto item = (*reader)->read(); item.ok() && item->has_value(); item = (*reader)->read()) {
    if (const auto* video = std::get_if<VideoPacket>(&**item)) {
      if (!first_frame) first_frame = static_cast<double>(video->pts_ticks) * (*reader)->properties().video.time_base.value();
    } else if (std::get<CopiedPacket>(**item).stream_index() == sound->index) {
      found.push_back(our_sound_packet(std::get<CopiedPacket>(**item)));
    }
  }
  ASSERT_EQ(found.size(), sound_packets.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].bytes, sound_packets[i].bytes) << i;
    const double since_video = static_cast<double>(found[i].pts_samples) / kCodingRateHz - *first_frame;
    EXPECT_NEAR(since_video, static_cast<double>(sound_packets[i].pts_samples + kStart) / kCodingRateHz, 1e-3) << i;
  }
}

TEST(SoundWriter, OverheadInQuickTimeIsSmall) {
  const FilmFolder folder;
  constexpr int kNumPackets = 3000;  // 64 s
  ASSERT_TRUE(write_fake_sound(sound_write_options(folder / "a.mov"), (kNumPackets - 1) * kAudioPacketSamples).ok());
  size_t payload = 0;
  for (const AudioPacket& packet : fake_sound_packets(kNumPackets)) payload += packet.bytes.size();
  const auto size = std::filesystem::file_size(folder / "a.mov");
  EXPECT_LT(static_cast<double>(size - payload) / kNumPackets, 6) << size << " " << payload;  // 4 of them say the packet's size
}

TEST(SoundWriter, RefusesOtherContainersWithAdvice) {
  const FilmFolder folder;
  for (const char* name : {"a.mkv", "a.mp4", "a.ogg", "a"}) {
    const Status status = write_fake_sound(sound_write_options(folder / name), 1000);
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << name;
    EXPECT_NE(status.message().find(".mov"), std::string::npos) << status.message();
  }
}

TEST(SoundWriter, ReportsAFolderThatIsNotThere) {
  const FilmFolder folder;
  EXPECT_EQ(write_fake_sound(sound_write_options(folder / "none/a.mov"), 1000).code(), StatusCode::kIo);
}

}  // namespace
}  // namespace laconic
