// SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321, algorithm 3).
//
// A weight of at least two dimensions is seen as the matrix [size(0), everything else]. Vectors, depthwise kernels and
// other matrices with a side of at most kSmallestRotatedSide get plain Adam: a basis of nine directions buys nothing.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "codec/base/status.h"

namespace laconic::train {

constexpr int64_t kSmallestRotatedSide = 9;  // sides up to this are left to Adam (3x3 depthwise kernels)

struct SoapOptions {
  double lr = 3e-3;  // used by step() without argument
  double beta1 = 0.95;
  double beta2 = 0.95;
  double shampoo_beta = 0.95;
  // Betas of what plain Adam does (vectors, gains, depthwise kernels). The first moment as short as usual; the second
  // five times longer than SOAP's: there is no rotation to even out a noisy element, and lambda is drawn per batch.
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;      // decoupled, matrices only
  double clip_norm = 0;         // global norm of all gradients; 0 = not clipped
  int precondition_every = 10;  // steps between two refreshes of one parameter's basis
  // Steps between two updates of a parameter's statistics G G^T and G'G (which then weigh shampoo_beta^n). 1 is the paper;
  // 2 saves a sixth of the time and sees half of the gradients.
  int statistics_every = 1;
  int max_side = 512;  // a longer side is not rotated
};

struct SoapParameter {
  std::string name;
  torch::Tensor tensor;  // float32, a leaf
  double lr_scale = 1;   // multiplies the learning rate
};

// Not thread-safe. All parameters on one device. On the CPU the parameters are spread over ATen's threads and each is
// updated by one of them, so the result does not depend on the number of threads.
class Soap {
 public:
  Soap(std::vector<SoapParameter> parameters, const SoapOptions& options);

  // The first step that sees a gradient other than zero only sets the parameter's basis (as in the paper's code).
  void step(double lr);
  void step() { step(options_.lr); }
  void zero_grad();

  int64_t num_steps() const { return num_steps_; }      // without the skipped ones
  int64_t num_skipped() const { return num_skipped_; }  // steps not taken because a gradient was not finite
  double last_grad_norm() const { return last_grad_norm_; }

  // All state: after load() the next steps are the same, bit for bit. load() wants the same parameters in the same order.
  void save(torch::serialize::OutputArchive& archive) const;
  Status load(torch::serialize::InputArchive& archive);

 private:
  // rows x cols is the matrix view. Undefined tensors: not rotated on that side, or not initialised yet.
  struct State {
    SoapParameter parameter;
    int64_t rows = 0, cols = 0;
    bool rotates_left = false, rotates_right = false;
    bool is_initialised = false;
    int64_t num_updates = 0;               // for the bias correction
    torch::Tensor first, second;           // moments in the rotated space: see Note [First moment] in soap.cpp
    torch::Tensor left, right;             // EMA of G G^T [rows, rows] and of G^T G [cols, cols]
    torch::Tensor left_basis, right_basis; // eigenvectors in columns
    bool rotates() const { return rotates_left || rotates_right; }
  };

  void update_on_cpu(double lr);
  void update_on_gpu(double lr);
  // One step of states that agree in rotates(), num_updates and learning rate.
  void update(const std::vector<size_t>& group, double lr);
  void update_statistics(State& state, const torch::Tensor& gradient) const;
  void initialise(State& state, const torch::Tensor& gradient) const;
  void refresh_basis(State& state) const;

  SoapOptions options_;
  std::vector<State> states_;
  std::vector<size_t> order_;  // indexes of states_, the most expensive first, for an even load
  int64_t num_steps_ = 0;
  int64_t num_skipped_ = 0;
  double last_grad_norm_ = 0;
};

}  // namespace laconic::train
