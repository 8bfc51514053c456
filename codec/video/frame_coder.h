// What encoder and decoder of films share: the prediction of a frame's latents, its cutting into superblocks, and the memory
// that the frame leaves for the next.
#pragma once

#include <torch/torch.h>

#include <mutex>
#include <vector>

#include "codec/format/geometry.h"
#include "codec/image/stages.h"
#include "codec/image/superblock_coder.h"
#include "codec/image/tiles.h"
#include "codec/video/hyper_coder.h"
#include "codec/video/model_impl.h"
#include "codec/video/motion_coder.h"

namespace laconic {

// What side information is coded with. It learns from frame to frame: a new one from every key frame on, and after an error.
struct SideCoders {
  SideCoders(const VideoModel::Impl& model, const SuperblockGrid& grid);

  MotionCoder motion;
  std::vector<HyperCoder> hyper;  // by superblock
};

// Of a key frame: all undefined.
struct Prediction {
  models::Reference reference;
  models::TemporalFeatures temporal;
};

Prediction predict_frame(const VideoModel::Impl& model, const models::FrameMemory& before, const models::MotionField& motion, int quality_step);

// Collects the superblocks of a frame, from any threads, and becomes the memory for the next.
class FrameAssembly {
 public:
  FrameAssembly(const VideoModel::Impl& model, const SuperblockGrid& grid);
  // coded: float32 [1, M, h, w] of the superblock: y_hat of a key frame, d_hat of a predicted one.
  void put(int64_t superblock, const torch::Tensor& coded, const FrameOutcome& outcome, int64_t item);
  // Runs the synthesis.
  models::FrameMemory finish(const VideoModel::Impl& model, const Prediction& prediction, int quality_step, bool is_key_frame);

 private:
  const SuperblockGrid& grid_;
  torch::Tensor coded_, residuals_, indexes_;
};

// The part of [1, C, h, w] tensors that belongs to a batch of superblocks, [N, C, .., ..]; undefined stays undefined.
torch::Tensor cut_batch(const torch::Tensor& whole, const SuperblockGrid& grid, const SuperblockBatch& batch);
// coders: null in key frames.
FrameContext context_of(const Prediction& prediction, const SuperblockGrid& grid, const SuperblockBatch& batch, SideCoders* coders);

}  // namespace laconic
