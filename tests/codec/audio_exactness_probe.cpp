// One setting of the exactness test of sound in a process of its own:
//   audio_exactness_probe AUDIO_WEIGHTS THREADS ONEDNN DEVICE CHANNELS encode|decode FILE
// FILE holds float32 samples at 48 kHz, interleaved, nothing else. encode: FILE -> FILE.packets (extradata and packets, each after its
// length, u32), one key packet and then others only; decode: FILE -> a line of symbol hash for each packet, and FILE.decoded.
#include <torch/torch.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "codec/audio_codec.h"
#include "codec/media/atomic_file.h"
#include "tests/support/length_prefixed.h"

namespace {

using namespace laconic;
using test::append_with_length;
using test::take_with_length;

Status encode(const std::shared_ptr<const AudioModel>& model, int num_channels, int num_threads, const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const Bytes bytes, read_file(path, uint64_t{1} << 30));
  AudioFormat format;
  format.num_channels = num_channels;
  AudioFrame sound;
  sound.channels.resize(static_cast<size_t>(num_channels));
  for (size_t i = 0; 4 * i < bytes.size(); ++i) {
    float sample = 0;
    std::memcpy(&sample, bytes.data() + 4 * i, 4);
    sound.channels[i % sound.channels.size()].push_back(sample);
  }
  AudioEncoderOptions options;
  options.num_threads = num_threads;
  options.key_interval = 1 << 20;
  LACONIC_ASSIGN_OR_RETURN(auto encoder, AudioEncoder::create(model, format, options));
  Bytes packets;
  append_with_length(packets, encoder->extradata());
  LACONIC_RETURN_IF_ERROR(encoder->send_frame(sound));
  LACONIC_RETURN_IF_ERROR(encoder->drain(sound.num_samples()));
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<AudioPacket> packet, encoder->receive_packet());
    if (!packet) return write_file_atomically(path + ".packets", packets);
    append_with_length(packets, packet->bytes);
  }
}

Status decode(const std::shared_ptr<const AudioModel>& model, int num_threads, const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const Bytes file, read_file(path + ".packets", uint64_t{1} << 30));
  size_t at = 0;
  AudioDecoderOptions options;
  options.num_threads = num_threads;
  LACONIC_ASSIGN_OR_RETURN(auto decoder, AudioDecoder::create(model, take_with_length(file, at), options));
  Bytes decoded;
  while (at < file.size()) {
    AudioPacket packet;
    packet.bytes = take_with_length(file, at);
    LACONIC_RETURN_IF_ERROR(decoder->send_packet(packet));
    LACONIC_ASSIGN_OR_RETURN(const std::optional<AudioFrame> frame, decoder->receive_frame());
    for (size_t i = 0; i < frame->num_samples(); ++i) {
      for (const std::vector<float>& channel : frame->channels) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(&channel[i]);
        decoded.insert(decoded.end(), bytes, bytes + 4);
      }
    }
    std::printf("%016llx\n", static_cast<unsigned long long>(decoder->symbol_hash()));
  }
  return write_file_atomically(path + ".decoded", decoded);
}

Status run(int argc, char** argv) {
  if (argc != 8) return invalid_argument("seven arguments are needed");
  at::globalContext().setUserEnabledMkldnn(std::string(argv[3]) == "1");
  LACONIC_ASSIGN_OR_RETURN(const auto model, AudioModel::load(argv[1], {argv[4]}));
  const int num_threads = std::atoi(argv[2]);
  return std::string(argv[6]) == "encode" ? encode(model, std::atoi(argv[5]), num_threads, argv[7]) : decode(model, num_threads, argv[7]);
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "audio_exactness_probe: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
