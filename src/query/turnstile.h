// So many queries at once; the others wait their turn, client by client.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "query/query_control.h"

namespace caudal::query {

// Fair between clients: a free place goes to the client that was served longest ago among those
// that wait, and within one to who came first. Thread-safe.
class Turnstile {
 public:
  Turnstile(int running_max, int waiting_max)
      : running_max_(running_max), waiting_max_(waiting_max) {}

  // A place, given back when it goes.
  using Place = std::shared_ptr<void>;
  // kLimit ("query.busy") when too many wait already, or none became free until the deadline;
  // kCancelled soon after `control` (may be null) was told so.
  Result<Place> Enter(const std::string& client, std::chrono::steady_clock::time_point deadline,
                      const QueryControl* control = nullptr) EXCLUDES(mutex_);

 private:
  struct Waiter {
    CondVar woken;
    bool admitted = false;
  };
  struct Queue {
    std::string client;
    std::deque<Waiter*> waiters;
  };

  Place MakePlace();
  void Leave() EXCLUDES(mutex_);
  Queue& QueueOf(const std::string& client) REQUIRES(mutex_);
  void Remove(const std::string& client, const Waiter* waiter) REQUIRES(mutex_);

  const int running_max_;
  const int waiting_max_;
  Mutex mutex_;
  int running_ GUARDED_BY(mutex_) = 0;
  int waiting_ GUARDED_BY(mutex_) = 0;
  std::list<Queue> queues_ GUARDED_BY(mutex_);  // of clients that wait; whose turn it is, first
};

}  // namespace caudal::query
