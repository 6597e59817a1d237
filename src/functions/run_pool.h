// Threads that runs wait on: bounded, and fair between functions.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace caudal::functions {

// Thread-safe but for Stop. Threads are started as they are needed. A function whose runs are slow
// leaves a thread to each of the others.
class RunPool {
 public:
  // `go` false: the pool stops, and the task is only to say so.
  using Task = std::function<void(bool go)>;

  explicit RunPool(int threads_max) : threads_max_(threads_max) {}
  ~RunPool();  // Stop, and joins

  // Functions that the pool should keep a thread for; others get one as they come.
  void SetLanes(const std::vector<std::string>& lanes) EXCLUDES(mutex_);
  // The caller bounds how many wait. After Stop the task is run at once, with `go` false.
  void Submit(const std::string& lane, Task task) EXCLUDES(mutex_);

  // No task begins after it; those that wait are told so. False when some are still running at the
  // deadline: call again, or destroy.
  bool Stop(std::chrono::steady_clock::time_point deadline) EXCLUDES(mutex_);
  // After Stop: until nothing runs.
  void Join() EXCLUDES(mutex_);

 private:
  struct Lane {
    std::deque<Task> tasks;
    int running = 0;
    bool known = false;  // by SetLanes
  };
  void Work() EXCLUDES(mutex_);
  Lane* Pick() REQUIRES(mutex_);
  int Threads() const REQUIRES(mutex_);

  const int threads_max_;
  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Lane> lanes_ GUARDED_BY(mutex_);
  std::string last_ GUARDED_BY(mutex_);  // the lane that was served last
  int running_ GUARDED_BY(mutex_) = 0;
  int idle_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace caudal::functions
