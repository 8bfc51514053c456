// Training patches: random crops of pictures, a pure function of (seed, step, index), so that a resumed run sees the
// data in the same order, on any machine and with any number of threads.
#pragma once

#include <torch/torch.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "apps/train/shards.h"

namespace laconic::train {

// Thread-safe: nothing changes after construction.
class PatchSampler {
 public:
  // At least one picture.
  PatchSampler(std::vector<Picture> pictures, uint64_t seed);

  // uint8 [batch_size, 3, crop_px, crop_px] on the CPU. Pictures uniformly; then a scale (half of the patches, where the
  // picture is large enough: reduced by a factor uniform in [1, 2)), a place, one of the eight flips and turns, and for
  // one in twenty-five luma in all three channels. Pictures smaller than the crop are mirrored at their edges.
  torch::Tensor batch(int64_t step, int batch_size, int crop_px) const;

  size_t num_pictures() const { return pictures_.size(); }

 private:
  void write_patch(uint64_t stream, int crop_px, uint8_t* planes) const;

  std::vector<Picture> pictures_;
  uint64_t seed_;
};

// Makes batches first_step, first_step + 1, ... ahead of time.
class PrefetchingSampler {
 public:
  // Up to `depth` batches wait; they take memory of batch_size * 3 * crop_px^2 bytes each. The sampler must outlive this.
  PrefetchingSampler(const PatchSampler& sampler, int batch_size, int crop_px, int64_t first_step, int depth = 4,
                     int num_threads = 1);
  ~PrefetchingSampler();
  PrefetchingSampler(const PrefetchingSampler&) = delete;
  PrefetchingSampler& operator=(const PrefetchingSampler&) = delete;

  // The next batch in order of steps; waits for it. To be called from one thread. Rethrows what a worker threw.
  torch::Tensor next();

 private:
  void work();

  const PatchSampler& sampler_;
  const int batch_size_, crop_px_, depth_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<int64_t, torch::Tensor> ready_;  // by step
  int64_t next_claimed_;                    // the step a free worker takes
  int64_t next_delivered_;                  // next_claimed_ - next_delivered_ <= depth_
  bool stops_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> workers_;  // last: started when all else is there
};

}  // namespace laconic::train
