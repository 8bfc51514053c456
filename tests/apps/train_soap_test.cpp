#include "apps/train/soap.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <sstream>
#include <vector>

namespace laconic::train {
namespace {

// min |A X B - Y|^2 over X with the spectra of A and B spread over `decades` powers of ten, in random directions.
struct LeastSquares {
  torch::Tensor a, b, y;

  LeastSquares(int64_t rows, int64_t cols, double decades) {
    const auto spread = [&](int64_t n) {
      const auto basis = std::get<0>(torch::linalg_qr(torch::randn({n, n})));
      return torch::mm(torch::mm(basis, torch::diag(torch::logspace(0, -decades, n))), basis.t());
    };
    a = spread(rows);
    b = spread(cols);
    y = torch::mm(torch::mm(a, torch::randn({rows, cols})), b);
  }
  torch::Tensor loss(const torch::Tensor& x) const { return (torch::mm(torch::mm(a, x), b) - y).square().mean(); }
};

double minimise(const LeastSquares& problem, torch::optim::Optimizer* adam, Soap* soap, const torch::Tensor& x, int steps) {
  for (int i = 0; i < steps; ++i) {
    if (x.grad().defined()) x.grad().zero_();
    problem.loss(x).backward();
    if (adam) adam->step();
    if (soap) soap->step(0.1 * (1 - static_cast<double>(i) / steps));
    if (adam) static_cast<torch::optim::AdamOptions&>(adam->param_groups()[0].options()).lr(0.1 * (1 - (i + 1.0) / steps));
  }
  return problem.loss(x).item<double>();
}

TEST(Soap, ConvergesFasterThanAdamOnIllConditionedLeastSquares) {
  torch::manual_seed(1);
  const LeastSquares problem(48, 64, 1.5);
  const auto x_adam = torch::zeros({48, 64}).requires_grad_(true);
  const auto x_soap = torch::zeros({48, 64}).requires_grad_(true);
  torch::optim::Adam adam({x_adam}, torch::optim::AdamOptions(0.1).betas({0.95, 0.95}));
  Soap soap({{"x", x_soap}}, {});
  const double start = problem.loss(x_adam).item<double>();
  const double with_adam = minimise(problem, &adam, nullptr, x_adam, 300);
  const double with_soap = minimise(problem, nullptr, &soap, x_soap, 300);
  RecordProperty("adam", std::to_string(with_adam / start));
  RecordProperty("soap", std::to_string(with_soap / start));
  EXPECT_LT(with_soap, 0.1 * with_adam) << "start " << start << " Adam " << with_adam << " SOAP " << with_soap;
}

// A matrix, a convolution with one side not rotated, a depthwise kernel, a vector.
std::vector<SoapParameter> small_model() {
  torch::manual_seed(2);
  const auto leaf = [](std::vector<int64_t> shape) { return torch::randn(shape).requires_grad_(true); };
  return {{"linear", leaf({16, 24})},
          {"conv", leaf({12, 8, 3, 3})},
          {"depthwise", leaf({20, 1, 3, 3})},
          {"bias", leaf({16}), 0.5}};
}

SoapOptions small_options() {
  SoapOptions options;
  options.max_side = 32;  // the convolution's 72 columns stay unrotated
  options.precondition_every = 3;
  options.weight_decay = 0.01;
  options.clip_norm = 50;
  return options;
}

// Gradients depend on the step and on the parameters, so that any difference would spread.
void take_steps(Soap& soap, const std::vector<SoapParameter>& model, int first, int last) {
  for (int step = first; step < last; ++step) {
    torch::manual_seed(static_cast<uint64_t>(100 + step));
    for (const auto& parameter : model) {
      const auto& tensor = parameter.tensor;
      const_cast<torch::Tensor&>(tensor).mutable_grad() = tensor.detach() + torch::randn(tensor.sizes());
    }
    soap.step(1e-2);
  }
}

bool equal(const std::vector<SoapParameter>& a, const std::vector<SoapParameter>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!torch::equal(a[i].tensor, b[i].tensor)) return false;
  }
  return true;
}

std::string saved(const Soap& soap) {
  torch::serialize::OutputArchive archive;
  soap.save(archive);
  std::ostringstream stream;
  archive.save_to(stream);
  return stream.str();
}

Status load(Soap& soap, const std::string& bytes) {
  std::istringstream stream(bytes);
  torch::serialize::InputArchive archive;
  archive.load_from(stream);
  return soap.load(archive);
}

TEST(Soap, ContinuesBitForBitAfterSaveAndLoad) {
  const auto straight = small_model(), resumed = small_model();
  Soap first(straight, small_options());
  take_steps(first, straight, 0, 20);
  std::string bytes;
  {
    Soap before(resumed, small_options());
    take_steps(before, resumed, 0, 11);
    bytes = saved(before);
  }
  Soap after(resumed, small_options());
  const Status status = load(after, bytes);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(after.num_steps(), 11);
  take_steps(after, resumed, 11, 20);
  EXPECT_TRUE(equal(straight, resumed));
}

TEST(Soap, DependsOnTheLoadedState) {
  const auto straight = small_model(), forgetful = small_model();
  Soap first(straight, small_options()), before(forgetful, small_options());
  take_steps(first, straight, 0, 20);
  take_steps(before, forgetful, 0, 11);
  Soap after(forgetful, small_options());
  take_steps(after, forgetful, 11, 20);
  EXPECT_FALSE(equal(straight, forgetful));
}

