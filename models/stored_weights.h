// What weights files of all media have in common (FORMAT.md 10): tensors checked by name, type and shape, exact layers as
// integers, probability tables, and the latent model of pictures.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "codec/base/status.h"
#include "models/image/network.h"
#include "models/safetensors.h"

namespace laconic::models {

// A stored probability table: symbols min_symbol .. min_symbol + cdf.size() - 3, then the escape; see entropy/cdf_table.h.
struct StoredTable {
  int min_symbol = 0;
  std::vector<uint32_t> cdf;
};

// The tables of a latent model.
struct LatentTables {
  std::vector<StoredTable> scales;  // kNumScales, by scale index
  std::vector<StoredTable> hyper;   // pictures: kNumAnchors * Z, [anchor][channel]; sound: [channel][position]
  int skip_below = 0;               // symbols whose scale index is lower are not coded and are 0
};

// Bits of the symbols -reach..reach by table, float32 [tables, 2 reach + 1]: for choices of encoders, and for training.
torch::Tensor stored_symbol_bits(const std::vector<StoredTable>& tables, int reach);

using TensorMap = std::map<std::string, torch::Tensor>;

// kModelMismatch for everything that is wrong with the file; kIo when it cannot be read. kind: what its metadata must say.
Result<SafetensorsFile> read_weights_file(const std::string& path, const char* kind);
// The network's configuration in the file's metadata; parse: config_from_json of the medium.
template <typename Config>
Result<Config> config_of(const SafetensorsFile& file, const std::string& path, std::string (*parse)(const std::string&, Config&)) {
  const auto text = file.metadata.find("config");
  if (text == file.metadata.end()) return model_mismatch(path + " does not tell the network's configuration");
  Config config;
  const std::string error = parse(text->second, config);
  if (!error.empty()) return model_mismatch(path + ": " + error);
  return config;
}
// The file's training record with the architecture (a configuration's JSON), as pretty-printed JSON.
std::string record_of(const SafetensorsFile& file, const std::string& config_json);
std::array<uint8_t, 8> model_id_of(const SafetensorsFile& file);
std::string model_id_text(const std::array<uint8_t, 8>& id);  // 16 hex digits

// Everything of a network but exact layers and the prior parameters of training.
void put_floats(const torch::nn::Module& network, TensorMap& out);
Status load_floats(const TensorMap& tensors, torch::nn::Module& network);

// A tensor by name, type and exact shape; an empty shape takes any vector.
Result<torch::Tensor> get_tensor(const TensorMap& tensors, const std::string& name, const std::vector<torch::ScalarType>& types,
                                 c10::IntArrayRef shape);

void put_exact(const std::string& name, const ExactConv& layer, TensorMap& out);
Result<ExactConv> get_exact(const TensorMap& tensors, const std::string& name, const ExactConv2d& shape_of);

// The exact part of a latent model; the error names the layer whose bound does not hold.
Status put_scale_networks(const LatentModelImpl& model, TensorMap& out);
Result<ScaleNetworks> load_scale_networks(const TensorMap& tensors, const LatentModelImpl& model);

void put_latent_tables(const LatentTables& tables, TensorMap& out);
Result<LatentTables> get_latent_tables(const TensorMap& tensors, int64_t num_hyper_tables);

// The logistic prior of z that training goes on with: of the mean and variance of the stored tables, which were counted.
Status load_trainable_prior(const TensorMap& tensors, LatentModelImpl& model);

// The status with the file's name before its sentence.
Status named(Status status, const std::string& path);

}  // namespace laconic::models
