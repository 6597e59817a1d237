// The processes of one function: started ahead, used again, replaced when they die, grow too large,
// have done their calls, or belong to a deployment of yesterday.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "functions/framework/worker.h"
#include "os/process_watch.h"

namespace caudal::functions {

struct WorkerPoolOptions {
  int workers_max = 1;
  uint64_t memory_bytes = 512u << 20;  // of a worker with all that it started
  int processes_max = 64;              // that a worker may start
  int calls_max = 1000;
  std::chrono::milliseconds start_timeout{60'000};
  std::chrono::milliseconds idle_keep{300'000};  // those beyond the first go after this
  std::chrono::milliseconds term_grace{2'000};   // from SIGTERM to SIGKILL
};

struct WorkerInfo {
  int pid = 0;
  std::string state;  // "starting", "idle", "busy", "ending"
  int calls = 0;
  uint64_t memory_bytes = 0;  // as last seen
};

// Thread-safe. Its callers acquire no more than workers_max at once.
class WorkerPool {
 public:
  using Start = std::function<Result<std::unique_ptr<Worker>>(
      std::shared_ptr<const Deployment> deployment, Print print)>;

  WorkerPool(WorkerPoolOptions options, Start start);
  ~WorkerPool();  // ends them all; no worker may be out

  // Starts a worker of `deployment`; when it can be called, later Acquires get workers of that
  // deployment only. The error tells why it didn't come up; then nothing has changed.
  Result<void> Use(std::shared_ptr<const Deployment> deployment, const Print& print,
                   std::stop_token stop) EXCLUDES(mutex_);

  // A worker that can be called: an idle one, or a new one, for which it waits. What that prints
  // while it starts goes to `print`.
  Result<std::unique_ptr<Worker>> Acquire(const Print& print, const std::stop_token& stop)
      EXCLUDES(mutex_);
  // Back after its call; `fit` false: it must not be used again.
  void Release(std::unique_ptr<Worker> worker, bool fit) EXCLUDES(mutex_);

  std::vector<WorkerInfo> Workers() const EXCLUDES(mutex_);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Idle {
    std::unique_ptr<Worker> worker;
    SteadyTime since;
  };
  struct Ending {
    std::unique_ptr<Worker> worker;
    SteadyTime kill_at;
  };

  Result<std::unique_ptr<Worker>> StartAndWait(std::shared_ptr<const Deployment> deployment,
                                               const Print& print, const std::stop_token& stop)
      EXCLUDES(mutex_);
  void Retire(std::unique_ptr<Worker> worker) REQUIRES(mutex_);
  // Idle from now on, unless there are enough.
  void Keep(std::unique_ptr<Worker> worker) REQUIRES(mutex_);
  void Watch() EXCLUDES(mutex_);
  void Measure() EXCLUDES(mutex_);
  std::vector<Worker*> All() const REQUIRES(mutex_);
  WorkerInfo InfoOf(const Worker& worker, const char* state) const REQUIRES(mutex_);
  void DropIdle(SteadyTime now) REQUIRES(mutex_);
  void KeepWarm(SteadyTime now) EXCLUDES(mutex_);
  std::vector<std::unique_ptr<Worker>> TakeEnded(SteadyTime now) REQUIRES(mutex_);

  const WorkerPoolOptions options_;
  const Start start_;
  os::ProcessWatch watch_{kMarkVariable};  // of the watching thread

  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const Deployment> deployment_ GUARDED_BY(mutex_);
  std::list<Idle> idle_ GUARDED_BY(mutex_);             // the last used first
  std::vector<Worker*> out_ GUARDED_BY(mutex_);         // acquired, or waited for; owned elsewhere
  std::unique_ptr<Worker> warming_ GUARDED_BY(mutex_);  // to be idle once it listens
  SteadyTime warm_until_ GUARDED_BY(mutex_);            // when that must be
  SteadyTime warm_again_ GUARDED_BY(mutex_);            // not before
  std::list<Ending> ending_ GUARDED_BY(mutex_);
  std::map<const Worker*, uint64_t> memory_ GUARDED_BY(mutex_);  // as last seen
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread watcher_;
};

}  // namespace caudal::functions
