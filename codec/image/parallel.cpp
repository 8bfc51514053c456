#include "codec/image/parallel.h"

#include <omp.h>
#include <unistd.h>

#include <atomic>

namespace laconic {
namespace {

// Note [Short waits]
// OpenMP's threads spin for milliseconds at every barrier. Two programs on the same processors then wait for each other's spinning: two encoders
// of small pictures on two cores took up to 50 s where one takes 1.3. libgomp spins for microseconds once it has more threads than processors
// (GOMP_SPINCOUNT in its manual; OMP_WAIT_POLICY=passive would do it too, but is read before main()). So it is given that many: they sleep, and
// cost nothing but their number. A program alone on its machine is as fast as before.
void make_waits_short() {
  std::thread([] {
    std::atomic<int> num_threads{0};
#pragma omp parallel num_threads(omp_get_num_procs() + 1)
    ++num_threads;
    for (;;) pause();  // they are libgomp's as long as the thread that called them lives
  }).detach();
}

}  // namespace

void use_threads(int num_threads) {
  static std::once_flag once;
  if (num_threads > 1) std::call_once(once, make_waits_short);
  omp_set_num_threads(num_threads);
}

}  // namespace laconic
