// Percentiles over the last values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace caudal::events {

// Not thread-safe.
class Latency {
 public:
  void Add(int64_t micros) {
    if (values_.size() < kKept) {
      values_.push_back(micros);
    } else {
      values_[next_] = micros;
    }
    next_ = (next_ + 1) % kKept;
  }
  // 0 when there are none.
  int64_t Percentile(int percent) const {
    if (values_.empty()) return 0;
    std::vector<int64_t> sorted = values_;
    const size_t at = (sorted.size() - 1) * static_cast<size_t>(percent) / 100;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at),
                     sorted.end());
    return sorted[at];
  }

 private:
  static constexpr size_t kKept = 1024;
  std::vector<int64_t> values_;
  size_t next_ = 0;
};

}  // namespace caudal::events
