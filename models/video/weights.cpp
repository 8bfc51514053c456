#include "models/video/weights.h"

namespace laconic::models {
namespace {

constexpr const char* kKind = "laconic-video-2";
constexpr const char* kImageModelKey = "image_model";

}  // namespace

Status save_video_weights(const std::string& path, LoopFilter filter, const std::string& image_model_id, const std::string& record_json) {
  torch::NoGradGuard no_grad;
  TensorMap tensors;
  put_floats(*filter, tensors);
  return write_safetensors(path, tensors, {{"kind", kKind}, {"config", loop_filter_config_to_json(filter->config())},
                                           {kImageModelKey, image_model_id}, {"record", record_json}});
}

Result<std::unique_ptr<VideoWeights>> load_video_weights(const std::string& path, const std::string& device) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const LoopFilterConfig config, config_of(file, path, loop_filter_config_from_json));
  const auto image_model = file.metadata.find(kImageModelKey);
  if (image_model == file.metadata.end()) return model_mismatch(path + " does not name its image model");
  torch::NoGradGuard no_grad;
  auto weights = std::make_unique<VideoWeights>();
  const NoRandomStart no_random_start;
  weights->filter = LoopFilter(config);
  LACONIC_RETURN_IF_ERROR(named(load_floats(file.tensors, *weights->filter), path));
  weights->model_id = model_id_of(file);
  weights->image_model_id = image_model->second;
  weights->record_json = record_of(file, loop_filter_config_to_json(config));
  for (auto& parameter : weights->filter->parameters()) parameter.set_requires_grad(false);
  if (device != "cpu") weights->filter->to(torch::Device(device));
  return weights;
}

Status load_trainable_video(const std::string& path, LoopFilter filter) {
  LACONIC_ASSIGN_OR_RETURN(const SafetensorsFile file, read_weights_file(path, kKind));
  LACONIC_ASSIGN_OR_RETURN(const LoopFilterConfig config, config_of(file, path, loop_filter_config_from_json));
  if (loop_filter_config_to_json(config) != loop_filter_config_to_json(filter->config()))
    return invalid_argument(path + " holds a network of another configuration: " + loop_filter_config_to_json(config));
  return named(load_floats(file.tensors, *filter), path);
}

}  // namespace laconic::models
