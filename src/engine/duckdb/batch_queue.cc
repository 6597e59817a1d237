#include "engine/duckdb/batch_queue.h"

namespace caudal::engine {

bool BatchQueue::full() {
  MutexLock lock(mutex_);
  return bytes_ >= bytes_max_;
}

bool BatchQueue::Push(caudal::Batch batch, uint64_t bytes) {
  MutexLock lock(mutex_);
  while (bytes_ >= bytes_max_ && !abandoned_) changed_.Wait(mutex_);
  if (abandoned_) return false;
  batches_.emplace_back(std::move(batch), bytes);
  bytes_ += bytes;
  changed_.NotifyAll();
  return true;
}

void BatchQueue::End() {
  MutexLock lock(mutex_);
  ended_ = true;
  changed_.NotifyAll();
}

void BatchQueue::Cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  changed_.NotifyAll();
}

void BatchQueue::Abandon() {
  MutexLock lock(mutex_);
  abandoned_ = true;
  changed_.NotifyAll();
}

void BatchQueue::Reopen() {
  MutexLock lock(mutex_);
  ended_ = abandoned_ = false;
}

Result<std::optional<caudal::Batch>> BatchQueue::Pull() {
  MutexLock lock(mutex_);
  while (batches_.empty() && !ended_ && !cancelled_) changed_.Wait(mutex_);
  if (cancelled_) return MakeError(ErrorKind::kCancelled, "the file was given up");
  if (batches_.empty()) return std::optional<caudal::Batch>();
  auto [batch, bytes] = std::move(batches_.front());
  batches_.pop_front();
  bytes_ -= bytes;
  changed_.NotifyAll();
  return std::optional<caudal::Batch>(std::move(batch));
}

}  // namespace caudal::engine
