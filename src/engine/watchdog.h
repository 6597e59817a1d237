// Looks after the sessions there are: their limits, and the workers that were told to stop.
#pragma once

#include <cstdint>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace caudal::engine {

class WorkerSession;

// One thread, asleep while there is no session. Thread-safe; never called with a session's lock
// held.
class Watchdog {
 public:
  Watchdog();
  ~Watchdog();  // all sessions are gone by then

  void Add(WorkerSession* session);
  void Remove(WorkerSession* session);  // it isn't looked at any more when this returns
  void Wake();                          // something is due earlier than it was
  void CloseAll();
  int sessions();
  uint64_t ResidentBytes();  // of their workers

 private:
  void Watch();

  Mutex mutex_;
  CondVar changed_;
  std::vector<WorkerSession*> sessions_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace caudal::engine
