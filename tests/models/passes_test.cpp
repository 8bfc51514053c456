#include "models/image/passes.h"

#include <gtest/gtest.h>

namespace laconic::models {
namespace {

TEST(Passes, MergeUndoesSplit) {
  const torch::Tensor x = torch::rand({2, 8, 6, 10});
  EXPECT_TRUE(torch::equal(merge_phases(split_phases(x)), x));
  EXPECT_TRUE(torch::equal(merge_passes(split_passes(x)), x));
}

TEST(Passes, EveryGroupIsCodedOnceAtEveryPhase) {
  for (int g = 0; g < kNumGroups; ++g) {
    std::set<int> phases;
    for (int pass = 0; pass < kNumPasses; ++pass) phases.insert(kPhase[pass][g]);
    EXPECT_EQ(phases.size(), 4u);
  }
  for (int pass = 0; pass < kNumPasses; ++pass) {
    std::set<int> phases(kPhase[pass], kPhase[pass] + kNumGroups);
    EXPECT_EQ(phases.size(), 4u);
  }
}

TEST(Passes, ChannelStandsAtItsPhase) {
  torch::Tensor x = torch::zeros({1, 8, 4, 4});
  x.index_put_({0, 5, 2, 3}, 1);  // group 2, phase 0 * 2 + 1, place (1, 1) among the positions of its phase
  const std::vector<torch::Tensor> passes = split_passes(x);
  for (int pass = 0; pass < kNumPasses; ++pass)
    EXPECT_EQ(passes[pass][0][5][1][1].item<float>(), kPhase[pass][2] == 1 ? 1 : 0);
}

}  // namespace
}  // namespace laconic::models
