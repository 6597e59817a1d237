// How long to wait before the next attempt.
#pragma once

#include <chrono>

#include "base/random.h"
#include "events/subscriber.h"

namespace caudal::events {

// After the `failures`-th failed attempt (from 1): random in [first/2, min(max,
// first·2^(failures-1))], so that many failures at once don't come back at once, and none hammers.
std::chrono::milliseconds BackoffDelay(const RetryPolicy& policy, int failures, Random& random);

}  // namespace caudal::events
