#include "models/audio/weights.h"

#include <gtest/gtest.h>

#include "models/image/weights.h"
#include "models/safetensors.h"
#include "tests/support/test_images.h"
#include "tests/support/tiny_audio_model.h"

namespace laconic::models {
namespace {

using test::temporary_path;

TEST(AudioWeights, ExactNetworksComeBackAsTheSameIntegers) {
  const std::string path = temporary_path("a.safetensors");
  ASSERT_TRUE(test::write_tiny_audio_model(path).ok());
  auto weights = load_audio_weights(path, "cpu");
  ASSERT_TRUE(weights.ok()) << weights.status().message();
  AudioNetwork again(test::tiny_audio_config());
  ASSERT_TRUE(load_trainable_audio(path, again).ok());
  AudioScaleNetworks prepared = again->prepare();
  const std::vector<ExactConv*> stored = (*weights)->scale_networks.layers(), made = prepared.layers();
  ASSERT_EQ(stored.size(), made.size());
  for (size_t i = 0; i < stored.size(); ++i) {
    EXPECT_TRUE(torch::equal(stored[i]->weight(), made[i]->weight())) << i;
    EXPECT_TRUE(torch::equal(stored[i]->bias(), made[i]->bias())) << i;
    EXPECT_TRUE(torch::equal(stored[i]->shift(), made[i]->shift())) << i;
  }
  EXPECT_TRUE(torch::equal((*weights)->scale_networks.band_embedding, prepared.band_embedding));
}

TEST(AudioWeights, ModelIdIsTheHashOfTheFile) {
  const std::string path = temporary_path("b.safetensors");
  ASSERT_TRUE(test::write_tiny_audio_model(path, 2).ok());
  auto weights = load_audio_weights(path, "cpu");
  auto file = read_safetensors(path);
  ASSERT_TRUE(weights.ok() && file.ok());
  EXPECT_TRUE(std::equal((*weights)->model_id.begin(), (*weights)->model_id.end(), file->sha256.begin()));
}

// Rewrites a good file with one tensor changed.
Status load_with(const std::string& name, const torch::Tensor& replacement) {
  const std::string path = temporary_path("c.safetensors"), changed = temporary_path("changed.safetensors");
  LACONIC_RETURN_IF_ERROR(test::write_tiny_audio_model(path));
  LACONIC_ASSIGN_OR_RETURN(SafetensorsFile file, read_safetensors(path));
  if (replacement.defined()) file.tensors[name] = replacement;
  else file.tensors.erase(name);
  LACONIC_RETURN_IF_ERROR(write_safetensors(changed, file.tensors, file.metadata));
  return load_audio_weights(changed, "cpu").status();
}

TEST(AudioWeights, RefusesEveryTensorThatIsMissingOrOfAnotherShapeOrType) {
  const std::string path = temporary_path("d.safetensors");
  ASSERT_TRUE(test::write_tiny_audio_model(path).ok());
  const auto file = read_safetensors(path);
  ASSERT_TRUE(file.ok());
  for (const auto& [name, tensor] : file->tensors) {
    const torch::Tensor other_type = tensor.to(tensor.scalar_type() == torch::kInt ? torch::kShort : torch::kInt);
    for (const torch::Tensor& replacement : {torch::Tensor(), torch::zeros({3, 1}, tensor.scalar_type()), other_type}) {
      const Status status = load_with(name, replacement);
      EXPECT_EQ(status.code(), StatusCode::kModelMismatch) << name;
      EXPECT_NE(status.message().find(name), std::string::npos) << status.message();
    }
  }
}

TEST(AudioWeights, RefusesValuesOutOfRange) {
  EXPECT_EQ(load_with("skip_below", torch::full({1}, 64, torch::kInt)).code(), StatusCode::kModelMismatch);
  EXPECT_EQ(load_with("g_s_out.bias", torch::full({2 * kPlaneChannels}, NAN)).code(), StatusCode::kModelMismatch);
  EXPECT_EQ(load_with("scales_mix.shift", torch::full({16}, kShiftMax + 1, torch::kInt)).code(), StatusCode::kModelMismatch);
}

TEST(AudioWeights, RefusesAnExactLayerThatBreaksTheBound) {
  const Status status = load_with("scales_known_2.bias_q", torch::full({16}, 1 << 24, torch::kInt));
  EXPECT_EQ(status.code(), StatusCode::kModelMismatch);
  EXPECT_NE(status.message().find("scales_known_2"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("2^24"), std::string::npos) << status.message();
}

TEST(AudioWeights, RefusesFilesOfOtherKindsAndConfigurations) {
  const std::string path = temporary_path("e.safetensors");
  ASSERT_TRUE(write_safetensors(path, {{"x", torch::zeros({2})}}, {}).ok());
  EXPECT_EQ(load_audio_weights(path, "cpu").status().code(), StatusCode::kModelMismatch);
  EXPECT_EQ(load_audio_weights(temporary_path("absent.safetensors"), "cpu").status().code(), StatusCode::kIo);
  ASSERT_TRUE(test::write_tiny_audio_model(path).ok());
  EXPECT_EQ(load_weights(path, "cpu").status().code(), StatusCode::kModelMismatch);
  AudioConfig wider = test::tiny_audio_config();
  wider.synthesis_width = 9;
  EXPECT_EQ(load_trainable_audio(path, AudioNetwork(wider)).status().code(), StatusCode::kInvalidArgument);
}

TEST(AudioConfig, GoesToJsonAndBackAndRefusesWhatIsOutOfRange) {
  AudioConfig config = test::tiny_audio_config(), found;
  config.stereo_reference = false;
  EXPECT_EQ(audio_config_from_json(audio_config_to_json(config), found), "");
  EXPECT_EQ(audio_config_to_json(found), audio_config_to_json(config));
  config.hyper_latents = 33;
  EXPECT_NE(audio_config_from_json(audio_config_to_json(config), found), "");
  config = test::tiny_audio_config();
  config.scale_width = 161;
  EXPECT_NE(audio_config_from_json(audio_config_to_json(config), found), "");
  EXPECT_NE(audio_config_from_json("{", found), "");
}

}  // namespace
}  // namespace laconic::models
