// Clips to train films on: .y4m files (8 bit 4:2:0), which any tool makes: ffmpeg -i clip.mp4 -pix_fmt yuv420p clip.y4m
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/base/status.h"
#include "models/video/residual.h"

namespace laconic::train {

struct Clip {
  std::string path;
  int width_px = 0, height_px = 0;
  std::vector<std::shared_ptr<const uint8_t>> frames;  // planes Y, Cb, Cr, mapped
};

Result<Clip> open_clip(const std::string& path);
// All *.y4m files of a folder in the order of their names; at least one, or an error.
Result<std::vector<Clip>> open_clips(const std::string& folder);

// Random stretches of clips: a pure function of (seed, step, sample). Thread-safe.
class ClipSampler {
 public:
  ClipSampler(std::vector<Clip> clips, uint64_t seed) : clips_(std::move(clips)), seed_(seed) {}

  // Planes of 4:2:0, num_frames of them in the first dimension: one clip, every first, second or third frame of it, forwards or
  // backwards, the same place and mirroring in all frames. Clips smaller than the crop repeat their edge. crop_px: a multiple of 16.
  models::FramePlanes sample(int64_t step, int64_t sample, int num_frames, int crop_px) const;
  size_t num_clips() const { return clips_.size(); }

 private:
  std::vector<Clip> clips_;
  uint64_t seed_;
};

}  // namespace laconic::train
