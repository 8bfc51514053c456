// What one thread hands to the next, with a bound on how much may wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace laconic::cli {

// One producer, one consumer. Items have weights, so that a few frames and many small packets cost alike.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(int max_weight) : max_weight_(max_weight) {}

  // Waits for room; one item fits whatever its weight. False: the consumer has stopped, the item is dropped.
  bool push(T item, int weight) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_stopped_ || items_.empty() || weight_ + weight <= max_weight_; });
    if (is_stopped_) return false;
    weight_ += weight;
    items_.emplace_back(std::move(item), weight);
    changed_.notify_all();
    return true;
  }
  // Waits for an item; empty once the producer has closed and all is taken.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_stopped_ || is_closed_ || !items_.empty(); });
    if (is_stopped_ || items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().first));
    weight_ -= items_.front().second;
    items_.pop_front();
    changed_.notify_all();
    return item;
  }
  void close() {  // by the producer: no more to come
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }
  void stop() {  // by the consumer: no more wanted
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    items_.clear();
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<T, int>> items_;
  const int max_weight_;
  int weight_ = 0;
  bool is_closed_ = false;
  bool is_stopped_ = false;
};

// The one end of a queue that a thread holds: closes, or stops, however the thread ends.
template <typename T>
class ClosesAtEnd {
 public:
  explicit ClosesAtEnd(BoundedQueue<T>& queue) : queue_(queue) {}
  ~ClosesAtEnd() { queue_.close(); }
  ClosesAtEnd(const ClosesAtEnd&) = delete;

 private:
  BoundedQueue<T>& queue_;
};
template <typename T>
class StopsAtEnd {
 public:
  explicit StopsAtEnd(BoundedQueue<T>& queue) : queue_(queue) {}
  ~StopsAtEnd() { queue_.stop(); }
  StopsAtEnd(const StopsAtEnd&) = delete;

 private:
  BoundedQueue<T>& queue_;
};

}  // namespace laconic::cli
