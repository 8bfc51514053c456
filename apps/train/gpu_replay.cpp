#include "apps/train/gpu_replay.h"

#ifdef LACONIC_WITH_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace laconic::train {

#ifdef LACONIC_WITH_CUDA

// As PyTorch's notes on CUDA graphs ask: warm-up and recording on a stream of their own, replay on the current one.
struct GpuReplay::Recording {
  static constexpr int kNumWarmUps = 4;  // libraries choose their kernels and workspaces in these
  c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  at::cuda::CUDAGraph graph;
  int num_runs = 0;
};

GpuReplay::GpuReplay() = default;

void GpuReplay::run(const std::function<void()>& work) {
  if (!recording_) recording_ = std::make_unique<Recording>();
  Recording& r = *recording_;
  if (r.num_runs <= Recording::kNumWarmUps) {
    c10::cuda::device_synchronize();
    const c10::cuda::CUDAStreamGuard guard(r.stream);
    const bool records = r.num_runs++ == Recording::kNumWarmUps;
    if (records) r.graph.capture_begin();
    work();
    if (records) r.graph.capture_end();
    c10::cuda::device_synchronize();
    if (!records) return;
  }
  r.graph.replay();
}

#else

struct GpuReplay::Recording {};

GpuReplay::GpuReplay() = default;
void GpuReplay::run(const std::function<void()>& work) { work(); }

#endif

GpuReplay::~GpuReplay() = default;

}  // namespace laconic::train
