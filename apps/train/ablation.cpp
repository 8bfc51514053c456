#include "apps/train/ablation.h"

#include <functional>

namespace laconic::train {
namespace {

using models::ImageConfig;
using models::ImageNetwork;

constexpr double kQualitySteps[] = {512, 1024, 1536};

ImageNetwork copy_with(ImageNetwork network, const ImageConfig& config) {
  torch::NoGradGuard no_grad;
  ImageNetwork copy(config);
  auto from = network->named_parameters();
  for (auto& item : copy->named_parameters()) item.value().copy_(from[item.key()]);
  return copy;
}

double mean_bpp(ImageNetwork network, const std::vector<Picture>& pictures) {
  torch::NoGradGuard no_grad;
  double sum = 0;
  for (const Picture& picture : pictures) {
    const int64_t height = picture.height_px / 64 * 64, width = picture.width_px / 64 * 64;
    const torch::Tensor samples = torch::from_blob(const_cast<uint8_t*>(picture.rgb.get()), {picture.height_px, picture.width_px, 3}, torch::kByte);
    const torch::Tensor x = (samples.slice(0, 0, height).slice(1, 0, width).permute({2, 0, 1}).unsqueeze(0).to(torch::kFloat) / 255)
                                .contiguous(torch::MemoryFormat::ChannelsLast);
    for (const double step : kQualitySteps) {
      const auto estimate = network->estimate(x, torch::full({1}, step), nullptr, torch::kFloat);
      sum += (estimate.bits_y.item<double>() + estimate.bits_z.item<double>()) / static_cast<double>(height * width);
    }
  }
  return sum / static_cast<double>(pictures.size() * std::size(kQualitySteps));
}

}  // namespace

std::vector<AblationRow> measure_ablations(ImageNetwork network, const std::vector<Picture>& pictures) {
  const std::pair<const char*, std::function<void(ImageConfig&)>> variants[] = {
      {"whole model", [](ImageConfig&) {}},
      {"no channel reference", [](ImageConfig& c) { c.channel_reference = false; }},
      {"no local reference", [](ImageConfig& c) { c.local_reference = false; }},
      {"no global reference", [](ImageConfig& c) { c.global_reference = false; }},
      {"no reweighting", [](ImageConfig& c) { c.reweighting = false; }},
      {"hyperprior alone", [](ImageConfig& c) { c.channel_reference = c.local_reference = c.global_reference = c.reweighting = false; }},
  };
  std::vector<AblationRow> rows;
  for (const auto& [name, change] : variants) {
    ImageConfig config = network->config();
    change(config);
    rows.push_back({name, mean_bpp(copy_with(network, config), pictures), 0});
  }
  ImageNetwork twin = copy_with(network, network->config());
  for (auto& [name, convolution] : twin->scale_context->convolutions()) convolution->set_float_twin(true);
  rows.push_back({"float scale networks", mean_bpp(twin, pictures), 0});
  for (AblationRow& row : rows) row.more_rate = (row.bpp / rows[0].bpp - 1) * 100;
  return rows;
}

}  // namespace laconic::train
