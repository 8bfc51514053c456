// A training step's work on the GPU, recorded once and then launched as a whole: thousands of small kernels otherwise wait for
// the CPU to launch them one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace laconic::train {

class GpuReplay {
 public:
  GpuReplay();
  ~GpuReplay();

  // Calls `work` the first few times, records it, and afterwards replays the recording. So `work` must do the same with the
  // same tensors every time: read inputs that are written in place, leave results in tensors that the caller keeps (they are
  // overwritten by the next run), never wait for the device or read from it. Without CUDA it calls `work` every time.
  void run(const std::function<void()>& work);

 private:
  struct Recording;
  std::unique_ptr<Recording> recording_;
};

}  // namespace laconic::train
