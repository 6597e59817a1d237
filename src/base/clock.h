// Time as a parameter, so that tests can move it. Wall time may jump, backwards too; monotonic time
// may not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace caudal {

using Micros = int64_t;  // microseconds since 1970-01-01T00:00:00Z

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros Now() const = 0;                                    // wall, UTC
  virtual std::chrono::steady_clock::time_point Steady() const = 0;  // for durations and deadlines
};

Clock& SystemClock();

// A clock that moves only when told. Steady time advances with Advance, never with SetNow.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Micros now) : now_(now) {}
  Micros Now() const override { return now_.load(); }
  std::chrono::steady_clock::time_point Steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::microseconds(steady_.load()));
  }
  void Advance(std::chrono::microseconds by) {
    now_ += by.count();
    steady_ += by.count();
  }
  void SetNow(Micros now) { now_ = now; }

 private:
  std::atomic<Micros> now_;
  std::atomic<int64_t> steady_{1};
};

}  // namespace caudal
