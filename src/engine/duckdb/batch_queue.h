// Batches on their way to the thread that writes them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"
#include "data/batch.h"

namespace caudal::engine {

// Thread-safe: one side pushes, the other pulls.
class BatchQueue {
 public:
  explicit BatchQueue(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Whether no more should come before something is pulled.
  bool full();
  // Waits while it is full; false when the puller is gone and nothing will be pulled.
  bool Push(caudal::Batch batch, uint64_t bytes);
  void End();      // no more batches
  void Cancel();   // Pull fails from now on
  void Abandon();  // nothing will be pulled: Push doesn't wait

  void Reopen();  // after both ends

  // Waits for the next rows; nothing at the end.
  Result<std::optional<caudal::Batch>> Pull();

 private:
  const uint64_t bytes_max_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::pair<caudal::Batch, uint64_t>> batches_ GUARDED_BY(mutex_);
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  bool abandoned_ GUARDED_BY(mutex_) = false;
};

}  // namespace caudal::engine
