// Visits the blocks of a frame on several threads, with the outcome of raster order.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace laconic::models {

// visit(row, column) may read what was written by visits left of it and, in rows above, by those up to `lead` blocks right of it; what it
// reads further right or below must not be written by visits more than `lead` blocks left of it there. Must not throw.
template <typename Visit>
void visit_blocks(int rows, int columns, int lead, const Visit& visit) {
  std::vector<std::atomic<int>> num_done(static_cast<size_t>(rows));  // by row
  std::atomic<int> next_row{0};
  at::parallel_for(0, std::min(at::get_num_threads(), rows), 1, [&](int64_t, int64_t) {
    // Rows are taken in order, so the one above is always in somebody's hands or done.
    for (int row = next_row++; row < rows; row = next_row++) {
      for (int column = 0; column < columns; ++column) {
        const int needed = std::min(columns, column + lead + 1);
        while (row > 0 && num_done[static_cast<size_t>(row - 1)].load(std::memory_order_acquire) < needed) std::this_thread::yield();
        visit(row, column);
        num_done[static_cast<size_t>(row)].store(column + 1, std::memory_order_release);
      }
    }
  });
}

}  // namespace laconic::models
