#include "apps/train/train_config.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace laconic::train {
namespace {

template <typename Config, typename Visit>
void visit_fields(Config& c, Visit&& visit) {
  visit("steps", c.steps);
  visit("batch_size", c.batch_size);
  visit("crop_px", c.crop_px);
  visit("num_frames", c.num_frames);
  visit("lr", c.lr);
  visit("warmup_steps", c.warmup_steps);
  visit("decay_from", c.decay_from);
  visit("final_lr", c.final_lr);
  visit("shortcut_lr", c.shortcut_lr);
  visit("max_rotated_side", c.max_rotated_side);
  visit("precondition_every", c.precondition_every);
  visit("clip_norm", c.clip_norm);
  visit("ema_decay", c.ema_decay);
  visit("bfloat16", c.bfloat16);
  visit("num_workers", c.num_workers);
  visit("seed", c.seed);
  visit("log_every", c.log_every);
  visit("checkpoint_every", c.checkpoint_every);
  visit("validate_every", c.validate_every);
}

}  // namespace

double TrainConfig::learning_rate_at(int64_t step, double done) const {
  const double warm = std::min(1.0, (step + 1.0) / std::max<int64_t>(1, warmup_steps));
  if (done <= decay_from || decay_from >= 1) return lr * warm;
  const double fall = std::min(1.0, (done - decay_from) / (1 - decay_from));
  return lr * warm * (final_lr + (1 - final_lr) * 0.5 * (1 + std::cos(M_PI * fall)));
}

Result<TrainConfig> read_train_config(const std::string& path) {
  std::ifstream file(path);
  if (!file) return io_error("cannot open the configuration " + path);
  std::stringstream text;
  text << file.rdbuf();
  const nlohmann::json json = nlohmann::json::parse(text.str(), nullptr, false, /*ignore_comments=*/true);
  if (!json.is_object()) return invalid_argument(path + " is not a JSON object");
  TrainConfig config;
  std::string wrong;
  visit_fields(config, [&](const char* name, auto& field) {
    if (!json.contains(name)) return;
    if (json[name].is_number() || json[name].is_boolean()) field = json[name].get<std::decay_t<decltype(field)>>();
    else wrong = name;
  });
  for (const auto& [name, value] : json.items()) {
    bool known = name == "network" || name == "audio_network" || name == "video_network";
    visit_fields(config, [&, &key = name](const char* field_name, auto&) { known = known || key == field_name; });
    if (!known) wrong = name;
  }
  if (!wrong.empty()) return invalid_argument(path + " has an unknown or badly typed entry '" + wrong + "'");
  if (json.contains("network")) {
    const std::string error = models::config_from_json(json["network"].dump(), config.network);
    if (!error.empty()) return invalid_argument(path + ": " + error);
  }
  if (json.contains("audio_network")) {
    const std::string error = models::audio_config_from_json(json["audio_network"].dump(), config.audio_network.emplace());
    if (!error.empty()) return invalid_argument(path + ": " + error);
  }
  if (json.contains("video_network")) {
    const std::string error = models::loop_filter_config_from_json(json["video_network"].dump(), config.video_network.emplace());
    if (!error.empty()) return invalid_argument(path + ": " + error);
  }
  const int max_frames = config.audio_network ? 1024 : 32;
  if (config.num_frames < 1 || config.num_frames > max_frames)
    return invalid_argument(path + ": num_frames must be 1 to " + std::to_string(max_frames));
  if (config.batch_size < 1 || config.crop_px < 64 || config.crop_px % 64 != 0 || config.steps < 1 || config.lr <= 0 || config.precondition_every < 1)
    return invalid_argument(path + ": batch_size, steps, lr and precondition_every must be positive, crop_px a positive multiple of 64");
  return config;
}

std::string train_config_to_json(const TrainConfig& config) {
  nlohmann::json json;
  visit_fields(config, [&](const char* name, const auto& field) { json[name] = field; });
  if (config.audio_network) json["audio_network"] = nlohmann::json::parse(models::audio_config_to_json(*config.audio_network));
  else if (config.video_network) json["video_network"] = nlohmann::json::parse(models::loop_filter_config_to_json(*config.video_network));
  else json["network"] = nlohmann::json::parse(models::config_to_json(config.network));
  return json.dump();
}

}  // namespace laconic::train
