// Adds up the seconds of the pipeline's stages, for --verbose.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "codec/image_codec.h"

namespace laconic {

class StageClock {
 public:
  void add(const std::string& stage, double seconds) {
    for (StageTime& time : times_) {
      if (time.stage == stage) {
        time.seconds += seconds;
        return;
      }
    }
    times_.push_back({stage, seconds});
  }
  // Runs and times a function.
  template <typename Function>
  auto run(const std::string& stage, Function&& function) {
    const auto start = std::chrono::steady_clock::now();
    auto result = function();
    add(stage, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return result;
  }
  const std::vector<StageTime>& times() const { return times_; }
  void clear() { times_.clear(); }

 private:
  std::vector<StageTime> times_;
};

}  // namespace laconic
