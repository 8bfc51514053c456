#include <torch/torch.h>

#include "codec/format/image_header.h"
#include "codec/image/guard.h"
#include "codec/image/model_impl.h"

namespace laconic {
namespace {

Result<CdfTables> to_cdf_tables(const std::vector<models::StoredTable>& stored, const char* what) {
  std::vector<CdfTable> tables;
  for (const models::StoredTable& table : stored) tables.push_back({table.min_symbol, table.cdf});
  Result<CdfTables> result = CdfTables::create(tables);
  if (!result.ok()) return model_mismatch(std::string("the weights' ") + what + " tables: " + result.status().message());
  return result;
}

}  // namespace

ImageModel::ImageModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImageModel::~ImageModel() = default;

Result<std::shared_ptr<const ImageModel>> ImageModel::load(const std::string& path, const ImageModelOptions& options) {
  if (options.device != "cpu" && options.device != "cuda")
    return invalid_argument("device '" + options.device + "' is neither cpu nor cuda");
  return guard([&]() -> Result<std::shared_ptr<const ImageModel>> {
    if (options.device == "cuda") {
      if (!torch::cuda::is_available()) return unsupported("no CUDA device is available; use --device cpu");
      // TF32 products are rounded to 10 bits: not exact (models/exact.h).
      at::globalContext().setAllowTF32CuBLAS(false);
      at::globalContext().setAllowTF32CuDNN(false);
    }
    LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<models::ImageWeights> weights, models::load_weights(path, options.device));
    LACONIC_ASSIGN_OR_RETURN(CdfTables scales, to_cdf_tables(weights->tables.scales, "scale"));
    LACONIC_ASSIGN_OR_RETURN(CdfTables hyper, to_cdf_tables(weights->tables.hyper, "hyper-latent"));
    auto impl = std::unique_ptr<Impl>(
        new Impl{std::move(weights), torch::Device(options.device), std::move(scales), std::move(hyper)});
    return std::shared_ptr<const ImageModel>(std::make_shared<ImageModel>(std::move(impl)));
  });
}

std::string ImageModel::id() const { return model_id_to_hex(impl_->weights->model_id); }
std::string ImageModel::record_json() const { return impl_->weights->record_json; }

}  // namespace laconic
