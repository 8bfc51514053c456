#include "models/stored_weights.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace laconic::models {
namespace {

// Stored as integers instead: the scale context, and that of sound.
bool is_exact_parameter(const std::string& key) { return key.rfind("scale_context.", 0) == 0 || key.rfind("scales_", 0) == 0; }
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

Result<std::vector<StoredTable>> get_tables(const TensorMap& tensors, const std::string& name, int64_t count) {
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor sizes, get_tensor(tensors, "cdf." + name + ".sizes", {torch::kInt}, {count}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor mins, get_tensor(tensors, "cdf." + name + ".min_symbols", {torch::kInt}, {count}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor values, get_tensor(tensors, "cdf." + name + ".values", {torch::kInt}, {}));
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

}  // namespace

Status named(Status status, const std::string& path) {
  return status.ok() ? status : Status(status.code(), path + ": " + status.message());
}

// Symbols outside a table cost its escape and an Exp-Golomb code of about twice the bits of the distance.
torch::Tensor stored_symbol_bits(const std::vector<StoredTable>& tables, int reach) {
  torch::Tensor bits = torch::empty({static_cast<int64_t>(tables.size()), 2 * reach + 1});
  auto at = bits.accessor<float, 2>();
  for (int64_t t = 0; t < bits.size(0); ++t) {
    const StoredTable& table = tables[static_cast<size_t>(t)];
    const int num_symbols = static_cast<int>(table.cdf.size()) - 2;
    for (int symbol = -reach; symbol <= reach; ++symbol) {
      const int k = std::clamp(symbol - table.min_symbol, -1, num_symbols);
      const bool is_escape = k < 0 || k == num_symbols;
      const size_t cell = static_cast<size_t>(is_escape ? num_symbols : k);
      const double distance = is_escape ? std::max(table.min_symbol - symbol, symbol - table.min_symbol - num_symbols + 1) : 0;
      const double likelihood = static_cast<double>(table.cdf[cell + 1] - table.cdf[cell]) / table.cdf.back();
      at[t][symbol + reach] = static_cast<float>(-std::log2(likelihood) + 2 * std::log2(1 + distance));
    }
  }
  return bits;
}

Result<SafetensorsFile> read_weights_file(const std::string& path, const char* kind) {
  Result<SafetensorsFile> file = read_safetensors(path);
  if (!file.ok()) return file.status().code() == StatusCode::kIo ? file : model_mismatch(file.status().message());
  const auto found = file->metadata.find("kind");
  if (found == file->metadata.end() || found->second != kind)
    return model_mismatch(path + " does not hold weights of the kind " + kind);
  return file;
}

std::string record_of(const SafetensorsFile& file, const std::string& config_json) {
  const auto record = file.metadata.find("record");
  nlohmann::json json = nlohmann::json::parse(record == file.metadata.end() ? "{}" : record->second, nullptr, false);
  if (json.is_discarded()) json = nlohmann::json::object();
  json["architecture"] = nlohmann::json::parse(config_json);
  return json.dump(2);
}

std::array<uint8_t, 8> model_id_of(const SafetensorsFile& file) {
  std::array<uint8_t, 8> id;
  std::copy(file.sha256.begin(), file.sha256.begin() + 8, id.begin());
  return id;
}

std::string model_id_text(const std::array<uint8_t, 8>& id) {
  std::string text;
  for (const uint8_t byte : id) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

Result<torch::Tensor> get_tensor(const TensorMap& tensors, const std::string& name, const std::vector<torch::ScalarType>& types,
                                 c10::IntArrayRef shape) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return model_mismatch("the weights lack the tensor " + name);
  const torch::Tensor& t = found->second;
  if (std::find(types.begin(), types.end(), t.scalar_type()) == types.end())
    return model_mismatch("the tensor " + name + " has the wrong type");
  if (shape.empty() ? t.dim() != 1 : t.sizes() != shape) return model_mismatch("the tensor " + name + " has the wrong shape");
  return t;
}

void put_floats(const torch::nn::Module& network, TensorMap& out) {
  for (const auto& item : network.named_parameters()) {
    if (is_exact_parameter(item.key()) || is_training_only(item.key())) continue;
    out[item.key()] = item.value().to(is_stored_as_half(item.key(), item.value()) ? torch::kHalf : torch::kFloat);
  }
}

Status load_floats(const TensorMap& tensors, torch::nn::Module& network) {
  torch::NoGradGuard no_grad;
  for (auto& item : network.named_parameters()) {
    if (is_exact_parameter(item.key()) || is_training_only(item.key())) continue;
    LACONIC_ASSIGN_OR_RETURN(const torch::Tensor stored,
                             get_tensor(tensors, item.key(), {torch::kHalf, torch::kFloat}, item.value().sizes()));
    item.value().copy_(stored);
    if (!torch::isfinite(item.value()).all().item<bool>())
      return model_mismatch("the tensor " + item.key() + " holds a value that is not finite");
  }
  return ok_status();
}

void put_exact(const std::string& name, const ExactConv& layer, TensorMap& out) {
  out[name + ".weight_q"] = layer.weight().to(torch::kChar);
  out[name + ".bias_q"] = layer.bias().to(torch::kInt);
  out[name + ".shift"] = layer.shift().to(torch::kInt);
}

Result<ExactConv> get_exact(const TensorMap& tensors, const std::string& name, const ExactConv2d& shape_of) {
  const int64_t out = shape_of->options().out_channels;
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor w, get_tensor(tensors, name + ".weight_q", {torch::kChar}, shape_of->weight.sizes()));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor b, get_tensor(tensors, name + ".bias_q", {torch::kInt}, {out}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor s, get_tensor(tensors, name + ".shift", {torch::kInt}, {out}));
  // int32 biases above 2^24 would round on the way to float32; the bound would refuse them anyway.
  if (b.abs().max().item<int32_t>() > (1 << 24)) return model_mismatch("the tensor " + name + ".bias_q is out of range");
  return ExactConv(shape_of->options(), w.to(torch::kFloat), b.to(torch::kFloat), s.to(torch::kFloat), /*float_twin=*/false);
}

Status put_scale_networks(const LatentModelImpl& model, TensorMap& out) {
  ScaleNetworks scale = model.scale_context->prepare();
  const std::string error = scale.prove_bounds();
  if (!error.empty()) return internal_error(error);
  const auto convolutions = model.scale_context->convolutions();
  const std::vector<ExactConv*> layers = scale.layers();
  for (size_t i = 0; i < layers.size(); ++i) put_exact("scale_context." + convolutions[i].first, *layers[i], out);
  out["scale_context.quality_embedding_q"] = scale.quality_embedding.to(torch::kInt);
  out["scale_context.pass_embedding_q"] = scale.pass_embedding.to(torch::kInt);
  return ok_status();
}

Result<ScaleNetworks> load_scale_networks(const TensorMap& tensors, const LatentModelImpl& model) {
  ScaleNetworks result;
  const auto convolutions = model.scale_context->convolutions();
  const std::vector<ExactConv*> layers = result.layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    LACONIC_ASSIGN_OR_RETURN(*layers[i], get_exact(tensors, "scale_context." + convolutions[i].first, convolutions[i].second));
  }
  const int64_t width = model.config().scale_width;
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor quality,
                           get_tensor(tensors, "scale_context.quality_embedding_q", {torch::kInt}, {kNumAnchors, width}));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor pass,
                           get_tensor(tensors, "scale_context.pass_embedding_q", {torch::kInt}, {kNumPasses, width}));
  result.quality_embedding = quality.clamp(-kActivationMax, kActivationMax).to(torch::kFloat);
  result.pass_embedding = pass.clamp(-kActivationMax, kActivationMax).to(torch::kFloat);
  const std::string error = result.prove_bounds();
  if (!error.empty()) return model_mismatch(error);
  return result;
}

