// Threads that wait for webhooks to answer.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace caudal::events {

// Thread-safe but for Stop. Threads are started as they are needed.
class WebhookPool {
 public:
  WebhookPool();
  ~WebhookPool();  // Stop without waiting

  // Never blocks. The number of tasks at once is bounded by the caller.
  void Run(std::function<void()> task);
  // Tasks that haven't begun are dropped. Threads that don't come back by then are left to end by
  // themselves: a task must own all that it uses.
  void Stop(std::chrono::steady_clock::time_point deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::vector<std::thread> threads_;
};

}  // namespace caudal::events
