#include "models/image/passes.h"

namespace laconic::models {

std::vector<torch::Tensor> split_phases(const torch::Tensor& x) {
  std::vector<torch::Tensor> phases;
  for (int phase = 0; phase < 4; ++phase) phases.push_back(x.slice(2, phase / 2, {}, 2).slice(3, phase % 2, {}, 2));
  return phases;
}

torch::Tensor merge_phases(const std::vector<torch::Tensor>& phases) {
  const torch::Tensor& first = phases[0];
  const int64_t n = first.size(0), c = first.size(1), h = first.size(2), w = first.size(3);
  // Interleaved in channels-last order, so that only whole rows of channels move.
  std::vector<torch::Tensor> last;
  for (const torch::Tensor& phase : phases) last.push_back(phase.permute({0, 2, 3, 1}));
  const torch::Tensor even_rows = torch::stack({last[0], last[1]}, 3), odd_rows = torch::stack({last[2], last[3]}, 3);
  return torch::stack({even_rows, odd_rows}, 2).view({n, 2 * h, 2 * w, c}).permute({0, 3, 1, 2});
}

std::vector<torch::Tensor> split_passes(const torch::Tensor& x) {
  const std::vector<torch::Tensor> phases = split_phases(x);
  const int64_t group = x.size(1) / kNumGroups;
  std::vector<torch::Tensor> passes;
  for (int pass = 0; pass < kNumPasses; ++pass) {
    std::vector<torch::Tensor> parts;
    for (int g = 0; g < kNumGroups; ++g) parts.push_back(phases[kPhase[pass][g]].narrow(1, g * group, group));
    passes.push_back(torch::cat(parts, 1));
  }
  return passes;
}

torch::Tensor merge_passes(const std::vector<torch::Tensor>& passes) {
  const int64_t group = passes[0].size(1) / kNumGroups;
  std::vector<torch::Tensor> phases;
  for (int phase = 0; phase < 4; ++phase) {
    std::vector<torch::Tensor> parts;
    for (int g = 0; g < kNumGroups; ++g) {
      for (int pass = 0; pass < kNumPasses; ++pass) {
        if (kPhase[pass][g] == phase) parts.push_back(passes[pass].narrow(1, g * group, group));
      }
    }
    phases.push_back(torch::cat(parts, 1));
  }
  return merge_phases(phases);
}

}  // namespace laconic::models
