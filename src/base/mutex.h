// std::mutex with the annotations that clang's -Wthread-safety checks.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CAUDAL_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define CAUDAL_THREAD_ANNOTATION(x)
#endif
#define GUARDED_BY(m) CAUDAL_THREAD_ANNOTATION(guarded_by(m))
#define REQUIRES(m) CAUDAL_THREAD_ANNOTATION(requires_capability(m))
#define EXCLUDES(m) CAUDAL_THREAD_ANNOTATION(locks_excluded(m))

namespace caudal {

class CAUDAL_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void Lock() CAUDAL_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  bool TryLock() CAUDAL_THREAD_ANNOTATION(try_acquire_capability(true)) {
    return mutex_.try_lock();
  }
  void Unlock() CAUDAL_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class CAUDAL_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& m) CAUDAL_THREAD_ANNOTATION(acquire_capability(m)) : mutex_(m) {
    mutex_.Lock();
  }
  ~MutexLock() CAUDAL_THREAD_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

  void Wait(Mutex& m) REQUIRES(m) {
    std::unique_lock<std::mutex> lock(m.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when the deadline passed first.
  template <class TimePoint>
  bool WaitUntil(Mutex& m, const TimePoint& deadline) REQUIRES(m) {
    std::unique_lock<std::mutex> lock(m.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  template <class Rep, class Period>
  bool WaitFor(Mutex& m, std::chrono::duration<Rep, Period> d) REQUIRES(m) {
    return WaitUntil(m, std::chrono::steady_clock::now() + d);
  }

 private:
  std::condition_variable condition_;
};

}  // namespace caudal
