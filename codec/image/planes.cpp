#include "codec/image/planes.h"

#include <algorithm>

namespace laconic {
namespace {

// Channels of the set within a pixel: [first, first + count).
struct ChannelRange {
  int first, count;
};
ChannelRange channels_of(const Image& image, PlaneSet set) {
  if (set == PlaneSet::kAlpha) return {image.num_channels - 1, 1};
  return {0, image.is_grey() ? 1 : 3};
}

// The rectangle's samples as a view: uint8 or int16 (bit patterns of uint16) [height, width, channels].
torch::Tensor view_of(const Image& image, const Rect& rect) {
  const int bytes = image.bytes_per_sample();
  auto* start = const_cast<uint8_t*>(image.samples.data()) + rect.y * image.row_bytes() +
                static_cast<size_t>(rect.x) * image.num_channels * bytes;
  const int64_t row = static_cast<int64_t>(image.row_bytes()) / bytes;
  return torch::from_blob(start, {rect.height, rect.width, image.num_channels}, {row, image.num_channels, 1},
                          bytes == 2 ? torch::kShort : torch::kByte);
}

}  // namespace

torch::Tensor read_planes(const Image& image, PlaneSet set, const Rect& rect) {
  Rect inside = rect;
  inside.width = std::min(rect.width, image.width_px - rect.x);
  inside.height = std::min(rect.height, image.height_px - rect.y);
  const ChannelRange channels = channels_of(image, set);
  torch::Tensor x = view_of(image, inside).narrow(2, channels.first, channels.count);
  if (image.bit_depth == 16) x = x.to(torch::kInt).bitwise_and(0xFFFF);
  x = x.to(torch::kFloat).div_(image.bit_depth == 16 ? 65535 : 255).permute({2, 0, 1}).unsqueeze(0);
  if (channels.count == 1) x = x.expand({1, 3, inside.height, inside.width});
  if (inside.width < rect.width || inside.height < rect.height)
    x = torch::replication_pad2d(x.contiguous(), {0, rect.width - inside.width, 0, rect.height - inside.height});
  return x.contiguous(torch::MemoryFormat::ChannelsLast);
}

void write_planes(const torch::Tensor& x_hat, PlaneSet set, int x, int y, Image& image) {
  const int64_t height = std::min<int64_t>(x_hat.size(2), image.height_px - y);
  const int64_t width = std::min<int64_t>(x_hat.size(3), image.width_px - x);
  const ChannelRange channels = channels_of(image, set);
  torch::Tensor samples = x_hat.slice(2, 0, height).slice(3, 0, width).to(torch::kCPU);
  if (channels.count == 1) samples = samples.mean(1, /*keepdim=*/true);
  samples = samples.clamp(0, 1).mul(image.bit_depth == 16 ? 65535 : 255).round_();
  const Rect target{x, y, static_cast<int>(width), static_cast<int>(height)};
  // 32768..65535 become the negative int16 of the same bits.
  if (image.bit_depth == 16) samples = samples.to(torch::kInt);
  view_of(image, target).narrow(2, channels.first, channels.count).copy_(samples[0].permute({1, 2, 0}));
}

}  // namespace laconic
