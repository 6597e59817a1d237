// The rows of deliveries. Inside events only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "events/delivery_queue.h"
#include "events/dispatcher.h"
#include "meta/database.h"

namespace caudal::events {

struct DeliveryRow {
  Delivery delivery;
  Micros next_attempt = 0;  // wall time; 0: now
};
Result<std::vector<DeliveryRow>> ReadDeliveries(meta::Connection& connection,
                                                const std::string& subscriber,
                                                const DeliveryQueue::Load& load);
// Null when there is no such event.
Result<std::shared_ptr<const Event>> ReadEvent(meta::Connection& connection, int64_t sequence);

// What became of an attempt.
struct Outcome {
  enum class Kind : uint8_t { kDelivered, kRetry, kDead } kind = Kind::kDelivered;
  std::string subscriber;
  int64_t sequence = 0;
  bool replayed = false;
  int attempts = 0;
  Micros first_attempt = 0;
  Micros next_attempt = 0;
  std::string error;
};
Result<void> RecordOutcome(meta::Tx& tx, const Outcome& outcome);

struct DeliveryCounts {
  std::string subscriber;
  int64_t pending = 0;
  int64_t dead = 0;
};
Result<std::vector<DeliveryCounts>> CountDeliveries(meta::Connection& connection);
Result<std::vector<DeliveryInfo>> ListDeliveryRows(meta::Connection& connection, bool dead,
                                                   const std::string& subscriber, int limit);
// At most `limit` rows; how many. Empty subscriber: of all; sequence 0: all.
Result<int64_t> ReplayDead(meta::Tx& tx, const std::string& subscriber, int64_t sequence,
                           int limit);
// See Dispatcher::Redeliver.
Result<std::shared_ptr<const Event>> RedeliverRow(meta::Tx& tx, const std::string& subscriber,
                                                  int64_t sequence);
Result<int64_t> DropDead(meta::Tx& tx, const std::string& subscriber, int64_t sequence, int limit);

}  // namespace caudal::events
