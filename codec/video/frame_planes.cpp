#include "codec/video/frame_planes.h"

#include <algorithm>
#include <cstring>

#include "codec/format/geometry.h"

namespace laconic {
namespace {

// Luma weights of red and blue, by H.273's matrix coefficients. What is unspecified is taken as BT.601: both directions agree.
struct LumaWeights {
  double red = 0.299, blue = 0.114;
  double green() const { return 1 - red - blue; }
};

LumaWeights luma_weights(const VideoColour& colour) {
  if (colour.matrix == 1) return {0.2126, 0.0722};                        // BT.709
  if (colour.matrix == 9 || colour.matrix == 10) return {0.2627, 0.0593};  // BT.2020
  return {};
}

// Sample = offset + scale * value, value in 0..1 (luma) or -0.5..0.5 (chroma).
struct SampleScale {
  double luma_offset, luma_scale, chroma_offset, chroma_scale, max;
};

SampleScale sample_scale(const VideoFormat& format) {
  const double unit = 1 << (format.bit_depth - 8), max = (1 << format.bit_depth) - 1;
  if (format.colour.is_full_range) return {0, max, 128 * unit, max, max};
  return {16 * unit, 219 * unit, 128 * unit, 224 * unit, max};
}

// float32 [1, 1, h, w] of one plane's samples.
torch::Tensor read_plane(const VideoFrame& frame, int plane) {
  size_t offset = 0;
  for (int i = 0; i < plane; ++i) offset += frame.format.plane_bytes(i);
  void* samples = const_cast<uint8_t*>(frame.samples.data() + offset);
  const std::vector<int64_t> shape = {1, 1, frame.format.plane_height(plane), frame.format.plane_width(plane)};
  if (frame.format.bit_depth == 8) return torch::from_blob(samples, shape, torch::kByte).to(torch::kFloat);
  return torch::from_blob(samples, shape, torch::kShort).to(torch::kFloat);  // 10 bits: no sign to lose
}

void append_plane(const torch::Tensor& plane, const VideoFormat& format, Bytes& samples) {
  const torch::Tensor rounded = plane.round().clamp(0, (1 << format.bit_depth) - 1).to(format.bit_depth == 8 ? torch::kByte : torch::kShort).contiguous();
  const auto* bytes = static_cast<const uint8_t*>(rounded.data_ptr());
  samples.insert(samples.end(), bytes, bytes + rounded.numel() * format.bytes_per_sample());
}

int round_up(int n) { return (n + kLatentPx - 1) / kLatentPx * kLatentPx; }

}  // namespace

torch::Tensor read_frame(const VideoFrame& frame) {
  const VideoFormat& format = frame.format;
  const SampleScale scale = sample_scale(format);
  const LumaWeights weights = luma_weights(format.colour);
  const int height = format.height_px, width = format.width_px;
  const auto chroma = [&](int plane) {
    torch::Tensor c = read_plane(frame, plane);
    const int rows = format.chroma == ChromaFormat::k420 ? 2 : 1, columns = format.chroma == ChromaFormat::k444 ? 1 : 2;
    if (rows * columns > 1) c = torch::upsample_nearest2d(c, {c.size(2) * rows, c.size(3) * columns}).slice(2, 0, height).slice(3, 0, width);
    return (c - scale.chroma_offset) / scale.chroma_scale;
  };
  const torch::Tensor y = (read_plane(frame, 0) - scale.luma_offset) / scale.luma_scale;
  const torch::Tensor cb = chroma(1), cr = chroma(2);
  const torch::Tensor red = y + cr * (2 * (1 - weights.red)), blue = y + cb * (2 * (1 - weights.blue));
  const torch::Tensor green = (y - red * weights.red - blue * weights.blue) / weights.green();
  const torch::Tensor x = torch::cat({red, green, blue}, 1);
  const torch::Tensor padded = torch::replication_pad2d(x, {0, round_up(width) - width, 0, round_up(height) - height});
  return padded.contiguous(torch::MemoryFormat::ChannelsLast);
}

Bytes write_frame(const torch::Tensor& x_hat, const VideoFormat& format) {
  const SampleScale scale = sample_scale(format);
  const LumaWeights weights = luma_weights(format.colour);
  const torch::Tensor x = x_hat.to(torch::kCPU);
  const torch::Tensor red = x.narrow(1, 0, 1), green = x.narrow(1, 1, 1), blue = x.narrow(1, 2, 1);
  const torch::Tensor y = red * weights.red + green * weights.green() + blue * weights.blue;
  Bytes samples;
  samples.reserve(format.frame_bytes());
  append_plane(y.slice(2, 0, format.height_px).slice(3, 0, format.width_px) * scale.luma_scale + scale.luma_offset, format, samples);
  const auto append_chroma = [&](const torch::Tensor& difference) {
    torch::Tensor c = difference;  // reaches over the padding, so whole groups of pixels are there
    const int rows = format.chroma == ChromaFormat::k420 ? 2 : 1, columns = format.chroma == ChromaFormat::k444 ? 1 : 2;
    if (rows * columns > 1) c = torch::avg_pool2d(c.contiguous(), {rows, columns});
    append_plane(c.slice(2, 0, format.plane_height(1)).slice(3, 0, format.plane_width(1)) * scale.chroma_scale + scale.chroma_offset, format, samples);
  };
  append_chroma((blue - y) / (2 * (1 - weights.blue)));
  append_chroma((red - y) / (2 * (1 - weights.red)));
  return samples;
}

}  // namespace laconic
