#include "codec/format/image_header.h"
#include "codec/image/guard.h"
#include "codec/image/model_impl.h"

namespace laconic {

ImageModel::ImageModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImageModel::~ImageModel() = default;

Result<std::shared_ptr<const ImageModel>> ImageModel::load(const std::string& path, const ImageModelOptions& options) {
  return guard([&]() -> Result<std::shared_ptr<const ImageModel>> {
    LACONIC_RETURN_IF_ERROR(prepare_device(options.device));
    const torch::Device device(options.device);
    LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<models::ImageWeights> weights, models::load_weights(path, options.device));
    LACONIC_ASSIGN_OR_RETURN(CodingTables tables, CodingTables::create(weights->tables, device));
    auto impl = std::unique_ptr<Impl>(new Impl{std::move(weights), device, std::move(tables)});
    return std::shared_ptr<const ImageModel>(std::make_shared<ImageModel>(std::move(impl)));
  });
}

std::string ImageModel::id() const { return model_id_to_hex(impl_->weights->model_id); }
std::string ImageModel::record_json() const { return impl_->weights->record_json; }

}  // namespace laconic
