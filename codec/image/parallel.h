// Runs independent jobs on a few threads.
//
// Note [Threads]
// With several jobs each runs on one thread and LibTorch does not split its operations: that scales, also on a busy machine,
// where splitting every small operation waits at hundreds of barriers. A single job gets all threads inside LibTorch.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "codec/base/status.h"

namespace laconic {

// How many threads LibTorch's operations called from this thread are split over. The first call makes waits short: see parallel.cpp.
//
// Note [Not at::set_num_threads]
// That sets the same number for OpenMP, and remakes a second pool, of XNNPACK, which nothing here uses: each time with threads that
// spin for tens of milliseconds before they sleep. On two cores that cost a film's decoder a third of its speed.
void use_threads(int num_threads);

inline int resolve_num_threads(int requested) {
  return requested > 0 ? requested : std::max(1u, std::thread::hardware_concurrency());
}

// job(index) -> Status, for index 0..count-1 in any order; the first error stops the rest. Rethrows a job's exception.
template <typename Job>
Status run_parallel(int num_threads, size_t count, const Job& job) {
  if (count <= 1 || num_threads <= 1) {
    use_threads(num_threads);
    for (size_t i = 0; i < count; ++i) LACONIC_RETURN_IF_ERROR(job(i));
    return ok_status();
  }
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;  // guards the two below
  Status first_error;
  std::exception_ptr exception;
  const auto work = [&] {
    use_threads(1);
    for (size_t i = next++; i < count && !failed; i = next++) {
      try {
        const Status status = job(i);
        if (status.ok()) continue;
        const std::lock_guard lock(mutex);
        if (first_error.ok()) first_error = status;
      } catch (...) {
        const std::lock_guard lock(mutex);
        exception = std::current_exception();
      }
      failed = true;
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min<size_t>(num_threads, count); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (exception) std::rethrow_exception(exception);
  return first_error;
}

}  // namespace laconic
