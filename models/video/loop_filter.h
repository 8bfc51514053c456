// The network that repairs a predicted frame after its residual is added: what quantisation took away and left behind, blocks' edges first
// of all. What it gives is what the next frame is predicted from, where the encoder says so (FORMAT.md 18.2).
//
//   planes, their residual, step --fold by 4--> features --token mixers at 1/4--> correction, in steps
//
// In the place of the deblocking filters of H.264 and later; as a learned one: MFQE (arXiv 1803.04680), and the loop filters of
// VVC's neural extensions.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "models/blocks.h"
#include "models/video/residual.h"

namespace laconic::models {

struct LoopFilterConfig {
  int width = 64;   // channels
  int blocks = 4;   // token mixers
};
std::string loop_filter_config_to_json(const LoopFilterConfig& config);
// Empty, or one sentence of what is wrong.
std::string loop_filter_config_from_json(const std::string& text, LoopFilterConfig& config);

class LoopFilterImpl : public torch::nn::Module {
 public:
  explicit LoopFilterImpl(const LoopFilterConfig& config);
  // coded: reference + residual, of one frame or of several ([N, ...]). steps: float32 [N], those of their residuals. Float, and needs not
  // be exact. All on the network's device.
  FramePlanes forward(const FramePlanes& coded, const FramePlanes& reference, const torch::Tensor& steps);

  const LoopFilterConfig& config() const { return config_; }

 private:
  LoopFilterConfig config_;
  Pointwise embed_{nullptr}, out_{nullptr};
  torch::nn::ModuleList blocks_;
};
TORCH_MODULE(LoopFilter);

}  // namespace laconic::models
