// At most so many of something a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace caudal::capture::postgres {

// A bucket that holds a tenth of a second's worth, and is full at first. One thread at a time.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // 0: there is no limit.
  RateLimit(uint64_t per_second, Time now)
      : per_second_(static_cast<double>(per_second)),
        most_(std::max(1.0, per_second_ / 10)),
        left_(most_),
        filled_(now) {}

  bool limited() const { return per_second_ > 0; }
  // How many may be taken now.
  uint64_t Left(Time now) {
    if (!limited()) return UINT64_MAX;
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    left_ = std::min(most_, left_ + std::max(0.0, seconds) * per_second_);
    filled_ = std::max(filled_, now);
    return left_ < 1 ? 0 : static_cast<uint64_t>(left_);
  }
  void Take(uint64_t count) {
    if (limited()) left_ -= static_cast<double>(count);
  }
  // Until there is one, from the last Left on; rounded up.
  std::chrono::milliseconds Wait() const {
    if (!limited() || left_ >= 1) return std::chrono::milliseconds(0);
    return std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::duration<double>((1 - left_) / per_second_));
  }

 private:
  double per_second_;
  double most_;
  double left_;
  Time filled_;
};

}  // namespace caudal::capture::postgres
