// The store's background thread: trims the journal, removes garbage, expires uploads and
// soft-deleted objects, applies lifecycle rules, keeps the orphan floor low.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "objects/core.h"
#include "objects/garbage.h"
#include "objects/multipart.h"
#include "objects/uploads.h"

namespace caudal::objects {

class Upkeep {
 public:
  Upkeep(Core& core, ResumableUploads& uploads, MultipartUploads& multiparts)
      : core_(core), uploads_(uploads), multiparts_(multiparts), garbage_(core) {}
  ~Upkeep() { Stop(); }

  void Start();
  void Stop();
  // Everything, now; from any thread.
  Result<void> RunAll();

 private:
  void Loop();
  Result<void> TrimAndCollect();  // every second, or sooner when the journal fills
  Result<void> Expire();
  Result<int64_t> ExpireSoftDeleted();

  Core& core_;
  ResumableUploads& uploads_;
  MultipartUploads& multiparts_;
  Mutex work_mutex_;  // one pass at a time
  GarbageCollector garbage_ GUARDED_BY(work_mutex_);
  std::atomic<bool> stop_{false};
  Mutex mutex_;
  CondVar wake_;
  std::thread thread_;
};

}  // namespace caudal::objects
