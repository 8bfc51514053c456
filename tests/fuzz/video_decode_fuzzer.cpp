// Film decode: whatever the bytes, a frame or a clear error. The first byte decides how: bit 0 conceal; bit 1: the bytes are a
// stream header, else a packet, sent after the key frame of the golden film and before its next packet.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "codec/video_codec.h"
#include "tests/support/length_prefixed.h"

namespace {

using namespace laconic;

[[noreturn]] void fail(const Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  std::abort();
}

std::shared_ptr<const VideoModel> model() {
  static const auto loaded = VideoModel::load(LACONIC_GOLDEN_FOLDER "/tiny_video.v2.safetensors", LACONIC_GOLDEN_FOLDER "/tiny.v1.safetensors", {});
  if (!loaded.ok()) fail(loaded.status());
  return *loaded;
}

// The golden film: stream header and packets.
const std::vector<Bytes>& golden() {
  static const std::vector<Bytes> packets = [] {
    std::ifstream file(LACONIC_GOLDEN_FOLDER "/film.v5.packets", std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(file), {}};
    std::vector<Bytes> found;
    for (size_t at = 0; at < bytes.size();) found.push_back(test::take_with_length(bytes, at));
    return found;
  }();
  return packets;
}

void send(VideoDecoder& decoder, const Bytes& bytes) {
  VideoPacket packet;
  packet.bytes = bytes;
  const Status status = decoder.send_packet(packet);
  if (status.code() == StatusCode::kInternal) fail(status);  // our own mistake: a finding
  if (decoder.receive_frame().status().code() == StatusCode::kInternal) fail(status);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const Bytes bytes(data + 1, data + size);  // of exact size, so that reading beyond it is seen
  VideoDecoderOptions options;
  options.conceal = data[0] & 1;
  options.num_threads = 1;
  options.limits.max_pixels = 1 << 16;
  if (data[0] & 2) {
    const auto decoder = VideoDecoder::create(model(), bytes, options);
    if (decoder.status().code() == StatusCode::kInternal) fail(decoder.status());
    return 0;
  }
  const auto decoder = VideoDecoder::create(model(), golden()[0], options);
  if (!decoder.ok()) fail(decoder.status());
  send(**decoder, golden()[1]);
  send(**decoder, bytes);
  send(**decoder, golden()[2]);
  return 0;
}
