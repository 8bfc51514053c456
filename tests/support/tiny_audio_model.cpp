#include "tests/support/tiny_audio_model.h"

#include "tests/support/tiny_model.h"

namespace laconic::test {

models::AudioConfig tiny_audio_config() {
  models::AudioConfig config;
  config.scale_width = 16;
  config.hyper_width = config.synthesis_width = 8;
  config.hyper_latents = 2;
  return config;
}

Status write_tiny_audio_model(const std::string& path, uint64_t seed) {
  const models::AudioConfig config = tiny_audio_config();
  torch::manual_seed(seed);
  models::AudioNetwork network(config);
  {
    const torch::NoGradGuard no_grad;
    auto parameters = network->named_parameters();
    // What training starts at zero gets values, so that every part takes part.
    parameters["scales_band_embedding"].normal_(0, 1);
    // Random scale indexes, but none so low that a loud value is taken for one that need not be coded.
    for (int pass = 0; pass < models::kAudioPasses; ++pass) {
      const std::string out = "scales_out_" + std::to_string(pass);
      parameters[out + ".weight"].mul_(0.5);
      parameters[out + ".bias"].fill_(24.0 * 4 / models::kUnit);  // about 24
    }
  }
  return models::save_audio_weights(path, network, tiny_tables(config.hyper_latents * models::kHyperPositions),
                                    R"({"note": "random weights for tests"})");
}

}  // namespace laconic::test
