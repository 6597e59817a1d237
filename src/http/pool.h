// A fixed set of threads for handlers that wait, behind a bounded queue. Internal to http.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace caudal::http {

class PoolJob {
 public:
  virtual ~PoolJob() = default;
  virtual void Run() = 0;
};

class Pool {
 public:
  Pool(int threads, size_t queue_max);
  ~Pool();  // runs what is queued, then joins

  // False, with `job` untouched, when the queue is full. `admitted` work belongs to a request that
  // runs already: it is never refused, and there is at most one such job a connection.
  bool Submit(std::unique_ptr<PoolJob>& job, bool admitted);
  size_t queued() const { return queued_.load(std::memory_order_relaxed); }

 private:
  void Work();

  const size_t queue_max_;
  std::atomic<size_t> queued_{0};
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::unique_ptr<PoolJob>> queue_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace caudal::http
