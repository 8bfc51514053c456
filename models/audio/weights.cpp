#include "models/audio/weights.h"

namespace laconic::models {
namespace {

constexpr const char* kKind = "laconic-audio-1";
constexpr const char* kEmbeddingKey = "scales_band_embedding_q";

int64_t num_hyper_tables(const AudioConfig& config) { return int64_t{config.hyper_latents} * kHyperPositions; }

Result<AudioScaleNetworks> load_scales(const TensorMap& tensors, const AudioNetworkImpl& network) {
  AudioScaleNetworks result = network.prepare();  // for the shapes
  const auto convolutions = network.convolutions();
  const std::vector<ExactConv*> layers = result.layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    LACONIC_ASSIGN_OR_RETURN(*layers[i], get_exact(tensors, convolutions[i].first, convolutions[i].second));
    const std::string error = layers[i]->prove_bound();
    if (!error.empty()) return model_mismatch("exact layer " + convolutions[i].first + ": " + error);
  }
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor embedding, get_tensor(tensors, kEmbeddingKey, {torch::kInt}, {network.config().scale_width, kNumBands}));
  result.band_embedding = embedding.clamp(-kActivationMax, kActivationMax).to(torch::kFloat).view({1, -1, 1, kNumBands});
  return result;
}

}  // namespace

Status save_audio_weights(const std::string& path, AudioNetwork network, const LatentTables& tables, const std::string& record_json) {
  torch::NoGradGuard no_grad;
  TensorMap tensors;
  put_floats(*network, tensors);
  AudioScaleNetworks scales = network->prepare();
  const auto convolutions = network->convolutions();
  const std::vector<ExactConv*> layers = scales.layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string error = layers[i]->prove_bound();
    if (!error.empty()) return internal_error("exact layer " + convolutions[i].first + ": " + error);
    put_exact(convolutions[i].first, *layers[i], tensors);
  }
  tensors[kEmbeddingKey] = scales.band_embedding.view({-1, kNumBands}).to(torch::kInt).contiguous();
  put_latent_tables(tables, tensors);
  return write_safetensors(path, tensors, {{"kind", kKind}, {"config", audio_config_to_json(network->config())}, {"record", record_json}});
}

Result<std::unique_ptr<AudioWeights>> load_audio_weights(const std::string& path, const std::string& device) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const AudioConfig config, config_of(file, path, audio_config_from_json));
  torch::NoGradGuard no_grad;
  auto weights = std::make_unique<AudioWeights>();
  const NoRandomStart no_random_start;
  weights->network = AudioNetwork(config);
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, *weights->network), path));
  Result<AudioScaleNetworks> scales = load_scales(file.tensors, *weights->network);
  if (!scales.ok()) return named(scales.status(), path);
  weights->scale_networks = std::move(*scales);
  Result<LatentTables> tables = get_latent_tables(file.tensors, num_hyper_tables(config));
  if (!tables.ok()) return named(tables.status(), path);
  weights->tables = std::move(*tables);
  weights->model_id = model_id_of(file);
  weights->record_json = record_of(file, audio_config_to_json(config));
  for (auto& parameter : weights->network->parameters()) parameter.set_requires_grad(false);
  if (device != "cpu") {
    weights->network->to(torch::Device(device));
    for (ExactConv* layer : weights->scale_networks.layers()) layer->to(torch::Device(device));
    weights->scale_networks.band_embedding = weights->scale_networks.band_embedding.to(torch::Device(device));
  }
  return weights;
}

Result<LatentTables> load_trainable_audio(const std::string& path, AudioNetwork network) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const AudioConfig config, config_of(file, path, audio_config_from_json));
  if (audio_config_to_json(config) != audio_config_to_json(network->config()))
    return invalid_argument(path + " holds a network of another configuration: " + audio_config_to_json(config));
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, *network), path));
  LACONIC_ASSIGN_OR_RETURN(AudioScaleNetworks scales, load_scales(file.tensors, *network));
  network->set_integers(scales);
  return get_latent_tables(file.tensors, num_hyper_tables(config));
}

}  // namespace laconic::models
