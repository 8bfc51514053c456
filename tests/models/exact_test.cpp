#include "models/exact.h"

#include <gtest/gtest.h>

namespace laconic::models {
namespace {

ExactConv2dOptions pointwise_options(int in, int out) {
  ExactConv2dOptions o;
  o.in_channels = in;
  o.out_channels = out;
  o.lo = -kActivationMax;
  return o;
}

ExactConv2dOptions depthwise_options(int channels, int kernel) {
  ExactConv2dOptions o = pointwise_options(channels, channels);
  o.kernel = kernel;
  o.depthwise = true;
  o.hides_centre = kernel == 5;
  return o;
}

torch::Tensor random_activations(int64_t channels) { return torch::randint(0, kActivationMax + 1, {2, channels, 9, 7}).to(torch::kFloat); }

// The plain twin: 64-bit integers, one product at a time.
torch::Tensor integer_reference(const ExactConv& conv, const ExactConv2dOptions& o, const torch::Tensor& x) {
  const torch::Tensor w = conv.weight().to(torch::kLong).contiguous(), b = conv.bias().to(torch::kLong), s = conv.shift().to(torch::kLong);
  const torch::Tensor xi = x.to(torch::kLong).contiguous();
  torch::Tensor y = torch::empty({x.size(0), o.out_channels, x.size(2), x.size(3)});
  const auto weight = w.accessor<int64_t, 4>();
  const auto input = xi.accessor<int64_t, 4>();
  auto output = y.accessor<float, 4>();
  const int64_t pad = o.kernel / 2;
  for (int64_t n = 0; n < x.size(0); ++n)
    for (int64_t c = 0; c < o.out_channels; ++c)
      for (int64_t row = 0; row < x.size(2); ++row)
        for (int64_t column = 0; column < x.size(3); ++column) {
          int64_t sum = b[c].item<int64_t>();
          for (int64_t k = 0; k < w.size(1); ++k)
            for (int64_t dy = 0; dy < o.kernel; ++dy)
              for (int64_t dx = 0; dx < o.kernel; ++dx) {
                const int64_t yy = row + dy - pad, xx = column + dx - pad;
                if (yy < 0 || xx < 0 || yy >= x.size(2) || xx >= x.size(3)) continue;
                sum += weight[c][k][dy][dx] * input[n][o.depthwise ? c : k][yy][xx];
              }
          // Arithmetic shift is floor division by a power of two.
          output[n][c][row][column] = static_cast<float>(std::clamp<int64_t>(sum >> (s[c].item<int64_t>() + o.extra_shift), o.lo, o.hi));
        }
  return y;
}

TEST(ExactConv, EqualsIntegerArithmeticForPointwiseAndDepthwise) {
  torch::manual_seed(7);
  for (const ExactConv2dOptions& options : {pointwise_options(64, 24), depthwise_options(12, 3), depthwise_options(12, 5)}) {
    const ExactConv conv = ExactConv2d(options)->prepare();
    ASSERT_EQ(conv.prove_bound(), "");
    const torch::Tensor x = random_activations(options.in_channels);
    EXPECT_TRUE(torch::equal(conv(x), integer_reference(conv, options, x)));
  }
}

TEST(ExactConv, TrainingForwardEqualsTheFrozenNetwork) {
  torch::manual_seed(8);
  ExactConv2d module(pointwise_options(96, 40));
  const torch::Tensor x = random_activations(96);
  const torch::Tensor training = module->prepare()(x);  // with gradients recorded
  EXPECT_TRUE(training.requires_grad());
  torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::equal(training, module->prepare()(x)));
}

TEST(ExactConv, SumsOfPartsEqualTheWhole) {
  torch::manual_seed(9);
  const ExactConv conv = ExactConv2d(pointwise_options(64, 16))->prepare();
  const torch::Tensor x = random_activations(64);
  torch::NoGradGuard no_grad;
  const torch::Tensor parts = conv.accumulate(x.narrow(1, 0, 24), 0) + conv.accumulate(x.narrow(1, 24, 40), 24);
  EXPECT_TRUE(torch::equal(conv.finish(parts), conv(x)));
  EXPECT_TRUE(torch::equal(torch::cat({conv.rows(x, 0, 5), conv.rows(x, 5, 11)}, 1), conv(x)));
}

TEST(ExactConv, GivesTheSameBitsOnOneAndTwoThreads) {
  torch::manual_seed(10);
  const ExactConv conv = ExactConv2d(pointwise_options(320, 192))->prepare();
  const torch::Tensor x = torch::randint(0, kActivationMax + 1, {4, 320, 32, 32}).to(torch::kFloat);
  torch::NoGradGuard no_grad;
  at::set_num_threads(1);
  const torch::Tensor one = conv(x);
  at::set_num_threads(2);
  EXPECT_TRUE(torch::equal(one, conv(x)));
}

TEST(ExactConv, RefusesWeightsWhoseSumsCanPassTheBound) {
  ExactConv2dOptions options = pointwise_options(512, 2);
  const auto with_bias = [&](float bias) {
    return ExactConv(options, torch::full({2, 512, 1, 1}, 127.0f), torch::full({2}, bias), torch::zeros({2}), false).prove_bound();
  };
  const float reach = 512.0f * 127 * 255;
  EXPECT_EQ(with_bias(static_cast<float>(kExactBound) - reach), "");
  EXPECT_NE(with_bias(static_cast<float>(kExactBound) - reach + 1), "");
  EXPECT_NE(ExactConv(options, torch::full({2, 512, 1, 1}, 0.5f), torch::zeros({2}), torch::zeros({2}), false).prove_bound(), "");
}

TEST(ExactMean, IsTheFloorOfTheMeanForEveryCount) {
  torch::NoGradGuard no_grad;
  for (const int64_t count : {1, 3, 7, 48, 256, 768, 1024}) {
    for (const int64_t sum : {int64_t{0}, count - 1, count, 5 * count - 1, 5 * count, 255 * count}) {
      const torch::Tensor x = torch::full({1, 1, 1, 1}, static_cast<float>(sum));
      EXPECT_EQ(exact_mean(x, count).item<float>(), static_cast<float>(sum / count)) << sum << " / " << count;
    }
  }
}

TEST(ExactInterpolate, MeetsTheAnchorsAndFloorsInBetween) {
  torch::NoGradGuard no_grad;
  const torch::Tensor anchors = torch::randint(-255, 256, {9, 5}).to(torch::kFloat);
  for (int a = 0; a < 9; ++a)
    EXPECT_TRUE(torch::equal(exact_interpolate(anchors, torch::full({1}, 256.0 * a)).flatten(), anchors[a]));
  const torch::Tensor between = exact_interpolate(anchors, torch::full({1}, 300.0)).flatten();
  for (int c = 0; c < 5; ++c) {
    const auto at = [&](int a) { return static_cast<int64_t>(anchors[a][c].item<float>()); };
    EXPECT_EQ(static_cast<int64_t>(between[c].item<float>()), (at(1) * (256 - 44) + at(2) * 44) >> 8);
  }
}

TEST(ExactConv, GivesTheSameBitsOnCuda) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "skipped: no CUDA device";
  at::globalContext().setAllowTF32CuBLAS(false);
  torch::NoGradGuard no_grad;
  for (const ExactConv2dOptions& options : {pointwise_options(320, 96), depthwise_options(64, 3), depthwise_options(64, 5)}) {
    ExactConv conv = ExactConv2d(options)->prepare();
    const torch::Tensor x = random_activations(options.in_channels);
    const torch::Tensor on_cpu = conv(x);
    conv.to(torch::kCUDA);
    EXPECT_TRUE(torch::equal(on_cpu, conv(x.to(torch::kCUDA)).to(torch::kCPU)));
  }
}

}  // namespace
}  // namespace laconic::models
