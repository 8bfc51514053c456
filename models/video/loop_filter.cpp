#include "models/video/loop_filter.h"

#include "models/config_fields.h"
#include "models/video/filter_features.h"

namespace laconic::models {
namespace {

template <typename Config, typename Visit>
void visit_fields(Config& c, Visit&& visit) {
  visit("width", c.width);
  visit("blocks", c.blocks);
}

}  // namespace

std::string loop_filter_config_to_json(const LoopFilterConfig& config) {
  return fields_to_json([&](auto&& visit) { visit_fields(config, visit); });
}

std::string loop_filter_config_from_json(const std::string& text, LoopFilterConfig& config) {
  const std::string wrong = fields_from_json(text, [&](auto&& visit) { visit_fields(config, visit); });
  if (!wrong.empty()) return wrong;
  const bool is_sane = config.width >= 4 && config.width <= 512 && config.blocks >= 0 && config.blocks <= 32;
  return is_sane ? std::string() : "the network's configuration has a width or count out of range";
}

LoopFilterImpl::LoopFilterImpl(const LoopFilterConfig& config) : config_(config) {
  embed_ = register_module("embed", Pointwise(kFilterFeatures, config.width));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (int i = 0; i < config.blocks; ++i) blocks_->push_back(TokenMixer(config.width));
  out_ = register_module("out", Pointwise(config.width, kCorrections, 0.0));
}

FramePlanes LoopFilterImpl::forward(const FramePlanes& coded, const FramePlanes& reference, const torch::Tensor& steps) {
  torch::Tensor x = activate(embed_(filter_features(coded, reference, steps)));
  for (const auto& block : *blocks_) x = block->as<TokenMixerImpl>()->forward(x);
  return add_correction(coded, out_(x), steps);
}

}  // namespace laconic::models
