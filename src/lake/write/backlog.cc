#include "lake/write/backlog.h"

#include <algorithm>

namespace caudal::lake {

Backlog::Running::Running(Backlog& backlog) : backlog_(backlog) {
  MutexLock lock(backlog_.mutex_);
  ++backlog_.running_;
  backlog_.commits_ = 0;
}

Backlog::Running::~Running() {
  MutexLock lock(backlog_.mutex_);
  --backlog_.running_;
  backlog_.ended_.NotifyAll();
}

std::chrono::milliseconds Backlog::Wait() {
  MutexLock lock(mutex_);
  if (running_ == 0) return {};
  const int over = std::max(++commits_ - options_.free, 0);
  const std::chrono::milliseconds wait = std::min(over * options_.step, options_.most);
  const auto until = std::chrono::steady_clock::now() + wait;
  while (running_ > 0 && std::chrono::steady_clock::now() < until) ended_.WaitUntil(mutex_, until);
  return wait;
}

}  // namespace caudal::lake
