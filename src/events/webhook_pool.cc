#include "events/webhook_pool.h"

#include <deque>

#include "base/mutex.h"

namespace caudal::events {

struct WebhookPool::State {
  Mutex mutex;
  CondVar changed;
  std::deque<std::function<void()>> tasks GUARDED_BY(mutex);
  size_t idle GUARDED_BY(mutex) = 0;
  size_t running GUARDED_BY(mutex) = 0;
  bool stopping GUARDED_BY(mutex) = false;

  void Work() {
    while (true) {
      std::function<void()> task;
      {
        MutexLock lock(mutex);
        ++idle;
        while (tasks.empty() && !stopping) changed.Wait(mutex);
        --idle;
        if (stopping) {
          --running;
          changed.NotifyAll();
          return;
        }
        task = std::move(tasks.front());
        tasks.pop_front();
      }
      task();
    }
  }
};

WebhookPool::WebhookPool() : state_(std::make_shared<State>()) {}

WebhookPool::~WebhookPool() { Stop(std::chrono::steady_clock::now()); }

void WebhookPool::Run(std::function<void()> task) {
  MutexLock lock(state_->mutex);
  if (state_->stopping) return;
  state_->tasks.push_back(std::move(task));
  if (state_->idle >= state_->tasks.size()) {
    state_->changed.NotifyOne();
    return;
  }
  ++state_->running;
  threads_.emplace_back([state = state_] { state->Work(); });
}

void WebhookPool::Stop(std::chrono::steady_clock::time_point deadline) {
  bool all_ended = false;
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
    state_->tasks.clear();
    state_->changed.NotifyAll();
    while (state_->running > 0 && state_->changed.WaitUntil(state_->mutex, deadline)) {
    }
    all_ended = state_->running == 0;
  }
  for (std::thread& thread : threads_) {
    if (all_ended) {
      thread.join();
    } else {
      thread.detach();
    }
  }
  threads_.clear();
}

}  // namespace caudal::events
