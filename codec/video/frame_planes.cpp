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

constexpr double kUnit = 255;  // of planes: what FORMAT.md 19 calls 1

}  // namespace

models::FramePlanes read_frame(const VideoFrame& frame) {
  const VideoFormat& format = frame.format;
  const SampleScale scale = sample_scale(format);
  const int height = round_up(format.height_px), width = round_up(format.width_px);
  const auto padded = [](const torch::Tensor& plane, int64_t h, int64_t w) {
    return torch::replication_pad2d(plane, {0, w - plane.size(3), 0, h - plane.size(2)});
  };
  const auto chroma = [&](int plane) {
    torch::Tensor c = (read_plane(frame, plane) - scale.chroma_offset) * (kUnit / scale.chroma_scale);
    if (format.chroma == ChromaFormat::k422) c = torch::upsample_nearest2d(c, {c.size(2), 2 * c.size(3)}).slice(3, 0, format.width_px);
    const int shrink = format.chroma == ChromaFormat::k420 ? 2 : 1;
    return padded(c, height / shrink, width / shrink);
  };
  models::FramePlanes planes;
  planes.luma = padded((read_plane(frame, 0) - scale.luma_offset) * (kUnit / scale.luma_scale), height, width);
  planes.chroma = torch::cat({chroma(1), chroma(2)}, 1);
  return planes;
}

Bytes write_frame(const models::FramePlanes& planes, const VideoFormat& format) {
  const SampleScale scale = sample_scale(format);
  Bytes samples;
  samples.reserve(format.frame_bytes());
  append_plane(planes.luma.slice(2, 0, format.height_px).slice(3, 0, format.width_px) * (scale.luma_scale / kUnit) + scale.luma_offset, format, samples);
  torch::Tensor chroma = planes.chroma;
  if (format.chroma == ChromaFormat::k422) chroma = torch::avg_pool2d(chroma.contiguous(), {1, 2});
  chroma = chroma.slice(2, 0, format.plane_height(1)).slice(3, 0, format.plane_width(1)) * (scale.chroma_scale / kUnit) + scale.chroma_offset;
  append_plane(chroma.narrow(1, 0, 1), format, samples);
  append_plane(chroma.narrow(1, 1, 1), format, samples);
  return samples;
}

torch::Tensor to_rgb(const models::FramePlanes& planes, const VideoColour& colour) {
  const LumaWeights weights = luma_weights(colour);
  const torch::Tensor y = planes.luma / kUnit;
  torch::Tensor chroma = planes.chroma / kUnit;
  if (chroma.size(2) != y.size(2)) chroma = torch::upsample_nearest2d(chroma, {y.size(2), y.size(3)});
  const torch::Tensor red = y + chroma.narrow(1, 1, 1) * (2 * (1 - weights.red)), blue = y + chroma.narrow(1, 0, 1) * (2 * (1 - weights.blue));
  const torch::Tensor green = (y - red * weights.red - blue * weights.blue) / weights.green();
  return torch::cat({red, green, blue}, 1).contiguous(torch::MemoryFormat::ChannelsLast);
}

models::FramePlanes from_rgb(const torch::Tensor& x, const VideoFormat& format) {
  const LumaWeights weights = luma_weights(format.colour);
  const torch::Tensor red = x.narrow(1, 0, 1), green = x.narrow(1, 1, 1), blue = x.narrow(1, 2, 1);
  const torch::Tensor y = red * weights.red + green * weights.green() + blue * weights.blue;
  torch::Tensor chroma = torch::cat({(blue - y) / (2 * (1 - weights.blue)), (red - y) / (2 * (1 - weights.red))}, 1).contiguous();
  if (format.chroma == ChromaFormat::k420) chroma = torch::avg_pool2d(chroma, 2);
  return {(y * kUnit).contiguous(), chroma * kUnit};
}

}  // namespace laconic
