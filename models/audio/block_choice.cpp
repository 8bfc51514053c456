#include "models/audio/block_choice.h"

#include <array>
#include <map>

namespace laconic::models {
namespace {

// Short blocks have to be better by so much: contexts know less about them than the sum does.
constexpr double kShortPenalty = 1.04;

torch::Tensor frames_of(const torch::Tensor& samples) { return samples.unfold(1, 2 * kHop, kHop); }  // [C, T, 2 kHop]

}  // namespace

std::vector<int> choose_blocks(const LappedTransform& transform, const torch::Tensor& samples, double step) {
  const torch::Tensor frames = frames_of(samples);
  const int64_t channels = frames.size(0), num_frames = frames.size(1);
  std::vector<torch::Tensor> costs;
  for (int blocks = 1; blocks <= kMaxBlocks; blocks *= 2) {
    const torch::Tensor y = transform.analyse(frames.reshape({channels * num_frames, 2 * kHop}), blocks, blocks, blocks).slice(1, 0, kBins);
    const torch::Tensor cost = torch::log2(1 + y.abs() * (1 / step)).sum(1).view({channels, num_frames}).sum(0);
    costs.push_back(blocks > 1 ? cost * kShortPenalty : cost);
  }
  const torch::Tensor best = torch::stack(costs).argmin(0).to(torch::kInt);
  std::vector<int> result;
  for (int64_t t = 0; t < num_frames; ++t) result.push_back(1 << best[t].item<int>());
  return result;
}

torch::Tensor analyse_frames(const LappedTransform& transform, const torch::Tensor& samples, const std::vector<int>& blocks) {
  const torch::Tensor frames = frames_of(samples);
  const int64_t channels = frames.size(0), num_frames = frames.size(1);
  std::map<std::array<int, 3>, std::vector<int64_t>> alike;
  for (int64_t t = 0; t < num_frames; ++t) {
    const size_t i = static_cast<size_t>(t);
    alike[{blocks[i], blocks[i + 1], blocks[i + 2]}].push_back(t);
  }
  const torch::Tensor result = torch::empty({channels, num_frames, kHop});
  for (const auto& [shape, members] : alike) {
    const torch::Tensor index = torch::tensor(members);
    const torch::Tensor chosen = frames.index_select(1, index).reshape({-1, 2 * kHop});
    result.index_copy_(1, index, transform.analyse(chosen, shape[0], shape[1], shape[2]).view({channels, -1, kHop}));
  }
  return result;
}

}  // namespace laconic::models
