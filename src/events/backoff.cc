#include "events/backoff.h"

#include <algorithm>

namespace caudal::events {

std::chrono::milliseconds BackoffDelay(const RetryPolicy& policy, int failures, Random& random) {
  int64_t ceiling = std::max<int64_t>(policy.first.count(), 1);
  const int64_t floor = std::min((ceiling + 1) / 2, std::max<int64_t>(policy.max.count(), 1));
  for (int i = 1; i < failures && ceiling < policy.max.count(); ++i) ceiling *= 2;
  ceiling = std::max(std::min<int64_t>(ceiling, policy.max.count()), floor);
  const auto span = static_cast<uint64_t>(ceiling - floor + 1);
  return std::chrono::milliseconds(floor + static_cast<int64_t>(random.Below(span)));
}

}  // namespace caudal::events
