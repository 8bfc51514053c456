// What codes the frames between key frames. The image network's g_a and g_s transform every frame; here is what time adds:
//
//   x_hat of the frame before --motion--> x_ref --g_a--> y_ref          (where nothing moves: y_hat of the frame before)
//   d = y - y_ref --h_a--> z_hat, r = round(d - mu), coded as a picture's latents are, by a latent model of its own that
//   also sees: y_ref and the d_hat of the frame before (means), r and scale indexes of the frame before and the motion (scales)
//   d_hat = mu + r,  y_hat = y_ref + d_hat,  x_hat = x_ref + g_s(y_hat) - g_s(y_ref)
//
// The last line, and not g_s(y_hat): g_s(g_a(x)) is not x, and that loss would add up from frame to frame.
// So every probability still comes from integers: z_hat, r, scale indexes and vectors. design.md section 3 (video): after
// "Spatiotemporal Entropy Model is All You Need" (arXiv 2104.06083), with the reference latents fetched along the motion.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "models/image/network.h"
#include "models/video/motion.h"

namespace laconic::models {

// How much more an error in a predicted frame weighs than in a picture when symbols are chosen: later frames build on it.
constexpr double kErrorPropagation = 2.0;

// What a coded frame hands to the next. All of one frame: [1, ...], H and W multiples of 16, h = H/16, w = W/16.
struct FrameMemory {
  torch::Tensor x_hat;     // float32 [1, 3, H, W], not clamped, not rounded
  torch::Tensor y_hat;     // float32 [1, M, h, w], quantised units of `quality_step`
  torch::Tensor d_hat;     // float32 [1, M, h, w]; zeros after a key frame
  torch::Tensor residuals; // exact [1, M, h, w]
  torch::Tensor indexes;   // exact 0..63 [1, M, h, w]
  int quality_step = 0;
  bool is_key_frame = false;

  bool defined() const { return x_hat.defined(); }
};

// What a frame is expected to be.
struct Reference {
  torch::Tensor x_ref;  // float32 [1, 3, H, W]
  torch::Tensor y_ref;  // float32 [1, M, h, w]
};

// The exact part of the temporal features, ready to run.
struct TemporalScaleNetworks {
  ExactConv embed, mix, out;
  std::vector<ExactConv*> layers() { return {&embed, &mix, &out}; }
};

class VideoNetworkImpl : public LatentModelImpl {
 public:
  // config: that of the image network, but for the widths of the contexts.
  explicit VideoNetworkImpl(const ImageConfig& config);

  // image: the network the memory was made with. y_ref comes in quantised units of `quality_step`.
  Reference refer(ImageNetwork image, const FrameMemory& before, const MotionField& motion, int quality_step, torch::ScalarType net_type);
  // x_hat of a frame with these differences, float32 [1, 3, H, W].
  torch::Tensor synthesise(ImageNetwork image, const Reference& reference, const torch::Tensor& d_hat, int quality_step,
                           torch::ScalarType net_type);
  // Features of the whole frame, to be cut into superblocks. y_ref, before: as above; steps: [1].
  TemporalFeatures temporal_features(const TemporalScaleNetworks& networks, const FrameMemory& before, const MotionField& motion,
                                     const torch::Tensor& y_ref, const torch::Tensor& steps);

  TemporalScaleNetworks prepare_temporal() const;
  // The exact convolutions by name and their order in TemporalScaleNetworks, for weights files.
  std::vector<std::pair<std::string, ExactConv2d>> temporal_convolutions() const;

 private:
  Pointwise means_embed_{nullptr}, means_out_{nullptr};
  TokenMixer means_block_{nullptr};
  ExactConv2d scales_embed_{nullptr}, scales_mix_{nullptr}, scales_out_{nullptr};
};
TORCH_MODULE(VideoNetwork);

}  // namespace laconic::models
