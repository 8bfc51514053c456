#include "models/image/config.h"

#include "models/config_fields.h"

namespace laconic::models {
namespace {

// Every field once, for reading and writing alike.
template <typename Config, typename Visit>
void visit_fields(Config& c, Visit&& visit) {
  visit("width_8", c.width_8);
  visit("width_16", c.width_16);
  visit("analysis_blocks_8", c.analysis_blocks_8);
  visit("analysis_blocks_16", c.analysis_blocks_16);
  visit("synthesis_blocks_16", c.synthesis_blocks_16);
  visit("synthesis_blocks_8", c.synthesis_blocks_8);
  visit("latents", c.latents);
  visit("hyper_latents", c.hyper_latents);
  visit("context_width", c.context_width);
  visit("scale_width", c.scale_width);
  visit("channel_reference", c.channel_reference);
  visit("local_reference", c.local_reference);
  visit("global_reference", c.global_reference);
  visit("reweighting", c.reweighting);
  visit("groups_by_importance", c.groups_by_importance);
  visit("lambda_low", c.lambda_low);
  visit("lambda_high", c.lambda_high);
}

bool in_range(int value, int low, int high) { return value >= low && value <= high; }

}  // namespace

std::string config_to_json(const ImageConfig& config) {
  return fields_to_json([&](auto&& visit) { visit_fields(config, visit); });
}

std::string config_from_json(const std::string& text, ImageConfig& config) {
  const std::string wrong = fields_from_json(text, [&](auto&& visit) { visit_fields(config, visit); });
  if (!wrong.empty()) return wrong;
  const ImageConfig& c = config;
  const bool sane = in_range(c.width_8, 16, 1024) && in_range(c.width_16, 16, 1024) && in_range(c.analysis_blocks_8, 0, 32) &&
                    in_range(c.analysis_blocks_16, 0, 32) && in_range(c.synthesis_blocks_16, 0, 32) &&
                    in_range(c.synthesis_blocks_8, 0, 32) && in_range(c.latents, 4, 512) && c.latents % 4 == 0 &&
                    in_range(c.hyper_latents, 4, 256) && in_range(c.context_width, 32, 512) && c.context_width % 32 == 0 &&
                    in_range(c.scale_width, 16, 256) && c.lambda_low > 0 && c.lambda_high > c.lambda_low;
  return sane ? std::string() : "the network's configuration has a width or count out of range";
}

}  // namespace laconic::models
