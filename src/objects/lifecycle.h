// Lifecycle rules: which generations a bucket's rules act on, and doing it.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "objects/core.h"

namespace caudal::objects {

// Whether every condition of the rule holds. `newer_versions`: generations of the same name above
// this one.
bool Applies(const LifecycleRule& rule, const Object& object, bool is_live, int64_t newer_versions,
             Micros now);

// Goes over all buckets that have rules, in bounded steps. Stops early when `stop` is set. Returns
// changes made. Objects under hold or retention stay, without an error.
Result<int64_t> RunLifecycle(Core& core, const std::atomic<bool>& stop);

}  // namespace caudal::objects
