// One setting of the exactness test of films in a process of its own:
//   film_exactness_probe IMAGE_WEIGHTS VIDEO_WEIGHTS THREADS ONEDNN DEVICE WIDTH HEIGHT encode|decode FILE
// FILE holds 4:2:0 frames of 8 bits, nothing else. encode: FILE -> FILE.packets (extradata and packets, each after its length, u32), one
// key frame and then predicted frames only; decode: FILE -> a line of symbol hash for each frame, and FILE.decoded.
#include <torch/torch.h>

#include <cstdio>
#include <string>

#include "codec/media/atomic_file.h"
#include "codec/video_codec.h"
#include "tests/support/length_prefixed.h"

namespace {

using namespace laconic;
using test::append_with_length;
using test::take_with_length;

Status receive(VideoEncoder& encoder, Bytes& packets) {
  while (true) {
    LACONIC_ASSIGN_OR_RETURN(const std::optional<VideoPacket> packet, encoder.receive_packet());
    if (!packet) return ok_status();
    append_with_length(packets, packet->bytes);
  }
}

Status encode(const std::shared_ptr<const VideoModel>& model, const VideoFormat& format, int num_threads, const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const Bytes frames, read_file(path, uint64_t{1} << 30));
  VideoEncoderOptions options;
  options.num_threads = num_threads;
  options.key_interval = 1 << 20;
  options.finds_scene_cuts = false;
  options.max_b_frames = 3;
  LACONIC_ASSIGN_OR_RETURN(auto encoder, VideoEncoder::create(model, format, options));
  Bytes packets;
  append_with_length(packets, encoder->extradata());
  VideoFrame frame;
  frame.format = format;
  for (size_t at = 0; at < frames.size(); at += format.frame_bytes()) {
    frame.samples.assign(frames.data() + at, frames.data() + at + format.frame_bytes());
    LACONIC_RETURN_IF_ERROR(encoder->send_frame(frame));
    LACONIC_RETURN_IF_ERROR(receive(*encoder, packets));
  }
  encoder->finish();
  LACONIC_RETURN_IF_ERROR(receive(*encoder, packets));
  return write_file_atomically(path + ".packets", packets);
}

Status decode(const std::shared_ptr<const VideoModel>& model, int num_threads, const std::string& path) {
  LACONIC_ASSIGN_OR_RETURN(const Bytes file, read_file(path + ".packets", uint64_t{1} << 30));
  size_t at = 0;
  VideoDecoderOptions options;
  options.num_threads = num_threads;
  LACONIC_ASSIGN_OR_RETURN(auto decoder, VideoDecoder::create(model, take_with_length(file, at), options));
  Bytes decoded;
  while (at < file.size()) {
    VideoPacket packet;
    packet.bytes = take_with_length(file, at);
    LACONIC_RETURN_IF_ERROR(decoder->send_packet(packet));
    LACONIC_ASSIGN_OR_RETURN(const std::optional<VideoFrame> frame, decoder->receive_frame());
    decoded.insert(decoded.end(), frame->samples.begin(), frame->samples.end());
    std::printf("%016llx\n", static_cast<unsigned long long>(decoder->symbol_hash()));
  }
  return write_file_atomically(path + ".decoded", decoded);
}

Status run(int argc, char** argv) {
  if (argc != 10) return invalid_argument("nine arguments are needed");
  at::globalContext().setUserEnabledMkldnn(std::string(argv[4]) == "1");
  LACONIC_ASSIGN_OR_RETURN(const auto model, VideoModel::load(argv[2], argv[1], {argv[5]}));
  VideoFormat format;
  format.width_px = std::atoi(argv[6]);
  format.height_px = std::atoi(argv[7]);
  const int num_threads = std::atoi(argv[3]);
  return std::string(argv[8]) == "encode" ? encode(model, format, num_threads, argv[9]) : decode(model, num_threads, argv[9]);
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "film_exactness_probe: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
