// Keeps the outbox bounded: old events, dead letters beyond the limit, deliveries of deleted
// notifications. Never an event with a delivery.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "events/outbox.h"
#include "meta/database.h"

namespace caudal::events {

// A run of small steps, each a transaction of its own.
class Pruning {
 public:
  explicit Pruning(const OutboxOptions& options) : options_(options) {}
  // True when there may be more to do.
  Result<bool> Step(meta::Tx& tx, Micros now);

 private:
  Result<bool> DropOrphans(meta::Tx& tx);
  Result<bool> DropDeadLetters(meta::Tx& tx);
  Result<bool> DropEvents(meta::Tx& tx, Micros now);

  const OutboxOptions options_;
  int64_t after_ = 0;  // events up to here were looked at
};

}  // namespace caudal::events
