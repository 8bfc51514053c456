#include "codec/format/image_header.h"
#include "codec/image/guard.h"
#include "codec/video/model_impl.h"

namespace laconic {

VideoModel::VideoModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoModel::~VideoModel() = default;

Result<std::shared_ptr<const VideoModel>> VideoModel::load(const std::string& video_path, const std::string& image_path,
                                                           const ImageModelOptions& options) {
  return guard([&]() -> Result<std::shared_ptr<const VideoModel>> {
    LACONIC_ASSIGN_OR_RETURN(std::shared_ptr<const ImageModel> image, ImageModel::load(image_path, options));
    LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<models::VideoWeights> weights, models::load_video_weights(video_path, options.device));
    if (weights->image_model_id != image->id())
      return model_mismatch(video_path + " goes with the image model " + weights->image_model_id + ", but " + image_path + " is " + image->id());
    auto impl = std::unique_ptr<Impl>(new Impl{std::move(image), std::move(weights)});
    return std::shared_ptr<const VideoModel>(std::make_shared<VideoModel>(std::move(impl)));
  });
}

std::string VideoModel::id() const { return model_id_to_hex(impl_->weights->model_id); }
std::string VideoModel::image_id() const { return impl_->image->id(); }
std::string VideoModel::record_json() const { return impl_->weights->record_json; }

}  // namespace laconic
