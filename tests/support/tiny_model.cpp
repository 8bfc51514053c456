#include "tests/support/tiny_model.h"

#include <algorithm>
#include <cmath>

#include "entropy/cdf_table.h"

namespace laconic::test {
namespace {

constexpr int kHyperLatents = 8, kNumHyperTables = models::kNumAnchors * kHyperLatents;

models::StoredTable gaussian_table(double sigma) {
  const int range = std::max(2, static_cast<int>(std::ceil(5 * sigma)) + 1);
  std::vector<uint64_t> counts;
  for (int symbol = -range; symbol <= range; ++symbol)
    counts.push_back(static_cast<uint64_t>(1e9 * std::exp(-0.5 * symbol * symbol / (sigma * sigma))) + 1);
  counts.push_back(1);
  const CdfTable table = make_cdf_table(-range, counts);
  return {table.min_symbol, table.cdf};
}

}  // namespace

models::LatentTables tiny_tables(int num_hyper_tables) {
  models::LatentTables tables;
  for (int i = 0; i < models::kNumScales; ++i)
    tables.scales.push_back(gaussian_table(models::kScaleMin * std::exp(i * models::log_scale_step())));
  tables.hyper.assign(static_cast<size_t>(num_hyper_tables), gaussian_table(3));
  tables.skip_below = 3;
  return tables;
}

models::ImageConfig tiny_config() {
  models::ImageConfig config;
  config.width_8 = config.width_16 = 16;
  config.analysis_blocks_8 = config.analysis_blocks_16 = config.synthesis_blocks_16 = config.synthesis_blocks_8 = 1;
  config.latents = 48;
  config.hyper_latents = kHyperLatents;
  config.context_width = 32;
  config.scale_width = 16;
  return config;
}

Status write_tiny_model(const std::string& path, uint64_t seed) {
  torch::manual_seed(seed);
  models::ImageNetwork network(tiny_config());
  // Smooth random blocks, so that the principal components resemble those of pictures.
  const torch::Tensor coarse = torch::rand({4096, 3, 2, 2});
  const auto to_block = torch::nn::functional::InterpolateFuncOptions().size(std::vector<int64_t>{16, 16}).mode(torch::kBilinear).align_corners(false);
  const torch::Tensor blocks = torch::nn::functional::interpolate(coarse, to_block) + 0.05 * torch::randn({4096, 3, 16, 16}) - 0.5;
  network->start_from_blocks(torch::pixel_unshuffle(blocks, 16).reshape({4096, 768}));
  {
    // Layers that training starts at zero get weights, so that every part takes part.
    torch::NoGradGuard no_grad;
    for (auto& item : network->named_parameters()) {
      if (item.value().dim() == 4 && item.value().abs().max().item<double>() == 0) item.value().normal_(0, 0.01);
    }
  }
  return models::save_weights(path, network, tiny_tables(kNumHyperTables), R"({"note": "random weights for tests"})");
}

Status write_tiny_video_model(const std::string& path, const std::string& image_path, uint64_t seed) {
  LACONIC_ASSIGN_OR_RETURN(const std::unique_ptr<models::ImageWeights> image, models::load_weights(image_path, "cpu"));
  torch::manual_seed(seed);
  models::LoopFilterConfig config;
  config.width = 8;
  config.blocks = 1;
  models::LoopFilter filter(config);
  torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : filter->parameters()) {
    if (parameter.abs().max().item<double>() == 0) parameter.normal_(0, 0.002);  // else nothing is filtered
  }
  return models::save_video_weights(path, filter, models::model_id_text(image->model_id), R"({"note": "random weights for tests"})");
}

}  // namespace laconic::test
