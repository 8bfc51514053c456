// The four coding passes of a superblock, and how latents are sorted into them.
//
// Channels lie in four groups of M/4 (channel c belongs to group c / (M/4)), positions in four phases
// (row mod 2) * 2 + (column mod 2). Pass k codes group g at phase kPhase[k][g]: after every pass each position knows a quarter
// more of its channels, and each channel a quarter more of its positions (DCVC's split; FORMAT.md, superblock sections).
// A superblock is extended to even height and width; what lies outside is never coded and has residual 0.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "models/image/config.h"

namespace laconic::models {

constexpr int kNumGroups = 4;
constexpr int kPhase[kNumPasses][kNumGroups] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2}, {2, 3, 0, 1}};

// The group that pass k codes at a phase: the inverse of kPhase[k].
inline int group_at(int pass, int phase) {
  for (int g = 0; g < kNumGroups; ++g) {
    if (kPhase[pass][g] == phase) return g;
  }
  return 0;  // never: each row of kPhase holds every phase
}

// x: [N, C, H, W], H and W even -> the four phases, each [N, C, H/2, W/2]; and back.
std::vector<torch::Tensor> split_phases(const torch::Tensor& x);
torch::Tensor merge_phases(const std::vector<torch::Tensor>& phases);

// x: [N, M, H, W], H and W even -> what each pass codes, each [N, M, H/2, W/2]: channel c at the positions of its phase.
std::vector<torch::Tensor> split_passes(const torch::Tensor& x);
torch::Tensor merge_passes(const std::vector<torch::Tensor>& passes);

}  // namespace laconic::models
