#include "models/image/weights.h"

namespace laconic::models {
namespace {

constexpr const char* kKind = "laconic-image-1";

}  // namespace

Status save_weights(const std::string& path, ImageNetwork network, const LatentTables& tables, const std::string& record_json) {
  torch::NoGradGuard no_grad;
  TensorMap tensors;
  put_floats(*network, tensors);
  LACONIC_RETURN_IF_ERROR(put_scale_networks(*network, tensors));
  put_latent_tables(tables, tensors);
  return write_safetensors(path, tensors, {{"kind", kKind}, {"config", config_to_json(network->config())}, {"record", record_json}});
}

Result<std::unique_ptr<ImageWeights>> load_weights(const std::string& path, const std::string& device) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const ImageConfig config, config_of(file, path, config_from_json));
  torch::NoGradGuard no_grad;
  auto weights = std::make_unique<ImageWeights>();
  const NoRandomStart no_random_start;
  weights->network = ImageNetwork(config);
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, *weights->network), path));
  Result<ScaleNetworks> scale = load_scale_networks(file.tensors, *weights->network);
  if (!scale.ok()) return named(scale.status(), path);
  weights->scale_networks = std::move(*scale);
  Result<LatentTables> tables = get_latent_tables(file.tensors, int64_t{kNumAnchors} * config.hyper_latents);
  if (!tables.ok()) return named(tables.status(), path);
  weights->tables = std::move(*tables);
  weights->model_id = model_id_of(file);
  weights->record_json = record_of(file, config_to_json(config));
  for (auto& parameter : weights->network->parameters()) parameter.set_requires_grad(false);
  if (device != "cpu") {
    weights->network->to(torch::Device(device));
    weights->scale_networks.to(torch::Device(device));
  }
  return weights;
}

Status load_trainable(const std::string& path, ImageNetwork network) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const ImageConfig config, config_of(file, path, config_from_json));
  if (config_to_json(config) != config_to_json(network->config()))
    return invalid_argument(path + " holds a network of another configuration: " + config_to_json(config));
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, *network), path));
  LACONIC_ASSIGN_OR_RETURN(ScaleNetworks scale, load_scale_networks(file.tensors, *network));
  network->scale_context->set_integers(scale);
  return load_trainable_prior(file.tensors, *network);
}

}  // namespace laconic::models
