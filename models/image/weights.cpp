#include "models/image/weights.h"

#include <nlohmann/json.hpp>

#include "models/safetensors.h"

namespace laconic::models {
namespace {

using TensorMap = std::map<std::string, torch::Tensor>;

constexpr const char* kKind = "laconic-image-1";

bool is_exact_parameter(const std::string& key) { return key.rfind("scale_context.", 0) == 0; }
// Only the trainer reads these: the shipped tables of z are counted.
bool is_training_only(const std::string& key) { return key == "z_log_scales" || key == "z_means"; }
// The shortcut carries the high qualities' precision, vectors are small: both stay float32.
bool is_stored_as_half(const std::string& key, const torch::Tensor& t) {
  return t.dim() == 4 && key.find("shortcut") == std::string::npos;
}

void put_tables(const std::string& name, const std::vector<StoredTable>& tables, TensorMap& out) {
  std::vector<int32_t> values, sizes, min_symbols;
  for (const StoredTable& table : tables) {
    values.insert(values.end(), table.cdf.begin(), table.cdf.end());
    sizes.push_back(static_cast<int32_t>(table.cdf.size()));
    min_symbols.push_back(table.min_symbol);
  }
  out["cdf." + name + ".values"] = torch::tensor(values, torch::kInt);
  out["cdf." + name + ".sizes"] = torch::tensor(sizes, torch::kInt);
  out["cdf." + name + ".min_symbols"] = torch::tensor(min_symbols, torch::kInt);
}

// A tensor by name, type and exact shape; an empty shape takes any vector.
Result<torch::Tensor> get(const TensorMap& tensors, const std::string& name, std::vector<torch::ScalarType> types,
                          c10::IntArrayRef shape) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return model_mismatch("the weights lack the tensor " + name);
  const torch::Tensor& t = found->second;
  if (std::find(types.begin(), types.end(), t.scalar_type()) == types.end())
    return model_mismatch("the tensor " + name + " has the wrong type");
  if (shape.empty() ? t.dim() != 1 : t.sizes() != shape) return model_mismatch("the tensor " + name + " has the wrong shape");
  return t;
}

Result<std::vector<StoredTable>> get_tables(const TensorMap& tensors, const std::string& name, int64_t count) {
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor sizes, get(tensors, "cdf." + name + ".sizes", {torch::kInt}, {count}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor mins, get(tensors, "cdf." + name + ".min_symbols", {torch::kInt}, {count}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor values, get(tensors, "cdf." + name + ".values", {torch::kInt}, {}));
  const auto* size = sizes.data_ptr<int32_t>();
  const auto* value = values.data_ptr<int32_t>();
  std::vector<StoredTable> tables(static_cast<size_t>(count));
  int64_t used = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (size[i] < 3 || size[i] > 65538 || size[i] > values.numel() - used)
      return model_mismatch("the table " + name + "[" + std::to_string(i) + "] has a bad size");
    tables[i].min_symbol = mins.data_ptr<int32_t>()[i];
    tables[i].cdf.assign(value + used, value + used + size[i]);
    used += size[i];
  }
  if (used != values.numel()) return model_mismatch("the tables " + name + " have bytes left over");
  return tables;
}

Result<ExactConv> get_exact(const TensorMap& tensors, const std::string& name, const ExactConv2d& shape_of) {
  const int64_t out = shape_of->options().out_channels;
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor w, get(tensors, name + ".weight_q", {torch::kChar}, shape_of->weight.sizes()));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor b, get(tensors, name + ".bias_q", {torch::kInt}, {out}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor s, get(tensors, name + ".shift", {torch::kInt}, {out}));
  // int32 biases above 2^24 would round on the way to float32; the bound would refuse them anyway.
  if (b.abs().max().item<int32_t>() > (1 << 24)) return model_mismatch("the tensor " + name + ".bias_q is out of range");
  return ExactConv(shape_of->options(), w.to(torch::kFloat), b.to(torch::kFloat), s.to(torch::kFloat), /*float_twin=*/false);
}

Status load_floats(const TensorMap& tensors, ImageNetwork network) {
  torch::NoGradGuard no_grad;
  for (auto& item : network->named_parameters()) {
    if (is_exact_parameter(item.key()) || is_training_only(item.key())) continue;
    LACONIC_ASSIGN_OR_RETURN(const torch::Tensor stored,
                             get(tensors, item.key(), {torch::kHalf, torch::kFloat}, item.value().sizes()));
    item.value().copy_(stored);
    if (!torch::isfinite(item.value()).all().item<bool>())
      return model_mismatch("the tensor " + item.key() + " holds a value that is not finite");
  }
  return ok_status();
}

Result<ImageConfig> config_of(const SafetensorsFile& file, const std::string& path) {
  const auto kind = file.metadata.find("kind"), config_text = file.metadata.find("config");
  if (kind == file.metadata.end() || kind->second != kKind || config_text == file.metadata.end())
    return model_mismatch(path + " does not hold weights of a laconic image model");
  ImageConfig config;
  const std::string error = config_from_json(config_text->second, config);
  if (!error.empty()) return model_mismatch(path + ": " + error);
  return config;
}

Status named(Status status, const std::string& path) {
  return status.ok() ? status : Status(status.code(), path + ": " + status.message());
}

Result<SafetensorsFile> read_file(const std::string& path) {
  Result<SafetensorsFile> file = read_safetensors(path);
  if (!file.ok() && file.status().code() != StatusCode::kIo) return model_mismatch(file.status().message());
  return file;
}

