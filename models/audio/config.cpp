#include "models/audio/config.h"

#include "models/config_fields.h"

namespace laconic::models {
namespace {

template <typename Config, typename Visit>
void visit_fields(Config& c, Visit&& visit) {
  visit("scale_width", c.scale_width);
  visit("hyper_width", c.hyper_width);
  visit("synthesis_width", c.synthesis_width);
  visit("hyper_latents", c.hyper_latents);
  visit("time_reference", c.time_reference);
  visit("local_reference", c.local_reference);
  visit("hyper_reference", c.hyper_reference);
  visit("stereo_reference", c.stereo_reference);
}

}  // namespace

std::string audio_config_to_json(const AudioConfig& config) {
  return fields_to_json([&](auto&& visit) { visit_fields(config, visit); });
}

std::string audio_config_from_json(const std::string& text, AudioConfig& config) {
  const std::string wrong = fields_from_json(text, [&](auto&& visit) { visit_fields(config, visit); });
  if (!wrong.empty()) return wrong;
  const AudioConfig& c = config;
  const auto in_range = [](int value, int low, int high) { return value >= low && value <= high; };
  const bool sane = in_range(c.scale_width, 16, 160) && in_range(c.hyper_width, 8, 512) && in_range(c.synthesis_width, 8, 512) &&
                    in_range(c.hyper_latents, 1, 32);
  return sane ? std::string() : "the network's configuration has a width or count out of range";
}

}  // namespace laconic::models
