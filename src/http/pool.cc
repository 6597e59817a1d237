#include "http/pool.h"

#include <algorithm>

namespace caudal::http {

Pool::Pool(int threads, size_t queue_max) : queue_max_(queue_max) {
  const int count = std::max(1, threads);
  threads_.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { Work(); });
}

Pool::~Pool() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

bool Pool::Submit(std::unique_ptr<PoolJob>& job, bool admitted) {
  {
    MutexLock lock(mutex_);
    if (!admitted && queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(job));
    queued_.store(queue_.size(), std::memory_order_relaxed);
  }
  wake_.NotifyOne();
  return true;
}

void Pool::Work() {
  while (true) {
    std::unique_ptr<PoolJob> job;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !ending_) wake_.Wait(mutex_);
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
      queued_.store(queue_.size(), std::memory_order_relaxed);
    }
    job->Run();
  }
}

}  // namespace caudal::http
