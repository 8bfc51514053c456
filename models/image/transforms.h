// Analysis g_a and synthesis g_s: a linear shortcut (16x16 block transform, started from PCA) beside a light network that
// works at 1/8 and 1/16. y = L x + net(x); x_hat = L' y_hat + net'(y_hat). design.md section 3; AuxT (ICLR 2025), WaLLoC.
#pragma once

#include <torch/torch.h>

#include "models/blocks.h"
#include "models/image/config.h"

namespace laconic::models {

// Pixels that g_a needs around a pixel, and latents that g_s needs around a latent: the halo of banded processing.
int analysis_halo_px(const ImageConfig& config);       // a multiple of 16
int synthesis_halo_latents(const ImageConfig& config);

class AnalysisImpl : public torch::nn::Module {
 public:
  explicit AnalysisImpl(const ImageConfig& config);
  // x: float32 [N, 3, H, W], 0..1, H and W multiples of 16; steps: [N]. Result y: float32 [N, M, H/16, W/16] before gain.
  // The network part computes in `net_type` (float32 or bfloat16), the shortcut always in float32.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& steps, torch::ScalarType net_type);

  torch::Tensor shortcut;  // L: [M, 768, 1, 1] over folded pixels
 private:
  torch::Tensor log_gains_8_;  // [A, width_8]: how quality steers the network
  Pointwise embed_{nullptr}, down_{nullptr}, out_{nullptr};
  torch::nn::ModuleList blocks_8_, blocks_16_;
};
TORCH_MODULE(Analysis);

class SynthesisImpl : public torch::nn::Module {
 public:
  explicit SynthesisImpl(const ImageConfig& config);
  // y: float32 [N, M, h, w] after inverse gain. Result x_hat: float32 [N, 3, 16 h, 16 w], about 0..1, not clamped.
  torch::Tensor forward(const torch::Tensor& y, const torch::Tensor& steps, torch::ScalarType net_type);

  torch::Tensor shortcut;  // L': [768, M, 1, 1]
 private:
  torch::Tensor log_gains_8_;
  Pointwise embed_{nullptr}, up_{nullptr}, out_{nullptr};
  torch::nn::ModuleList blocks_16_, blocks_8_;
};
TORCH_MODULE(Synthesis);

}  // namespace laconic::models
