// Sound of released versions must decode to the same symbols for ever, and to the same samples within a tolerance.
//   golden_sound_test --update_golden    writes it anew: only together with a new version in FORMAT.md
//
// sound.v1.packets: the stream header, then the packets, each after its length in bytes (u32); sound.v1.txt: for each packet the
// symbol hash and, for each channel, the root mean square and the sample in the middle of the frame.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "codec/audio_codec.h"
#include "codec/media/atomic_file.h"
#include "tests/support/length_prefixed.h"
#include "tests/support/test_sounds.h"
#include "tests/support/tiny_audio_model.h"

namespace laconic {
namespace {

bool update_golden = false;
const std::string kFolder = std::string(LACONIC_SOURCE_DIR) + "/tests/golden/";
const std::string kWeights = kFolder + "tiny_audio.v1.safetensors";
const std::string kPackets = kFolder + "sound.v1.packets", kExpected = kFolder + "sound.v1.txt";
// 1.1 s: every kind of sound that is drawn, silence among them, and two key packets.
constexpr size_t kNumSamples = 52000, kNumPackets = 27;
constexpr int kKeyInterval = 20;

std::vector<Bytes> read_packets() {
  const auto file = read_file(kPackets, 1 << 20);
  EXPECT_TRUE(file.ok()) << file.status().message();
  std::vector<Bytes> packets;
  for (size_t at = 0; at < file->size();) packets.push_back(test::take_with_length(*file, at));
  return packets;
}

std::vector<double> numbers_of(const AudioFrame& frame) {
  std::vector<double> numbers;
  for (const std::vector<float>& channel : frame.channels) {
    double sum = 0;
    for (const float sample : channel) sum += static_cast<double>(sample) * sample;
    numbers.push_back(std::sqrt(sum / static_cast<double>(channel.size())));
    numbers.push_back(channel[channel.size() / 2]);
  }
  return numbers;
}

void write_golden() {
  ASSERT_TRUE(test::write_tiny_audio_model(kWeights).ok());
  auto model = AudioModel::load(kWeights, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  AudioFormat format;
  format.num_channels = 3;
  format.channel_mask = 7;  // a pair and the centre
  AudioEncoderOptions options;
  options.quality = 40;
  options.key_interval = kKeyInterval;
  auto encoder = std::move(*AudioEncoder::create(*model, format, options));
  Bytes file;
  test::append_with_length(file, encoder->extradata());
  ASSERT_TRUE(encoder->send_frame(test::frame_of(test::draw_sound(3, kNumSamples), 0, kNumSamples)).ok());
  ASSERT_TRUE(encoder->drain(kNumSamples).ok());
  for (auto packet = encoder->receive_packet(); packet.ok() && *packet; packet = encoder->receive_packet()) {
    test::append_with_length(file, (*packet)->bytes);
  }
  ASSERT_TRUE(write_file_atomically(kPackets, file).ok());
}

TEST(GoldenSound, DecodesToTheStoredSymbolsAndSamples) {
  if (update_golden) write_golden();
  const auto model = AudioModel::load(kWeights, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::vector<Bytes> packets = read_packets();
  ASSERT_EQ(packets.size(), 1 + kNumPackets);
  auto decoder = AudioDecoder::create(*model, packets[0], {});
  ASSERT_TRUE(decoder.ok()) << decoder.status().message();
  std::ofstream update;
  if (update_golden) update.open(kExpected);
  std::ifstream expected(kExpected);
  for (size_t i = 1; i < packets.size(); ++i) {
    AudioPacket packet;
    packet.bytes = packets[i];
    ASSERT_TRUE((*decoder)->send_packet(packet).ok());
    const auto frame = (*decoder)->receive_frame();
    ASSERT_TRUE(frame.ok() && *frame);
    const std::vector<double> numbers = numbers_of(**frame);
    if (update_golden) {
      update << std::hex << (*decoder)->symbol_hash() << std::dec;
      for (const double number : numbers) update << ' ' << number;
      update << '\n';
      continue;
    }
    uint64_t hash = 0;
    ASSERT_TRUE(expected >> std::hex >> hash >> std::dec);
    EXPECT_EQ(hash, (*decoder)->symbol_hash()) << "packet " << i - 1;
    for (const double number : numbers) {
      double stored = 0;
      ASSERT_TRUE(expected >> stored);
      EXPECT_NEAR(number, stored, 1e-4) << "packet " << i - 1;
    }
  }
  EXPECT_EQ((*decoder)->num_source_samples(), kNumSamples);
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  laconic::update_golden = argc > 1 && std::string(argv[1]) == "--update_golden";
  return RUN_ALL_TESTS();
}
