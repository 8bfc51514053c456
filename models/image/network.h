// The whole image network, for the trainer (estimate) and for the pipelines in codec/image (the single steps).
#pragma once

#include <torch/torch.h>

#include <functional>

#include "models/blocks.h"
#include "models/image/config.h"
#include "models/image/entropy_model.h"
#include "models/image/transforms.h"

namespace laconic::models {

// Hyper-analysis: y in quantised units [N, M, h, w] -> z [N, Z, ceil(h/4), ceil(w/4)].
class HyperAnalysisImpl : public torch::nn::Module {
 public:
  explicit HyperAnalysisImpl(const ImageConfig& config);
  torch::Tensor forward(const torch::Tensor& y);

 private:
  Pointwise embed_{nullptr}, down_0_{nullptr}, down_1_{nullptr}, out_{nullptr};
  TokenMixer block_0_{nullptr}, block_1_{nullptr};
};
TORCH_MODULE(HyperAnalysis);

// What one training pass knows about a batch. All per sample: [N].
struct ImageEstimate {
  torch::Tensor x_hat;      // [N, 3, H, W]
  torch::Tensor bits_y;     // estimated bits of the residual symbols
  torch::Tensor bits_z;
  // Not per sample: what was (or with noise would be) coded, for counting tables. z_hat: [N, Z, h/4, w/4]; residuals and
  // scale indexes alike in shape, order of no meaning.
  torch::Tensor z_hat, residuals, indexes;
};

// Uniform noise in -0.5..0.5 in the shapes of y and z: given, so that several threads stay reproducible.
struct QuantisationNoise {
  torch::Tensor y, z;
};

// What becomes of the continuous residuals of a pass: `coded` is what the rate is of, `kept` what reconstruction and later
// passes see. A function of the residuals, their scale indexes (both [N, M, h/2, w/2]) and the pass.
struct Rounding {
  torch::Tensor coded, kept;
};
using RoundingRule = std::function<Rounding(const torch::Tensor& residual, const torch::Tensor& index, int pass)>;

// The entropy model's view of latents: y_hat [N, M, h, w]; bits per sample [N]; residuals and indexes as in ImageEstimate.
struct LatentEstimate {
  torch::Tensor y_hat, bits_y, residuals, indexes;
};

// The probability model of latents: hyperprior and multi-reference contexts.
class LatentModelImpl : public torch::nn::Module {
 public:
  explicit LatentModelImpl(const ImageConfig& config);

  // The four passes over y (h, w even) beside z_hat, with gradients through both; of the scales only as far as they depend
  // on z_hat and the networks' weights, for symbols carry none.
  LatentEstimate estimate_latents(const ScaleNetworks& scale_networks, const torch::Tensor& y, const torch::Tensor& z_hat,
                                  const torch::Tensor& steps, const RoundingRule& rounding, torch::ScalarType net_type);
  // Bits of z, per sample, by the logistic prior of training. z: rounded or with noise.
  torch::Tensor hyper_bits(const torch::Tensor& z, const torch::Tensor& steps);
  torch::Tensor unit(const torch::Tensor& steps) const;  // [N, 1, 1, 1], see MeanContext::begin

  const ImageConfig& config() const { return config_; }
  HyperAnalysis h_a{nullptr};
  MeanContext mean_context{nullptr};
  ScaleContext scale_context{nullptr};
  torch::Tensor z_log_scales, z_means;  // [A, Z]: the logistic prior of z while training

 protected:
  ImageConfig config_;
};
TORCH_MODULE(LatentModel);

class ImageNetworkImpl : public LatentModelImpl {
 public:
  explicit ImageNetworkImpl(const ImageConfig& config);

  // --- training ---
  // x: [N, 3, H, W] float 0..1, H and W multiples of 64; steps: [N] quality steps. With noise the rate is that of the noisy
  // latents and the distortion that of straight-through rounding (design.md section 6); with null everything is rounded.
  ImageEstimate estimate(const torch::Tensor& x, const torch::Tensor& steps, const QuantisationNoise* noise,
                         torch::ScalarType net_type);
  QuantisationNoise draw_noise(int64_t batch_size, int64_t height_px, int64_t width_px) const;
  // Shortcuts from the principal components of blocks [K, 768] (mid-grey at 0), gains and scales to match.
  void start_from_blocks(const torch::Tensor& blocks);

  // --- the single steps of the codec; steps is a [1] tensor on the network's device ---
  torch::Tensor analyse(const torch::Tensor& x, const torch::Tensor& steps, torch::ScalarType net_type);   // -> y, quantised units
  torch::Tensor synthesise(const torch::Tensor& y_hat, const torch::Tensor& steps, torch::ScalarType net_type);  // -> x_hat

  Analysis g_a{nullptr};
  Synthesis g_s{nullptr};
  torch::Tensor log_gains, log_inverse_gains;  // [A, M]
};
TORCH_MODULE(ImageNetwork);

// The symbols with the least bits + curvature * (v - r)^2 among the nearest, the next nearer to 0, and 0. v, index:
// [N, M, h, w]; curvature: of a shape that spreads to v's; bits: [64, 2 k + 1], of symbols -k..k at each scale index.
torch::Tensor cheapest_symbols(const torch::Tensor& v, const torch::Tensor& index, const torch::Tensor& bits, const torch::Tensor& curvature);
// Bits that a squared error of 1 in each latent (quantised units) is worth at these quality steps, [N, M, 1, 1]: that of the
// linear part of the synthesis, for the network part changes it by a quarter.
torch::Tensor latent_curvature(ImageNetwork network, const torch::Tensor& steps);

// The tables' shapes while training. Gaussian: bits of rounding v + noise at scale index (straight-through float tensor).
torch::Tensor gaussian_bits(const torch::Tensor& v, const torch::Tensor& scale_index);

}  // namespace laconic::models
