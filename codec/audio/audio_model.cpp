#include "codec/audio/model_impl.h"
#include "codec/format/image_header.h"
#include "codec/image/guard.h"

namespace laconic {

AudioModel::AudioModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AudioModel::~AudioModel() = default;

Result<std::shared_ptr<const AudioModel>> AudioModel::load(const std::string& path, const ImageModelOptions& options) {
  return guard([&]() -> Result<std::shared_ptr<const AudioModel>> {
    LACONIC_RETURN_IF_ERROR(prepare_device(options.device));
    const torch::Device device(options.device);
    LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<models::AudioWeights> weights, models::load_audio_weights(path, options.device));
    LACONIC_ASSIGN_OR_RETURN(CodingTables tables, CodingTables::create(weights->tables, device));
    auto impl = std::unique_ptr<Impl>(new Impl{std::move(weights), device, std::move(tables)});
    return std::shared_ptr<const AudioModel>(std::make_shared<AudioModel>(std::move(impl)));
  });
}

std::string AudioModel::id() const { return model_id_to_hex(impl_->weights->model_id); }
std::string AudioModel::record_json() const { return impl_->weights->record_json; }

}  // namespace laconic
