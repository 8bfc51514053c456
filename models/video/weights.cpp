#include "models/video/weights.h"

namespace laconic::models {
namespace {

constexpr const char* kKind = "laconic-video-1";
constexpr const char* kImageModelKey = "image_model";

Result<TemporalScaleNetworks> load_temporal(const TensorMap& tensors, const VideoNetworkImpl& network) {
  TemporalScaleNetworks result;
  const auto convolutions = network.temporal_convolutions();
  const std::vector<ExactConv*> layers = result.layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    LACONIC_ASSIGN_OR_RETURN(*layers[i], get_exact(tensors, convolutions[i].first, convolutions[i].second));
    const std::string error = layers[i]->prove_bound();
    if (!error.empty()) return model_mismatch("exact layer " + convolutions[i].first + ": " + error);
  }
  return result;
}

}  // namespace

Status save_video_weights(const std::string& path, VideoNetwork network, const LatentTables& tables, const std::string& image_model_id,
                          const std::string& record_json) {
  torch::NoGradGuard no_grad;
  TensorMap tensors;
  put_floats(*network, tensors);
  LACONIC_RETURN_IF_ERROR(put_scale_networks(*network, tensors));
  TemporalScaleNetworks temporal = network->prepare_temporal();
  const auto convolutions = network->temporal_convolutions();
  for (size_t i = 0; i < convolutions.size(); ++i) {
    const ExactConv& layer = *temporal.layers()[i];
    const std::string error = layer.prove_bound();
    if (!error.empty()) return internal_error("exact layer " + convolutions[i].first + ": " + error);
    put_exact(convolutions[i].first, layer, tensors);
  }
  put_latent_tables(tables, tensors);
  return write_safetensors(path, tensors, {{"kind", kKind}, {"config", config_to_json(network->config())},
                                           {kImageModelKey, image_model_id}, {"record", record_json}});
}

Result<std::unique_ptr<VideoWeights>> load_video_weights(const std::string& path, const std::string& device) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const ImageConfig config, config_of(file, path, config_from_json));
  const auto image_model = file.metadata.find(kImageModelKey);
  if (image_model == file.metadata.end()) return model_mismatch(path + " does not name its image model");
  torch::NoGradGuard no_grad;
  auto weights = std::make_unique<VideoWeights>();
  const NoRandomStart no_random_start;
  weights->network = VideoNetwork(config);
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, *weights->network), path));
  Result<ScaleNetworks> scale = load_scale_networks(file.tensors, *weights->network);
  if (!scale.ok()) return named(scale.status(), path);
  weights->scale_networks = std::move(*scale);
  Result<TemporalScaleNetworks> temporal = load_temporal(file.tensors, *weights->network);
  if (!temporal.ok()) return named(temporal.status(), path);
  weights->temporal_networks = std::move(*temporal);
  Result<LatentTables> tables = get_latent_tables(file.tensors, int64_t{kNumAnchors} * config.hyper_latents);
  if (!tables.ok()) return named(tables.status(), path);
  weights->tables = std::move(*tables);
  weights->model_id = model_id_of(file);
  weights->image_model_id = image_model->second;
  weights->record_json = record_of(file, config_to_json(config));
  for (auto& parameter : weights->network->parameters()) parameter.set_requires_grad(false);
  if (device != "cpu") {
    weights->network->to(torch::Device(device));
    weights->scale_networks.to(torch::Device(device));
    for (ExactConv* layer : weights->temporal_networks.layers()) layer->to(torch::Device(device));
  }
  return weights;
}

Status load_trainable_video(const std::string& path, VideoNetwork network) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const ImageConfig config, config_of(file, path, config_from_json));
  if (config_to_json(config) != config_to_json(network->config()))
    return invalid_argument(path + " holds a network of another configuration: " + config_to_json(config));
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, *network), path));
  LACONIC_ASSIGN_OR_RETURN(ScaleNetworks scale, load_scale_networks(file.tensors, *network));
  network->scale_context->set_integers(scale);
  LACONIC_ASSIGN_OR_RETURN(TemporalScaleNetworks temporal, load_temporal(file.tensors, *network));
  auto convolutions = network->temporal_convolutions();
  for (size_t i = 0; i < convolutions.size(); ++i) {
    const ExactConv& layer = *temporal.layers()[i];
    convolutions[i].second->set_integers(layer.weight(), layer.bias(), layer.shift());
  }
  return load_trainable_prior(file.tensors, *network);
}

void start_from_image(const ImageWeights& image, VideoNetwork network) {
  torch::NoGradGuard no_grad;
  const auto stored = image.network->named_parameters();
  for (auto& item : network->named_parameters()) {
    const torch::Tensor* same = stored.find(item.key());
    if (same && same->sizes() == item.value().sizes()) item.value().copy_(*same);
  }
  ScaleNetworks scale = image.scale_networks;
  network->scale_context->set_integers(scale);
}

}  // namespace laconic::models