void put_latent_tables(const LatentTables& tables, TensorMap& out) {
  put_tables("scales", tables.scales, out);
  put_tables("hyper", tables.hyper, out);
  out["skip_below"] = torch::tensor({tables.skip_below}, torch::kInt);
}

Result<LatentTables> get_latent_tables(const TensorMap& tensors, int64_t num_hyper_tables) {
  LatentTables tables;
  LACONIC_ASSIGN_OR_RETURN(tables.scales, get_tables(tensors, "scales", kNumScales));
  LACONIC_ASSIGN_OR_RETURN(tables.hyper, get_tables(tensors, "hyper", num_hyper_tables));
  LACONIC_ASSIGN_OR_RETURN(const torch::Tensor skip, get_tensor(tensors, "skip_below", {torch::kInt}, {1}));
  tables.skip_below = skip[0].item<int>();
  if (tables.skip_below < 0 || tables.skip_below >= kNumScales) return model_mismatch("skip_below is out of the range 0..63");
  return tables;
}

Status load_trainable_prior(const TensorMap& tensors, LatentModelImpl& model) {
  const int64_t channels = model.config().hyper_latents;
  LACONIC_ASSIGN_OR_RETURN(const LatentTables tables, get_latent_tables(tensors, kNumAnchors * channels));
  torch::NoGradGuard no_grad;
  for (int64_t i = 0; i < kNumAnchors * channels; ++i) {
    const StoredTable& table = tables.hyper[static_cast<size_t>(i)];
    double weight = 0, sum = 0, squares = 0;
    for (size_t cell = 0; cell + 2 < table.cdf.size(); ++cell) {  // the last cell is the escape
      const double p = table.cdf[cell + 1] - table.cdf[cell], symbol = table.min_symbol + static_cast<double>(cell);
      weight += p;
      sum += p * symbol;
      squares += p * symbol * symbol;
    }
    const double mean = sum / weight, rounding = 1.0 / 12;
    const double variance = std::max(squares / weight - mean * mean - rounding, 0.01);
    model.z_means[i / channels][i % channels].fill_(mean);
    model.z_log_scales[i / channels][i % channels].fill_(0.5 * std::log(3 * variance) - std::log(M_PI));  // variance = (pi scale)^2 / 3
  }
  return ok_status();
}

}  // namespace laconic::models
