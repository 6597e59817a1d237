// Bounds the memory that request bodies hold, over all connections. Internal to http; thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace caudal::http {

class BodyBudget {
 public:
  explicit BodyBudget(uint64_t bytes_max) : left_(bytes_max), bytes_max_(bytes_max) {}

  // What a request for `bytes` counts as: one larger than the whole budget may still go alone.
  uint64_t Clamp(uint64_t bytes) const { return std::min(bytes, bytes_max_); }

  bool TryTake(uint64_t bytes) {
    MutexLock lock(mutex_);
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  // As TryTake, but calls `wake` once, from any thread, when bytes came back after a refusal.
  bool TakeOrCallLater(uint64_t bytes, std::function<void()> wake) {
    MutexLock lock(mutex_);
    if (bytes > left_) {
      waiting_.push_back(std::move(wake));
      return false;
    }
    left_ -= bytes;
    return true;
  }
  void Give(uint64_t bytes) {
    std::vector<std::function<void()>> wakes;
    {
      MutexLock lock(mutex_);
      left_ += bytes;
      wakes.swap(waiting_);
    }
    for (const auto& wake : wakes) wake();
  }

 private:
  Mutex mutex_;
  uint64_t left_ GUARDED_BY(mutex_);
  std::vector<std::function<void()>> waiting_ GUARDED_BY(mutex_);
  const uint64_t bytes_max_;
};

}  // namespace caudal::http
