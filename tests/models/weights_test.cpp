#include "models/image/weights.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "models/safetensors.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_model.h"

namespace laconic::models {
namespace {

using test::temporary_path;

TEST(Weights, ExactNetworksComeBackAsTheSameIntegers) {
  const std::string path = temporary_path("a.safetensors");
  ASSERT_TRUE(test::write_tiny_model(path).ok());
  auto weights = load_weights(path, "cpu");
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  ImageNetwork again(test::tiny_config());
  ASSERT_TRUE(load_trainable(path, again).ok());
  // Master weights made from the integers compute what the integers compute.
  torch::NoGradGuard no_grad;
  const torch::Tensor z = torch::randint(-20, 21, {1, 8, 2, 3}).to(torch::kFloat), steps = torch::full({1}, 777.0);
  ScaleNetworks prepared = again->scale_context->prepare();
  auto a = again->scale_context->begin((*weights)->scale_networks, z, steps, 8, 12);
  auto b = again->scale_context->begin(prepared, z, steps, 8, 12);
  for (int pass = 0; pass < kNumPasses; ++pass) {
    EXPECT_TRUE(torch::equal(again->scale_context->predict((*weights)->scale_networks, a, pass), again->scale_context->predict(prepared, b, pass)));
    const torch::Tensor r = torch::randint(-9, 10, {1, 48, 4, 6}).to(torch::kFloat);
    again->scale_context->learn((*weights)->scale_networks, a, pass, r);
    again->scale_context->learn(prepared, b, pass, r);
  }
}

TEST(Weights, ModelIdIsTheHashOfTheFile) {
  const std::string path = temporary_path("b.safetensors");
  ASSERT_TRUE(test::write_tiny_model(path, 2).ok());
  auto weights = load_weights(path, "cpu");
  auto file = read_safetensors(path);
  ASSERT_TRUE(weights.ok() && file.ok());
  EXPECT_TRUE(std::equal((*weights)->model_id.begin(), (*weights)->model_id.end(), file->sha256.begin()));
}

// Rewrites a good file with one tensor changed.
Status load_with(const std::string& name, const torch::Tensor& replacement) {
  const std::string path = temporary_path("c.safetensors"), changed = temporary_path("changed.safetensors");
  LACONIC_RETURN_IF_ERROR(test::write_tiny_model(path));
  LACONIC_ASSIGN_OR_RETURN(SafetensorsFile file, read_safetensors(path));
  if (replacement.defined()) file.tensors[name] = replacement;
  else file.tensors.erase(name);
  LACONIC_RETURN_IF_ERROR(write_safetensors(changed, file.tensors, file.metadata));
  return load_weights(changed, "cpu").status();
}

TEST(Weights, RefusesWhatIsMissingOrOfAnotherShapeOrType) {
  for (const auto& replacement : {torch::Tensor(), torch::zeros({3}), torch::zeros({48, 768, 1, 1}, torch::kInt)}) {
    const Status status = load_with("g_a.shortcut", replacement);
    EXPECT_EQ(status.code(), StatusCode::kModelMismatch);
    EXPECT_NE(status.message().find("g_a.shortcut"), std::string::npos) << status.message();
  }
  EXPECT_EQ(load_with("skip_below", torch::full({1}, 64, torch::kInt)).code(), StatusCode::kModelMismatch);
  EXPECT_EQ(load_with("g_a.shortcut", torch::full({48, 768, 1, 1}, NAN)).code(), StatusCode::kModelMismatch);
}

TEST(Weights, RefusesAnExactLayerThatBreaksTheBound) {
  const Status status = load_with("scale_context.references.bias_q", torch::full({32}, 1 << 24, torch::kInt));
  EXPECT_EQ(status.code(), StatusCode::kModelMismatch);
  EXPECT_NE(status.message().find("2^24"), std::string::npos) << status.message();
}

TEST(Weights, RefusesAFileOfSomethingElse) {
  const std::string path = temporary_path("other.safetensors");
  ASSERT_TRUE(write_safetensors(path, {{"x", torch::zeros({2})}}, {}).ok());
  EXPECT_EQ(load_weights(path, "cpu").status().code(), StatusCode::kModelMismatch);
  EXPECT_EQ(load_weights(temporary_path("absent.safetensors"), "cpu").status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace laconic::models
