#include "models/audio/lapped_transform.h"

#include <algorithm>
#include <cmath>

namespace laconic::models {
namespace {

// A rising slope of `overlap` samples around the middle of `hop` samples: 0, sine, 1.
torch::Tensor rising(int hop, int overlap) {
  const torch::Tensor slope = torch::sin((torch::arange(overlap, torch::kDouble) + 0.5) * (M_PI / (2 * overlap)));
  const int flat = (hop - overlap) / 2;
  return torch::cat({torch::zeros({flat}, torch::kDouble), slope, torch::ones({flat}, torch::kDouble)});
}

// Windows of the blocks of a frame, [blocks, 2 h].
torch::Tensor make_windows(int blocks_before, int blocks, int blocks_after) {
  const int hop = kHop / blocks;
  std::vector<torch::Tensor> rows;
  for (int j = 0; j < blocks; ++j) {
    const int left = j == 0 ? kHop / std::max(blocks_before, blocks) : hop;
    const int right = j + 1 == blocks ? kHop / std::max(blocks, blocks_after) : hop;
    rows.push_back(torch::cat({rising(hop, left), rising(hop, right).flip({0})}));
  }
  return torch::stack(rows).to(torch::kFloat);
}

constexpr int kNumKinds = 5;  // of frames, by log2 of their blocks

size_t windows_index(int blocks_before, int blocks, int blocks_after) {
  return static_cast<size_t>((log2_of_blocks(blocks_before) * kNumKinds + log2_of_blocks(blocks)) * kNumKinds + log2_of_blocks(blocks_after));
}

}  // namespace

// Note [Cosines by FFT]
// With n0 = 1/2 + h/2 a coefficient is the sum over n < 2 h of x[n] cos(pi/h (n + n0)(k + 1/2)), the real part of
// exp(-i pi n0 (k + 1/2)/h) sum (x[n] exp(-i pi n/(2 h))) exp(-2 pi i n k/(2 h)): an FFT of 2 h points between two turns. The way
// back is the real part of exp(i pi (n + n0)/(2 h)) sum over k < h of (X[k] exp(i pi n0 k/h)) exp(2 pi i n k/(2 h)).
LappedTransform::LappedTransform() {
  const auto turns = [](const torch::Tensor& angles) { return torch::polar(torch::ones_like(angles), angles).to(torch::kComplexFloat); };
  for (int blocks = 1; blocks <= kMaxBlocks; blocks *= 2) {
    const double hop = kHop / blocks, n0 = 0.5 + hop / 2, scale = std::sqrt(2 / hop);
    const torch::Tensor n = torch::arange(2 * kHop / blocks, torch::kDouble), k = torch::arange(kHop / blocks, torch::kDouble);
    turns_.push_back({turns(n * (-M_PI / (2 * hop))), turns((k + 0.5) * (-M_PI * n0 / hop)) * scale,
                      turns(k * (M_PI * n0 / hop)), turns((n + n0) * (M_PI / (2 * hop))) * (scale * 2 * hop)});
  }
  windows_.resize(kNumKinds * kNumKinds * kNumKinds);
  for (int before = 1; before <= kMaxBlocks; before *= 2) {
    for (int blocks = 1; blocks <= kMaxBlocks; blocks *= 2) {
      for (int after = 1; after <= kMaxBlocks; after *= 2) windows_[windows_index(before, blocks, after)] = make_windows(before, blocks, after);
    }
  }
}

torch::Tensor LappedTransform::analyse(const torch::Tensor& samples, int blocks_before, int blocks, int blocks_after) const {
  const int hop = kHop / blocks, first = (kHop - hop) / 2;
  const Turns& turns = turns_[static_cast<size_t>(log2_of_blocks(blocks))];
  const torch::Tensor cut = samples.slice(1, first, first + kHop + hop).unfold(1, 2 * hop, hop);  // [C, blocks, 2 h]
  const torch::Tensor spectrum = torch::fft_fft(cut * windows_[windows_index(blocks_before, blocks, blocks_after)] * turns.before_analysis);
  const torch::Tensor rows = torch::real(spectrum.slice(2, 0, hop) * turns.after_analysis);
  return rows.transpose(1, 2).reshape({samples.size(0), kHop});
}

torch::Tensor LappedTransform::both_halves(const torch::Tensor& coefficients, int blocks_before, int blocks, int blocks_after) const {
  const int64_t count = coefficients.size(0);
  const int hop = kHop / blocks, first = (kHop - hop) / 2;
  const Turns& turns = turns_[static_cast<size_t>(log2_of_blocks(blocks))];
  const torch::Tensor rows = coefficients.reshape({count, hop, blocks}).transpose(1, 2) * turns.before_synthesis;
  const torch::Tensor waves = torch::real(torch::fft_ifft(rows, 2 * hop) * turns.after_synthesis);
  const torch::Tensor pieces = waves * windows_[windows_index(blocks_before, blocks, blocks_after)];
  const torch::Tensor sum = torch::zeros({count, 2 * kHop});
  for (int j = 0; j < blocks; ++j) sum.slice(1, first + j * hop, first + (j + 2) * hop).add_(pieces.select(1, j));
  return sum;
}

torch::Tensor LappedTransform::first_half(const torch::Tensor& coefficients, int blocks_before, int blocks) const {
  return both_halves(coefficients, blocks_before, blocks, blocks).slice(1, 0, kHop);
}

torch::Tensor LappedTransform::second_half(const torch::Tensor& coefficients, int blocks, int blocks_after) const {
  return both_halves(coefficients, blocks, blocks, blocks_after).slice(1, kHop, 2 * kHop);
}

}  // namespace laconic::models
