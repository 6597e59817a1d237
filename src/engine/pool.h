// The workers: some idle and warm, some in sessions, never more than the limit.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/worker_process.h"

namespace caudal::engine {

// Thread-safe.
class Pool {
 public:
  explicit Pool(const EngineOptions& options) : options_(options) {}
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Starts the warm workers, and keeps them there from then on.
  Result<void> Start();
  // Waits for one, as long and in as long a queue as the options say.
  Result<std::unique_ptr<WorkerProcess>> Take();
  // `usable`: it lives, and its session is over; it is emptied here. Otherwise it is ended.
  void GiveBack(std::unique_ptr<WorkerProcess> worker, bool usable);
  void CountEnd(bool killed);  // of a worker whose session didn't end well
  void Shutdown();
  // Where a file that a worker wrote goes, out of its reach: a new path each time.
  std::string NewOutputPath();

  const EngineOptions& options() const { return options_; }
  EngineStats stats() const;

 private:
  struct Idle {
    std::unique_ptr<WorkerProcess> worker;
    std::chrono::steady_clock::time_point since;
  };

  Result<std::unique_ptr<WorkerProcess>> StartOne(int number);
  Result<std::unique_ptr<WorkerProcess>> StartFirst();
  int TakeNumber() REQUIRES(mutex_);
  size_t BestIdle() const REQUIRES(mutex_);
  void Keep();  // the keeper thread
  std::vector<std::unique_ptr<WorkerProcess>> TakeUnneeded() REQUIRES(mutex_);

  const EngineOptions options_;
  std::thread keeper_;
  std::atomic<uint64_t> outputs_{0};

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Idle> idle_ GUARDED_BY(mutex_);
  std::set<int> numbers_ GUARDED_BY(mutex_);  // of all there are, and of those being started
  int waiting_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  EngineStats counts_ GUARDED_BY(mutex_);
};

}  // namespace caudal::engine
