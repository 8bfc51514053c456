// Exact networks: integers carried in float32 tensors, so that any backend, blocking and thread count gives the same bits.
//
// Note [Why exact]
// A tensor is *exact* when it is float32 and every element is an integer. An exact convolution has integer weights
// (|w| <= 127), an integer bias and inputs of known magnitude. When |bias| + sum|w| * max|x| <= 2^24 holds for an output
// channel, every partial sum in any order is representable, so direct, im2col or GEMM give the same result. The bound is
// proven when weights are loaded (ExactConv::prove_bound). The result is shifted right and clamped, exact as well.
// design.md section 2; Balle et al., "Integer networks for data compression with latent-variable models", ICLR 2019.
#pragma once

#include <torch/torch.h>

#include <string>

namespace laconic::models {

constexpr double kExactBound = 16777216.0;  // 2^24: the largest run of integers float32 holds
constexpr int kActivationMax = 255;         // exact activations lie in -255..255 or 0..255
constexpr int kWeightMax = 127;
constexpr int kShiftMax = 14;
constexpr int kUnit = 32;                   // integer that stands for 1.0 in biases and embeddings

// Forward: floor(x) or clamp(x); backward: identity (clamp: identity inside, or where the step would lead back inside).
torch::Tensor floor_ste(const torch::Tensor& x);
torch::Tensor round_ste(const torch::Tensor& x);
torch::Tensor clamp_ste(const torch::Tensor& x, double lo, double hi);

// While one lives on a thread, networks made there leave out their random start: their weights are about to be loaded.
class NoRandomStart {
 public:
  NoRandomStart();
  ~NoRandomStart();
};
// Normally distributed with deviation `std`, or zeros under NoRandomStart.
torch::Tensor random_start(c10::IntArrayRef sizes, double std);

struct ExactConv2dOptions {
  int in_channels = 0;
  int out_channels = 0;
  int kernel = 1;             // 1, 3 or 5; 'same' padding by zeros
  bool is_row = false;        // the kernel is 1 x k instead of k x k: a context along the last axis alone
  bool depthwise = false;     // then in_channels == out_channels
  bool hides_centre = false;  // the middle tap is always zero (context of neighbours only)
  int max_input = kActivationMax;
  int lo = 0;                 // output clamp
  int hi = kActivationMax;
  int extra_shift = 0;        // the result is divided by a further 2^extra_shift
};

// The integers of one exact convolution, ready to run: y = clamp(floor((conv(x, w) + b) * 2^-shift), lo, hi); rounding is
// part of b. A value: copies share the tensors; safe to use from several threads.
class ExactConv {
 public:
  ExactConv() = default;
  ExactConv(const ExactConv2dOptions& options, torch::Tensor weight, torch::Tensor bias, torch::Tensor shift, bool float_twin);

  // x, result: exact [N, C, H, W].
  torch::Tensor operator()(const torch::Tensor& x) const { return finish(accumulate(x, 0)); }
  // The sum alone, of input channels [first, first + x.size(1)): sums of parts may be added, then finished once.
  torch::Tensor accumulate(const torch::Tensor& x, int64_t first) const;
  torch::Tensor finish(const torch::Tensor& sum) const;
  // Only output channels [first, first + count).
  torch::Tensor rows(const torch::Tensor& x, int64_t first, int64_t count) const;

  void to(const torch::Device& device);

  const torch::Tensor& weight() const { return weight_; }  // [out, in or 1, k or 1, k], integers -127..127
  const torch::Tensor& bias() const { return bias_; }      // [out], with the rounding offset
  const torch::Tensor& shift() const { return shift_; }    // [out], 0..14
  // The proof of Note [Why exact], per output channel. Empty when it holds, else one sentence.
  std::string prove_bound() const;

 private:
  ExactConv2dOptions options_;
  torch::Tensor weight_, bias_, shift_;
  torch::Tensor bias_row_, scale_;  // [1, out, 1, 1]: bias; 2^-(shift + extra_shift)
  bool float_twin_ = false;
};

// Trainable parameters of an exact convolution. prepare() makes the integers from float master weights; the forward pass of
// training computes the very numbers that the frozen network computes, gradients pass straight through.
class ExactConv2dImpl : public torch::nn::Module {
 public:
  explicit ExactConv2dImpl(const ExactConv2dOptions& options);

  ExactConv prepare() const;
  // Master weights that prepare() turns into these integers (training can go on from stored weights). Shapes must fit.
  void set_integers(const torch::Tensor& weight_q, const torch::Tensor& bias_q, const torch::Tensor& shift);
  // For measuring what exactness costs: prepare() then gives the float twin, without any rounding and nothing exact.
  void set_float_twin(bool on) { float_twin_ = on; }
  const ExactConv2dOptions& options() const { return options_; }

  torch::Tensor weight;  // float master [out, in or 1, k or 1, k]
  torch::Tensor bias;    // float master [out], in units of kUnit

 private:
  ExactConv2dOptions options_;
  torch::Tensor tap_mask_;  // zero at the hidden centre
  bool float_twin_ = false;
};
TORCH_MODULE(ExactConv2d);

// floor(sum over positions / count) per channel. x: exact 0..255, [N, C, H, W] of at most 2^16 positions, or such a sum
// [N, C, 1, 1]. Result [N, C, 1, 1].
torch::Tensor exact_mean(const torch::Tensor& x, int64_t count);

// floor(x * gate / 128): x in -255..255, gate in 0..255, so gate 128 leaves x as it is.
torch::Tensor exact_gate(const torch::Tensor& x, const torch::Tensor& gate);

// Interpolates integer embeddings at the quality anchors. embedding: exact [A, C]; steps: exact [N],
// quality steps 0..2048, anchors every 256. Result exact [N, C, 1, 1].
torch::Tensor exact_interpolate(const torch::Tensor& embedding, const torch::Tensor& steps);

}  // namespace laconic::models
