// Films of released versions must decode to the same symbols for ever, and to the same samples within a tolerance.
//   golden_film_test --update_golden    writes them anew: only together with a new version in FORMAT.md
//
// film.v5.packets: the stream header, then the packets, each after its length in bytes (u32); film.v5.txt: for each packet the
// symbol hash and the mean of each plane.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <numeric>

#include "codec/media/atomic_file.h"
#include "codec/video_codec.h"
#include "tests/support/coded_films.h"
#include "tests/support/length_prefixed.h"
#include "tests/support/test_films.h"
#include "tests/support/tiny_model.h"

namespace laconic {
namespace {

bool update_golden = false;
const std::string kFolder = std::string(LACONIC_SOURCE_DIR) + "/tests/golden/";
const std::string kImageWeights = kFolder + "tiny.v1.safetensors", kVideoWeights = kFolder + "tiny_video.v2.safetensors";
const std::string kPackets = kFolder + "film.v5.packets", kExpected = kFolder + "film.v5.txt";
constexpr int kNumFrames = 11;  // a group with B-frames, one without a key frame after it, a key frame

std::vector<Bytes> read_packets() {
  const auto file = read_file(kPackets, 1 << 20);
  EXPECT_TRUE(file.ok()) << file.status().message();
  std::vector<Bytes> packets;
  for (size_t at = 0; at < file->size();) packets.push_back(test::take_with_length(*file, at));
  return packets;
}

std::array<double, 3> plane_means(const VideoFrame& frame) {
  std::array<double, 3> means{};
  auto first = frame.samples.begin();
  for (int plane = 0; plane < 3; ++plane) {
    const auto last = first + static_cast<std::ptrdiff_t>(frame.format.plane_bytes(plane));
    means[static_cast<size_t>(plane)] = std::accumulate(first, last, 0.0) / static_cast<double>(last - first);
    first = last;
  }
  return means;
}

void write_golden() {
  ASSERT_TRUE(test::write_tiny_video_model(kVideoWeights, kImageWeights).ok());
  auto model = VideoModel::load(kVideoWeights, kImageWeights, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  VideoEncoderOptions options;
  options.quality = 70;
  options.key_interval = 9;
  options.max_b_frames = 3;
  const VideoFormat format = test::format_of(70, 50);
  auto encoder = std::move(*VideoEncoder::create(*model, format, options));
  Bytes file;
  test::append_with_length(file, encoder->extradata());
  std::vector<VideoFrame> frames;
  for (int t = 0; t < kNumFrames; ++t) frames.push_back(test::draw_frame(format, t));
  for (const VideoPacket& packet : test::encode_all(*encoder, frames)) test::append_with_length(file, packet.bytes);
  ASSERT_TRUE(write_file_atomically(kPackets, file).ok());
}

TEST(GoldenFilm, DecodesToTheStoredSymbolsAndSamples) {
  if (update_golden) write_golden();
  const auto model = VideoModel::load(kVideoWeights, kImageWeights, {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::vector<Bytes> packets = read_packets();
  ASSERT_EQ(packets.size(), 1u + kNumFrames);
  auto decoder = VideoDecoder::create(*model, packets[0], {});
  ASSERT_TRUE(decoder.ok()) << decoder.status().message();
  std::ofstream update;
  if (update_golden) update.open(kExpected);
  std::ifstream expected(kExpected);
  for (size_t i = 1; i < packets.size(); ++i) {
    VideoPacket packet;
    packet.bytes = packets[i];
    ASSERT_TRUE((*decoder)->send_packet(packet).ok());
    const auto frame = (*decoder)->receive_frame();
    ASSERT_TRUE(frame.ok() && *frame);
    const std::array<double, 3> means = plane_means(**frame);
    if (update_golden) {
      update << std::hex << (*decoder)->symbol_hash() << std::dec << ' ' << means[0] << ' ' << means[1] << ' ' << means[2] << '\n';
      continue;
    }
    uint64_t hash = 0;
    ASSERT_TRUE(expected >> std::hex >> hash >> std::dec);
    EXPECT_EQ(hash, (*decoder)->symbol_hash()) << "frame " << i - 1;
    for (const double mean : means) {
      double stored = 0;
      ASSERT_TRUE(expected >> stored);
      EXPECT_NEAR(mean, stored, 0.5);
    }
  }
}

}  // namespace
}  // namespace laconic

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  laconic::update_golden = argc > 1 && std::string(argv[1]) == "--update_golden";
  return RUN_ALL_TESTS();
}
