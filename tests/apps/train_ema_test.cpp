#include "apps/train/ema.h"

#include <gtest/gtest.h>

#include <sstream>

namespace laconic::train {
namespace {

TEST(Ema, FollowsTheWarmUpAndThenTheDecay) {
  const auto x = torch::zeros({3});
  Ema ema({{"x", x}}, 0.5);
  double expected = 0;
  for (int t = 1; t <= 20; ++t) {
    x.fill_(static_cast<double>(t));
    ema.update();
    const double decay = std::min(0.5, (1.0 + t) / (10.0 + t));
    expected = decay * expected + (1 - decay) * t;
  }
  EXPECT_NEAR(ema.averages()[0][1].item<double>(), expected, 1e-4);
}

TEST(Ema, SwapsTheAveragesInAndOut) {
  const auto x = torch::zeros({4}).requires_grad_(true);
  Ema ema({{"x", x}}, 0.9);
  {
    torch::NoGradGuard no_grad;
    x.fill_(1);
  }
  ema.update();
  const auto average = ema.averages()[0].clone();
  {
    const EmaScope scope(ema);
    EXPECT_TRUE(ema.is_applied());
    EXPECT_TRUE(torch::equal(x, average));
    EXPECT_FALSE(torch::equal(x, torch::ones({4})));
  }
  EXPECT_FALSE(ema.is_applied());
  EXPECT_TRUE(torch::equal(x, torch::ones({4})));
}

TEST(Ema, ContinuesBitForBitAfterSaveAndLoad) {
  const auto x = torch::zeros({5});
  Ema straight({{"a.b", x}}, 0.99), half({{"a.b", x}}, 0.99), resumed({{"a.b", x}}, 0.99);
  const auto advance = [&](Ema& ema, int first, int last) {
    for (int t = first; t < last; ++t) {
      x.copy_(torch::arange(5) * 0.37 * t);
      ema.update();
    }
  };
  advance(straight, 0, 9);
  advance(half, 0, 4);
  torch::serialize::OutputArchive out;
  half.save(out);
  std::stringstream stream;
  out.save_to(stream);
  torch::serialize::InputArchive in;
  in.load_from(stream);
  const Status status = resumed.load(in);
  ASSERT_TRUE(status.ok()) << status.message();
  advance(resumed, 4, 9);
  EXPECT_TRUE(torch::equal(straight.averages()[0], resumed.averages()[0]));
  EXPECT_EQ(resumed.num_updates(), 9);
}

TEST(Ema, RefusesTheStateOfAnotherModel) {
  Ema ema({{"x", torch::zeros({2})}}, 0.9), other({{"y", torch::zeros({2})}}, 0.9), wider({{"x", torch::zeros({3})}}, 0.9);
  torch::serialize::OutputArchive out;
  ema.save(out);
  std::stringstream stream;
  out.save_to(stream);
  for (Ema* target : {&other, &wider}) {
    stream.clear();
    stream.seekg(0);
    torch::serialize::InputArchive in;
    in.load_from(stream);
    EXPECT_EQ(target->load(in).code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace laconic::train
