// Ends a wait of a connection before its time: what makes an answer calls it when there is more.
#pragma once

#include <functional>
#include <utility>

#include "base/mutex.h"

namespace caudal::http {

// Thread-safe. Without somebody who waits, a wake is kept for who waits next; several are one.
class Waker {
 public:
  void Wake() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!wake_) {
      woken_ = true;
      return;
    }
    // Under the lock: what it calls lives until Disarm.
    std::exchange(wake_, nullptr)();
  }

  // `wake` is called once, on the thread that wakes, and mustn't wait. False: it was woken already,
  // and `wake` isn't called.
  bool Arm(std::function<void()> wake) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (std::exchange(woken_, false)) return false;
    wake_ = std::move(wake);
    return true;
  }
  // After it `wake` is not called any more.
  void Disarm() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    wake_ = nullptr;
  }

 private:
  Mutex mutex_;
  std::function<void()> wake_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;
};

}  // namespace caudal::http
