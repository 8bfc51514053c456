// A sound codec with the tiny model, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "codec/audio_codec.h"
#include "tests/support/test_images.h"
#include "tests/support/test_sounds.h"
#include "tests/support/tiny_audio_model.h"

namespace laconic::test {

struct SoundStream {
  Bytes extradata;
  std::vector<AudioPacket> packets;

  size_t num_bytes() const {
    size_t sum = 0;
    for (const AudioPacket& packet : packets) sum += packet.bytes.size();
    return sum;
  }
};

inline void take_packets(AudioEncoder& encoder, SoundStream& stream) {
  while (true) {
    auto packet = encoder.receive_packet();
    ASSERT_TRUE(packet.ok()) << packet.status().message();
    if (!*packet) return;
    stream.packets.push_back(std::move(**packet));
  }
}

// chunk_samples: sent at once.
inline SoundStream encode_sound(const std::shared_ptr<const AudioModel>& model, const AudioFormat& format, const AudioEncoderOptions& options,
                                const Channels& sound, size_t chunk_samples = 1 << 20) {
  SoundStream stream;
  auto encoder = AudioEncoder::create(model, format, options);
  EXPECT_TRUE(encoder.ok()) << encoder.status().message();
  stream.extradata = (*encoder)->extradata();
  for (size_t at = 0; at < sound[0].size(); at += chunk_samples) {
    const Status status = (*encoder)->send_frame(frame_of(sound, at, std::min(chunk_samples, sound[0].size() - at)));
    EXPECT_TRUE(status.ok()) << status.message();
    take_packets(**encoder, stream);
  }
  const Status status = (*encoder)->drain(sound[0].size());
  EXPECT_TRUE(status.ok()) << status.message();
  take_packets(**encoder, stream);
  return stream;
}

// The samples that packet `first` and those after it up to `last` give; empty if one is refused.
inline Channels decode_packets(AudioDecoder& decoder, const SoundStream& stream, size_t first, size_t last) {
  Channels sound(static_cast<size_t>(decoder.format().num_channels));
  for (size_t i = first; i < last; ++i) {
    const Status status = decoder.send_packet(stream.packets[i]);
    EXPECT_TRUE(status.ok()) << "packet " << i << ": " << status.message();
    if (!status.ok()) return {};
    const auto frame = decoder.receive_frame();
    EXPECT_TRUE(frame.ok() && *frame);
    EXPECT_EQ((*frame)->num_samples(), size_t{kAudioPacketSamples});
    EXPECT_EQ((*frame)->pts_samples, stream.packets[i].pts_samples);
    for (size_t c = 0; c < sound.size(); ++c) sound[c].insert(sound[c].end(), (*frame)->channels[c].begin(), (*frame)->channels[c].end());
  }
  return sound;
}

// All but the frame of packet 0, which lies before the sound; longer than the sound by up to a packet.
inline Channels decode_sound(AudioDecoder& decoder, const SoundStream& stream) {
  Channels sound = decode_packets(decoder, stream, 0, stream.packets.size());
  for (std::vector<float>& channel : sound) channel.erase(channel.begin(), channel.begin() + kAudioPacketSamples);
  return sound;
}

inline AudioFormat format_of(int num_channels, uint32_t channel_mask = 0) {
  AudioFormat format;
  format.num_channels = num_channels;
  format.channel_mask = channel_mask;
  return format;
}

class TinyAudioCodec : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::string path = temporary_path("audio.safetensors");
    if (!write_tiny_audio_model(path).ok()) return;
    auto model = AudioModel::load(path, {});
    if (model.ok()) model_ = *model;
  }
  void SetUp() override { ASSERT_TRUE(model_); }

  static AudioEncoderOptions options_of(float quality, int key_interval = 47) {
    AudioEncoderOptions options;
    options.quality = quality;
    options.key_interval = key_interval;
    return options;
  }
  static std::unique_ptr<AudioDecoder> decoder_of(const SoundStream& stream, bool conceal = false) {
    AudioDecoderOptions options;
    options.conceal = conceal;
    auto decoder = AudioDecoder::create(model_, stream.extradata, options);
    EXPECT_TRUE(decoder.ok()) << decoder.status().message();
    return std::move(*decoder);
  }

  static inline std::shared_ptr<const AudioModel> model_;
};

}  // namespace laconic::test