Result<ScaleNetworks> load_scale_networks(const TensorMap& tensors, ImageNetwork network) {
  ScaleNetworks result;
  const auto convolutions = network->scale_context->convolutions();
  const std::vector<ExactConv*> layers = result.layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    LACONIC_ASSIGN_OR_RETURN(*layers[i], get_exact(tensors, "scale_context." + convolutions[i].first, convolutions[i].second));
  }
  const int64_t width = network->config().scale_width;
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor quality,
                           get(tensors, "scale_context.quality_embedding_q", {torch::kInt}, {kNumAnchors, width}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor pass,
                           get(tensors, "scale_context.pass_embedding_q", {torch::kInt}, {kNumPasses, width}));
  result.quality_embedding = quality.clamp(-kActivationMax, kActivationMax).to(torch::kFloat);
  result.pass_embedding = pass.clamp(-kActivationMax, kActivationMax).to(torch::kFloat);
  const std::string error = result.prove_bounds();
  if (!error.empty()) return model_mismatch(error);
  return result;
}

}  // namespace

Status save_weights(const std::string& path, ImageNetwork network, const ImageTables& tables, const std::string& record_json) {
  torch::NoGradGuard no_grad;
  TensorMap tensors;
  for (const auto& item : network->named_parameters()) {
    if (is_exact_parameter(item.key()) || is_training_only(item.key())) continue;
    tensors[item.key()] = item.value().to(is_stored_as_half(item.key(), item.value()) ? torch::kHalf : torch::kFloat);
  }
  ScaleNetworks scale = network->scale_context->prepare();
  const std::string error = scale.prove_bounds();
  if (!error.empty()) return internal_error(error);
  const auto convolutions = network->scale_context->convolutions();
  const std::vector<ExactConv*> layers = scale.layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string name = "scale_context." + convolutions[i].first;
    tensors[name + ".weight_q"] = layers[i]->weight().to(torch::kChar);
    tensors[name + ".bias_q"] = layers[i]->bias().to(torch::kInt);
    tensors[name + ".shift"] = layers[i]->shift().to(torch::kInt);
  }
  tensors["scale_context.quality_embedding_q"] = scale.quality_embedding.to(torch::kInt);
  tensors["scale_context.pass_embedding_q"] = scale.pass_embedding.to(torch::kInt);
  put_tables("scales", tables.scales, tensors);
  put_tables("hyper", tables.hyper, tensors);
  tensors["skip_below"] = torch::tensor({tables.skip_below}, torch::kInt);
  return write_safetensors(path, tensors, {{"kind", kKind}, {"config", config_to_json(network->config())}, {"record", record_json}});
}

Result<std::unique_ptr<ImageWeights>> load_weights(const std::string& path, const std::string& device) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_file(path));
  LACONIC_ASSIGN_OR_RETURN(const ImageConfig config, config_of(file, path));
  torch::NoGradGuard no_grad;
  auto weights = std::make_unique<ImageWeights>();
  const NoRandomStart no_random_start;
  weights->network = ImageNetwork(config);
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, weights->network), path));
  Result<ScaleNetworks> scale = load_scale_networks(file.tensors, weights->network);
  if (!scale.ok()) return named(scale.status(), path);
  weights->scale_networks = std::move(*scale);

  Result<std::vector<StoredTable>> scales = get_tables(file.tensors, "scales", kNumScales);
  if (!scales.ok()) return named(scales.status(), path);
  Result<std::vector<StoredTable>> hyper = get_tables(file.tensors, "hyper", int64_t{kNumAnchors} * config.hyper_latents);
  if (!hyper.ok()) return named(hyper.status(), path);
  const Result<torch::Tensor> skip = get(file.tensors, "skip_below", {torch::kInt}, {1});
  if (!skip.ok()) return named(skip.status(), path);
  weights->tables = {std::move(*scales), std::move(*hyper), (*skip)[0].item<int>()};
  if (weights->tables.skip_below < 0 || weights->tables.skip_below >= kNumScales)
    return model_mismatch(path + ": skip_below is out of the range 0..63");

  std::copy(file.sha256.begin(), file.sha256.begin() + 8, weights->model_id.begin());
  const auto record = file.metadata.find("record");
  nlohmann::json json = nlohmann::json::parse(record == file.metadata.end() ? "{}" : record->second, nullptr, false);
  if (json.is_discarded()) json = nlohmann::json::object();
  json["architecture"] = nlohmann::json::parse(config_to_json(config));
  weights->record_json = json.dump(2);

  for (auto& parameter : weights->network->parameters()) parameter.set_requires_grad(false);
  if (device != "cpu") {
    weights->network->to(torch::Device(device));
    weights->scale_networks.to(torch::Device(device));
  }
  return weights;
}

Status load_trainable(const std::string& path, ImageNetwork network) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_file(path));
  LACONIC_ASSIGN_OR_RETURN(const ImageConfig config, config_of(file, path));
  if (config_to_json(config) != config_to_json(network->config()))
    return invalid_argument(path + " holds a network of another configuration: " + config_to_json(config));
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, network), path));
  LACONIC_ASSIGN_OR_RETURN(ScaleNetworks scale, load_scale_networks(file.tensors, network));
  network->scale_context->set_integers(scale);
  return ok_status();
}

}  // namespace laconic::models
