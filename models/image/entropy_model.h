// The multi-reference entropy model (after MLIC++ and MLICv2), in two parts that see the same references: a float part that
// predicts means, and an exact part that predicts scale indexes (design.md sections 2 and 3).
//
//   z_hat --h_s-------> hyper features --+                        z_hat --exact h_s--> hyper features --+
//   y_hat of earlier passes:             |                        |r| of earlier passes:                |
//     channel: same position             +--> means               channel: same position                +--> scale
//     local:   5x5 around                |                        local:   5x5 around                   |    indexes
//     global:  linear attention          +                        global:  superblock average           +
//
// Use, for each superblock batch: begin(), then for pass 0..3: predict(state, pass), learn(state, pass, what was coded).
// Heights and widths are those of the superblock's latents rounded up to even (passes.h).
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "models/blocks.h"
#include "models/exact.h"
#include "models/image/config.h"
#include "models/image/passes.h"

namespace laconic::models {

// |r| as an activation 0..255 that saturates gently; exact.
torch::Tensor magnitude_activation(const torch::Tensor& r);

// Float: means of the residuals' distributions, and nothing that the coder depends on.
class MeanContextImpl : public torch::nn::Module {
 public:
  explicit MeanContextImpl(const ImageConfig& config);

  struct State {
    torch::Tensor hyper;               // [N, context_width, h, w]
    torch::Tensor unit;                // [N, 1, 1, 1]
    std::vector<torch::Tensor> known;  // per phase [N, 2 context_width, h/2, w/2]: sums of the channel and local references
  };
  // z_hat: [N, Z, hz, wz] in the type the network computes in; h, w even, at most 4 hz, 4 wz. unit: [N, 1, 1, 1], the
  // quantised value of one unit of y at mid quality: the network sees the same range at every quality.
  State begin(const torch::Tensor& z_hat, const torch::Tensor& unit, int64_t h, int64_t w);
  // Means of what the pass codes: float32 [N, M, h/2, w/2].
  torch::Tensor predict(const State& state, int pass);
  // y_hat: what the pass coded, float32 [N, M, h/2, w/2].
  void learn(State& state, int pass, const torch::Tensor& y_hat);

 private:
  torch::Tensor attend(const torch::Tensor& query, const torch::Tensor& memory);

  ImageConfig config_;
  Pointwise h_s_0_{nullptr}, h_s_1_{nullptr};
  TokenMixer h_s_block_0_{nullptr}, h_s_block_1_{nullptr};
  torch::Tensor pass_embedding_;  // [4, context_width]
  Pointwise references_{nullptr};  // channel and local: M -> 2 context_width
  Pointwise query_{nullptr}, key_{nullptr}, value_{nullptr}, global_{nullptr}, gate_{nullptr};
  Depthwise neighbours_{nullptr};
  TokenMixer fuse_{nullptr};
  Pointwise out_{nullptr};
};
TORCH_MODULE(MeanContext);

// The exact networks of the scale part, ready to run: integers only.
struct ScaleNetworks {
  ExactConv h_s_0, h_s_mix, h_s_1, h_s_2, references, neighbours, global, gate, hidden, spread, out;
  torch::Tensor quality_embedding, pass_embedding;  // exact [9, scale_width], [4, scale_width]
  // The convolutions in the order of ScaleContextImpl::convolutions().
  std::vector<ExactConv*> layers();
  // Empty, or one sentence naming the layer whose sums are not provably exact.
  std::string prove_bounds();
  void to(const torch::Device& device);
};

// Exact: scale indexes from z_hat and residual symbols.
class ScaleContextImpl : public torch::nn::Module {
 public:
  explicit ScaleContextImpl(const ImageConfig& config);

  ScaleNetworks prepare() const;

  struct State {
    torch::Tensor hyper;               // exact [N, scale_width, h, w]
    std::vector<torch::Tensor> known;  // per phase [N, 2 scale_width, h/2, w/2]: sums, before shift and clamp
    torch::Tensor magnitudes;          // [N, M, 1, 1]: sum of magnitude activations
  };
  // z_hat: exact [N, Z, hz, wz]; steps: exact [N].
  State begin(const ScaleNetworks& networks, const torch::Tensor& z_hat, const torch::Tensor& steps, int64_t h, int64_t w) const;
  // Scale indexes of what the pass codes: exact 0..63 [N, M, h/2, w/2].
  torch::Tensor predict(const ScaleNetworks& networks, const State& state, int pass) const;
  // r: residual symbols the pass coded, exact [N, M, h/2, w/2].
  void learn(const ScaleNetworks& networks, State& state, int pass, const torch::Tensor& r) const;

  // Sets the output bias so that training starts from these indexes. indexes: [M].
  void start_from(const torch::Tensor& indexes);
  // Master weights from which prepare() makes networks equal to these.
  void set_integers(ScaleNetworks& networks);
  // The exact convolutions by name, for weights files.
  std::vector<std::pair<std::string, ExactConv2d>> convolutions() const;

 private:
  ImageConfig config_;
  torch::Tensor quality_embedding_, pass_embedding_;  // float masters, in units of kUnit
  ExactConv2d h_s_0_{nullptr}, h_s_mix_{nullptr}, h_s_1_{nullptr}, h_s_2_{nullptr};
  ExactConv2d references_{nullptr}, neighbours_{nullptr}, global_{nullptr}, gate_{nullptr};
  ExactConv2d hidden_{nullptr}, spread_{nullptr}, out_{nullptr};
};
TORCH_MODULE(ScaleContext);

}  // namespace laconic::models
