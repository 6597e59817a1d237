// The transactional outbox: an event is recorded in the transaction of the change it tells of.
//
// Guarantee: for every subscriber whose filter matches at that moment, a delivery is recorded in
// the same transaction, so that it is made at least once, across crashes. Per (subscriber, object),
// deliveries keep commit order.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "events/event.h"
#include "events/subscriber.h"
#include "meta/database.h"

namespace caudal::events {

class Routes;

// A Cloud Storage notification config: sends a bucket's events to a topic, as Pub/Sub messages.
struct Notification {
  std::string id;
  std::string bucket;
  std::string topic;  // "projects/p/topics/t"
  std::vector<EventType> types;
  std::string object_name_prefix;
  std::map<std::string, std::string> attributes;
  bool json_payload = true;
};

struct OutboxOptions {
  std::chrono::hours keep{24 * 7};  // events without open deliveries are pruned after this,
  int64_t events_max = 1'000'000;   // or when there are more (oldest first)
  int64_t dead_letters_max = 100'000;
};

class Outbox {
 public:
  static std::span<const meta::Migration> Migrations();
  // `database` and `clock` must outlive it.
  static Result<std::unique_ptr<Outbox>> Open(meta::Database& database, Clock& clock,
                                              OutboxOptions options);
  virtual ~Outbox() = default;

  // Records `event` (sequence and id are filled in) and its deliveries; wakes the dispatcher after
  // the commit. On the writer thread, in the caller's transaction.
  virtual Result<void> Append(meta::Tx& tx, Event event) = 0;

  virtual Result<Notification> CreateNotification(Notification notification) = 0;  // id is assigned
  virtual Result<Notification> GetNotification(const std::string& bucket,
                                               const std::string& id) = 0;
  virtual Result<std::vector<Notification>> ListNotifications(const std::string& bucket) = 0;
  virtual Result<void> DeleteNotification(const std::string& bucket, const std::string& id) = 0;
  // In the transaction that deletes the bucket.
  virtual Result<void> ForgetBucket(meta::Tx& tx, const std::string& bucket) = 0;

  // Newest first; `before` 0 for the newest. For the CLI's and console's listing.
  virtual Result<std::vector<Event>> List(const Filter& filter, int64_t before, int limit) = 0;
  // In commit order, sequences above `after`. For following.
  virtual Result<std::vector<Event>> Follow(const Filter& filter, int64_t after, int limit) = 0;
  virtual Result<int64_t> LastSequence() = 0;

  // For the dispatcher.
  virtual Routes& routes() = 0;
  virtual const OutboxOptions& options() const = 0;
};

}  // namespace caudal::events
