// What the parts of the store share. Made once by the store; outlives them all.
#pragma once

#include <atomic>
#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "events/outbox.h"
#include "meta/database.h"
#include "objects/blobs.h"
#include "objects/generations.h"
#include "objects/guards.h"
#include "objects/hot_objects.h"
#include "objects/rows.h"
#include "objects/store.h"

namespace caudal::objects {

// Whether there is room to take more in. Thread-safe; asks the file system a few times a second at
// most.
class DiskSpaceGate {
 public:
  DiskSpaceGate(std::string folder, Clock& clock) : folder_(std::move(folder)), clock_(clock) {}
  // kDiskFull when `bytes` more would leave less than `reserve` free.
  Result<void> Admit(uint64_t bytes, uint64_t reserve);
  bool full() const { return full_.load(std::memory_order_relaxed); }

 private:
  const std::string folder_;
  Clock& clock_;
  std::atomic<uint64_t> available_{0};
  std::atomic<int64_t> asked_at_us_{-1};
  std::atomic<bool> full_{false};
};

struct Core {
  Core(StoreOptions initial, meta::Database& db, events::Outbox& out, Clock& time, Random& rnd)
      : database(db),
        outbox(out),
        clock(time),
        random(rnd),
        blobs(initial.folder, db),
        hot(initial.read_cache_bytes),
        generations(time),
        space(initial.folder, time),
        options_(std::make_shared<const StoreOptions>(std::move(initial))) {}

  meta::Database& database;
  events::Outbox& outbox;
  Clock& clock;
  Random& random;
  BlobFiles blobs;
  HotObjects hot;
  GuardRegistry guards;
  BucketCache buckets;
  Generations generations;  // inside transactions only
  DiskSpaceGate space;
  std::atomic<uint64_t> journal_bytes{0};

  std::shared_ptr<const StoreOptions> options() const {
    MutexLock lock(options_mutex_);
    return options_;
  }
  void SetOptions(StoreOptions options) {
    auto fresh = std::make_shared<const StoreOptions>(std::move(options));
    MutexLock lock(options_mutex_);
    options_ = std::move(fresh);
  }
  Result<void> AdmitBytes(uint64_t bytes) {
    return space.Admit(bytes, options()->disk_reserve_bytes);
  }

 private:
  mutable Mutex options_mutex_;
  std::shared_ptr<const StoreOptions> options_ GUARDED_BY(options_mutex_);
};

}  // namespace caudal::objects
