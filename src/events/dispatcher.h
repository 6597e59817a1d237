// Delivers what the outbox holds: wakes at the commit, keeps order per object and subscriber,
// retries with exponential backoff and full jitter, gives up into dead letters. At least once: a
// delivery is forgotten only after its success is durable.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "events/outbox.h"
#include "events/subscriber.h"

namespace caudal::events {

struct DeliveryInfo {
  std::string subscriber;
  Event event;
  int attempts = 0;
  Micros first_attempt = 0;
  Micros next_attempt = 0;  // 0 for a dead letter
  std::string last_error;
  bool dead = false;
};

struct SubscriberStats {
  std::string name;
  uint64_t delivered = 0;
  uint64_t failed_attempts = 0;
  int64_t pending = 0;
  int64_t dead = 0;
  // Commit of the change to start of delivery, of the last deliveries, in microseconds.
  int64_t start_p50_us = 0;
  int64_t start_p99_us = 0;
};

struct DispatcherOptions {
  int webhook_threads = 8;
  // Deliveries of one subscriber held in memory; the rest stays in the database until there is
  // room.
  size_t ready_max = 100'000;
  std::chrono::milliseconds prune_interval{60'000};
};

using JoinRedelivery = std::function<Result<void>(meta::Tx&, const Event&)>;

class Dispatcher {
 public:
  virtual ~Dispatcher() = default;  // Stop

  // Subscribers are known before Start, and before requests are accepted: those of the
  // configuration, then functions and pipelines. Deliveries of a name that is no longer subscribed
  // are kept and listed, not made. kAlreadyExists, kInvalid.
  virtual Result<void> Subscribe(Subscriber subscriber) = 0;
  // Replaces (or with nothing, removes) a subscriber while running: for reload.
  virtual Result<void> Replace(const std::string& name, std::optional<Subscriber> subscriber) = 0;
  // While held no delivery starts for the subscriber; they wait, and no attempt is counted.
  virtual void Hold(const std::string& subscriber, bool held) = 0;
  // Push endpoints of topics that notifications may name ("t" or "projects/p/topics/t").
  virtual void SetTopics(std::map<std::string, Webhook> topics) = 0;
  virtual bool HasTopic(const std::string& topic) const = 0;

  virtual Result<void> Start() = 0;
  // No delivery starts after it returns; those in flight get `drain` to end.
  virtual void Stop(std::chrono::milliseconds drain = std::chrono::milliseconds(5000)) = 0;

  // Looks at the clock again: for tests that move it.
  virtual void Poke() = 0;

  // Subscribers, and names without one that deliveries are kept for.
  virtual std::vector<SubscriberStats> Stats() const = 0;
  virtual Result<std::vector<DeliveryInfo>> ListDeliveries(bool dead, const std::string& subscriber,
                                                           int limit) = 0;
  // Makes dead letters due now, with a fresh window. Empty subscriber: all; sequence 0: all of it.
  // Returns how many.
  virtual Result<int64_t> Replay(const std::string& subscriber, int64_t sequence) = 0;
  // Makes the event due now for the subscriber, whatever became of it, in one transaction that
  // `also` (if given) joins. kNotFound ("event.not_found") when it is no longer kept, kConflict
  // while it is being delivered.
  virtual Result<void> Redeliver(const std::string& subscriber, int64_t sequence,
                                 const JoinRedelivery& also) = 0;
  virtual Result<int64_t> DropDeadLetters(const std::string& subscriber, int64_t sequence) = 0;

  static std::unique_ptr<Dispatcher> Make(meta::Database& database, Outbox& outbox, Clock& clock,
                                          Random& random, DispatcherOptions options);
};

}  // namespace caudal::events
