// What an image network looks like: widths, references, quality law. Kept in the weights file's metadata.
#pragma once

#include <cmath>
#include <string>

namespace laconic::models {

constexpr int kNumAnchors = 9;           // quality steps 0, 256, ..., 2048
constexpr int kMaxQualityStep = 2048;
constexpr int kNumScales = 64;           // scale indexes 0..63
constexpr int kNumPasses = 4;
constexpr int kLatentStride = 16;        // pixels per latent
constexpr int kHyperStride = 4;          // latents per hyper-latent
constexpr int kSuperblockLatents = 32;   // latents on a side of a superblock

struct ImageConfig {
  int width_8 = 128;        // channels of the blocks at 1/8
  int width_16 = 192;       // channels of the blocks at 1/16
  int analysis_blocks_8 = 3, analysis_blocks_16 = 2;
  int synthesis_blocks_16 = 2, synthesis_blocks_8 = 4;
  int latents = 320;        // M
  int hyper_latents = 64;   // Z
  int context_width = 128;  // channels of the mean context network
  int scale_width = 96;     // channels of the exact scale network
  // References, each of which can be switched off to measure its worth.
  bool channel_reference = true;
  bool local_reference = true;
  bool global_reference = true;
  bool reweighting = true;
  // Training starts with the channels sorted into the four groups by importance (ISCS), instead of dealt out in turn.
  bool groups_by_importance = false;
  // lambda of the loss lambda * 255^2 * MSE + bpp at qualities 0 and 100, log-linear in between.
  double lambda_low = 0.0008, lambda_high = 0.25;
};

// Range of the latents' scales: level i stands for sigma = kScaleMin * (kScaleMax / kScaleMin)^(i / 63).
constexpr double kScaleMin = 0.11, kScaleMax = 128.0;
inline double log_scale_step() { return std::log(kScaleMax / kScaleMin) / (kNumScales - 1); }

inline double lambda_at(const ImageConfig& c, double step) {
  return c.lambda_low * std::pow(c.lambda_high / c.lambda_low, step / kMaxQualityStep);
}
// Quantisation step of an orthonormal transform of pixels in 0..1 that suits lambda (high-rate theory, a little finer).
inline double quantisation_step_at(const ImageConfig& c, double step) { return 0.7 * std::sqrt(4.0e-4 / lambda_at(c, step)); }

// JSON text of the config, as in the weights file; parse returns an empty string or one sentence of what is wrong.
std::string config_to_json(const ImageConfig& config);
std::string config_from_json(const std::string& json, ImageConfig& config);

}  // namespace laconic::models
