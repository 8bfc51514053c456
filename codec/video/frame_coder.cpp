#include "codec/video/frame_coder.h"

namespace laconic {
namespace {

torch::Tensor step_tensor(const VideoModel::Impl& model, int quality_step) {
  return torch::full({1}, quality_step, torch::TensorOptions().dtype(torch::kFloat).device(model.device()));
}

}  // namespace

SideCoders::SideCoders(const VideoModel::Impl& model, const SuperblockGrid& grid) : motion(2 * grid.latent_rows(), 2 * grid.latent_columns()) {
  for (int i = 0; i < grid.num_superblocks(); ++i) {
    const LatentRect latents = grid.latents_of(i);
    hyper.emplace_back(model.config().hyper_latents, static_cast<int>(ceil_div(latents.height, kHyperLatentStride)), static_cast<int>(ceil_div(latents.width, kHyperLatentStride)));
  }
}

Prediction predict_frame(const VideoModel::Impl& model, const models::FrameMemory& before, const models::MotionField& motion, int quality_step) {
  torch::NoGradGuard no_grad;
  Prediction prediction;
  // float32 throughout: what one frame hands to the next must not drift apart between machines (design.md section 2).
  prediction.reference = model.network()->refer(model.image_network(), before, motion, quality_step, torch::kFloat);
  prediction.temporal = model.network()->temporal_features(model.weights->temporal_networks, before, motion, prediction.reference.y_ref,
                                                           step_tensor(model, quality_step));
  return prediction;
}

FrameAssembly::FrameAssembly(const VideoModel::Impl& model, const SuperblockGrid& grid) : grid_(grid) {
  const auto options = torch::TensorOptions().device(model.device()).memory_format(torch::MemoryFormat::ChannelsLast);
  for (torch::Tensor* whole : {&coded_, &residuals_, &indexes_})
    *whole = torch::empty({1, model.config().latents, grid.latent_rows(), grid.latent_columns()}, options);
}

void FrameAssembly::put(int64_t superblock, const torch::Tensor& coded, const FrameOutcome& outcome, int64_t item) {
  const LatentRect whole{0, 0, grid_.latent_rows(), grid_.latent_columns()}, part = grid_.latents_of(superblock);
  part_of(coded_, whole, part).copy_(coded.narrow(0, item, 1));
  part_of(residuals_, whole, part).copy_(outcome.residuals.narrow(0, item, 1));
  part_of(indexes_, whole, part).copy_(outcome.indexes.narrow(0, item, 1));
}

models::FrameMemory FrameAssembly::finish(const VideoModel::Impl& model, const Prediction& prediction, int quality_step, bool is_key_frame) {
  torch::NoGradGuard no_grad;
  models::FrameMemory memory;
  memory.d_hat = is_key_frame ? torch::zeros_like(coded_) : coded_;
  memory.y_hat = is_key_frame ? coded_ : prediction.reference.y_ref + coded_;
  memory.x_hat = is_key_frame ? model.image_network()->synthesise(coded_, step_tensor(model, quality_step), torch::kFloat)
                              : model.network()->synthesise(model.image_network(), prediction.reference, coded_, quality_step, torch::kFloat);
  memory.residuals = residuals_;
  memory.indexes = indexes_;
  memory.quality_step = quality_step;
  memory.is_key_frame = is_key_frame;
  return memory;
}

torch::Tensor cut_batch(const torch::Tensor& whole, const SuperblockGrid& grid, const SuperblockBatch& batch) {
  if (!whole.defined()) return whole;
  const LatentRect all{0, 0, grid.latent_rows(), grid.latent_columns()};
  std::vector<torch::Tensor> parts;
  for (const int64_t index : batch.indexes) parts.push_back(part_of(whole, all, grid.latents_of(index)));
  return torch::cat(parts).contiguous(torch::MemoryFormat::ChannelsLast);
}

FrameContext context_of(const Prediction& prediction, const SuperblockGrid& grid, const SuperblockBatch& batch, SideCoders* coders) {
  FrameContext context;
  for (size_t i = 0; coders && i < batch.indexes.size(); ++i) context.hyper.push_back(&coders->hyper[static_cast<size_t>(batch.indexes[i])]);
  context.temporal = {cut_batch(prediction.temporal.means, grid, batch), cut_batch(prediction.temporal.scales, grid, batch)};
  context.is_frame = true;
  return context;
}

}  // namespace laconic