TEST(Soap, GivesTheSameResultOnOneAndTwoThreads) {
  const int num_threads = torch::get_num_threads();
  const auto one = small_model(), two = small_model();
  torch::set_num_threads(1);
  Soap soap_one(one, small_options());
  take_steps(soap_one, one, 0, 12);
  torch::set_num_threads(2);
  Soap soap_two(two, small_options());
  take_steps(soap_two, two, 0, 12);
  torch::set_num_threads(num_threads);
  EXPECT_TRUE(equal(one, two));
}

TEST(Soap, RefusesTheStateOfAnotherModel) {
  const auto model = small_model();
  Soap soap(model, small_options());
  const std::string bytes = saved(soap);
  auto renamed = small_model();
  renamed[1].name = "other";
  Soap other(renamed, small_options());
  EXPECT_EQ(load(other, bytes).code(), StatusCode::kInvalidArgument);
  auto reshaped = small_model();
  reshaped[0].tensor = torch::randn({16, 25}).requires_grad_(true);
  Soap wider(reshaped, small_options());
  EXPECT_EQ(load(wider, bytes).code(), StatusCode::kInvalidArgument);
  Soap fewer({small_model()[0]}, small_options());
  EXPECT_EQ(load(fewer, bytes).code(), StatusCode::kInvalidArgument);
}

TEST(Soap, SkipsAndCountsStepsWithGradientsThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto clean = small_model(), disturbed = small_model();
    Soap expected(clean, small_options()), soap(disturbed, small_options());
    take_steps(expected, clean, 0, 8);
    take_steps(soap, disturbed, 0, 4);
    for (const auto& parameter : disturbed) {
      const_cast<torch::Tensor&>(parameter.tensor).mutable_grad() = torch::ones(parameter.tensor.sizes());
    }
    disturbed[1].tensor.grad()[3][2][1][0] = bad;
    soap.step(1e-2);
    EXPECT_EQ(soap.num_skipped(), 1);
    EXPECT_EQ(soap.num_steps(), 4);
    take_steps(soap, disturbed, 4, 8);
    EXPECT_TRUE(equal(clean, disturbed));
  }
}

TEST(Soap, OnlySetsBasesAtTheFirstGradientOtherThanZero) {
  const auto model = small_model();
  const auto linear = model[0].tensor.detach().clone(), bias = model[3].tensor.detach().clone();
  Soap soap(model, {});
  const auto give = [&](double value) {
    for (const auto& parameter : model) {
      const_cast<torch::Tensor&>(parameter.tensor).mutable_grad() = torch::full(parameter.tensor.sizes(), value);
    }
    soap.step(1e-2);
  };
  give(0);
  give(1);
  EXPECT_TRUE(torch::equal(model[0].tensor, linear));
  EXPECT_FALSE(torch::equal(model[3].tensor, bias));  // vectors move at once
  give(1);
  EXPECT_FALSE(torch::equal(model[0].tensor, linear));
}

TEST(Soap, ScalesTheLearningRateOfOneParameter) {
  auto model = small_model();
  const auto twin = small_model();
  model[3].lr_scale = 0.25;
  Soap soap(model, {}), other(twin, {});
  const auto start = twin[3].tensor.detach().clone();
  take_steps(soap, model, 0, 1);
  take_steps(other, twin, 0, 1);  // its bias has lr_scale 0.5
  EXPECT_TRUE(torch::allclose((model[3].tensor - start) * 2, twin[3].tensor - start, 1e-4, 1e-6));
}

TEST(Soap, ClipsByTheGlobalNorm) {
  const auto model = small_model(), twin = small_model();
  SoapOptions options;
  options.clip_norm = 1;
  Soap soap(model, options);
  Soap unclipped(twin, {});
  take_steps(soap, model, 0, 1);
  take_steps(unclipped, twin, 0, 1);
  double squares = 0;
  for (const auto& parameter : model) squares += parameter.tensor.grad().square().sum().item<double>();
  EXPECT_NEAR(squares, 1, 1e-4);
  EXPECT_GT(soap.last_grad_norm(), 10);
  EXPECT_EQ(soap.last_grad_norm(), unclipped.last_grad_norm());
}

// In a basis that is exact and constant SOAP is Adam on the rotated problem. With a diagonal gradient of distinct
// magnitudes the eigenbasis is a signed permutation, so SOAP must move every element as Adam does.
TEST(Soap, IsAdamInTheEigenbasis) {
  const auto x = torch::zeros({16, 16}).requires_grad_(true);
  const auto twin = torch::zeros({16, 16}).requires_grad_(true);
  const auto gradient = torch::diag(torch::linspace(1, 16, 16));
  SoapOptions options;
  options.precondition_every = 2;
  Soap soap({{"x", x}}, options);
  torch::optim::Adam adam({twin}, torch::optim::AdamOptions(1e-2).betas({0.95, 0.95}));
  for (int step = 0; step < 9; ++step) {
    const double size = 1 + 0.3 * step;
    const_cast<torch::Tensor&>(x).mutable_grad() = gradient * size;
    soap.step(1e-2);
    if (step == 0) continue;  // spent on the basis
    const_cast<torch::Tensor&>(twin).mutable_grad() = gradient * size;
    adam.step();
  }
  EXPECT_TRUE(torch::allclose(x.diagonal(), twin.diagonal(), 1e-4, 1e-5)) << x.diagonal() << twin.diagonal();
}

}  // namespace
}  // namespace laconic::train
