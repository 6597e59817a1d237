#include "events/outbox.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "data/digest.h"
#include "events/matcher.h"
#include "events/notifications.h"
#include "events/routes.h"
#include "events/schema.h"

namespace caudal::events {
namespace {

constexpr int kListMax = 10'000;

std::string IdOf(const Event& event) {
  const std::string identity =
      fmt::format("{}\n{}\n{}\n{}\n{}", event.bucket, static_cast<int>(event.type),
                  event.generation, event.metageneration, event.object);
  return EncodeHex(std::string_view(Sha256(identity)).substr(0, 16));
}

Error NoNotification(const std::string& bucket, const std::string& id) {
  return MakeError(ErrorKind::kNotFound,
                   fmt::format("bucket {} has no notification config {}", bucket, id),
                   "notification.not_found");
}

Result<std::vector<Event>> Collect(meta::Statement& q, const Filter& filter, int limit) {
  const Matcher matcher = TRY(Matcher::Make(filter));
  std::vector<Event> found;
  while (static_cast<int>(found.size()) < limit && TRY(q.Step()))
    if (matcher.Matches(static_cast<EventType>(q.Int(1) & 3), q.Text(2), q.Text(3)))
      found.push_back(EventFrom(q));
  return found;
}

class OutboxImpl final : public Outbox {
 public:
  OutboxImpl(meta::Database& database, OutboxOptions options)
      : database_(database), options_(options) {}

  Result<void> Append(meta::Tx& tx, Event event) override {
    FAILPOINT("events.append");
    event.id = IdOf(event);
    TRY(
        tx.Run("INSERT INTO events(id, type, bucket, object, generation, metageneration, time, "
               "overwrote, overwritten_by, resource) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               event.id, static_cast<int>(event.type), event.bucket, event.object, event.generation,
               event.metageneration, event.time, event.overwrote_generation,
               event.overwritten_by_generation, event.resource));
    event.sequence = tx.LastInsertId();

    std::vector<RoutePtr> matched;
    routes_.Current()->Match(event, matched);
    if (matched.empty()) return {};
    const int64_t lane = LaneOf(event.bucket, event.object);
    for (const RoutePtr& route : matched)
      TRY(tx.Run("INSERT INTO deliveries(subscriber, sequence, lane) VALUES (?, ?, ?)",
                 route->subscriber, event.sequence, lane));
    tx.AfterCommit([this, matched = std::move(matched),
                    shared = std::make_shared<const Event>(std::move(event))] {
      routes_.HandOver(shared, matched);
    });
    return {};
  }

  Result<Notification> CreateNotification(Notification notification) override {
    TRY(NormalizeNotification(notification));
    return database_.Write([&](meta::Tx& tx) -> Result<Notification> {
      Notification made = TRY(InsertNotification(tx, notification));
      // Runs before this call returns: events that are committed later than that are matched.
      tx.AfterCommit([this, route = RouteOf(made)] { routes_.Put(route); });
      return made;
    });
  }

  Result<Notification> GetNotification(const std::string& bucket, const std::string& id) override {
    for (Notification& n : TRY(ListNotifications(bucket)))
      if (n.id == id) return std::move(n);
    return NoNotification(bucket, id);
  }

  Result<std::vector<Notification>> ListNotifications(const std::string& bucket) override {
    meta::ReadTx tx = TRY(database_.Read());
    return ReadNotifications(tx, bucket);
  }

  // Its open deliveries go with the next pruning.
  Result<void> DeleteNotification(const std::string& bucket, const std::string& id) override {
    return database_.Write([&](meta::Tx& tx) -> Result<void> {
      for (const Notification& n : TRY(ReadNotifications(tx, bucket)))
        if (n.id == id) return Drop(tx, n);
      return NoNotification(bucket, id);
    });
  }

  Result<void> ForgetBucket(meta::Tx& tx, const std::string& bucket) override {
    for (const Notification& n : TRY(ReadNotifications(tx, bucket))) TRY(Drop(tx, n));
    return {};
  }

  Result<std::vector<Event>> List(const Filter& filter, int64_t before, int limit) override {
    meta::ReadTx tx = TRY(database_.Read());
    static const std::string kSql = fmt::format(
        "SELECT {} FROM events e WHERE e.sequence < ? ORDER BY e.sequence DESC", kEventColumns);
    meta::Statement q = TRY(tx.Prepare(kSql));
    q.Bind(1, before == 0 ? INT64_MAX : before);
    return Collect(q, filter, std::min(limit, kListMax));
  }

  Result<std::vector<Event>> Follow(const Filter& filter, int64_t after, int limit) override {
    meta::ReadTx tx = TRY(database_.Read());
    static const std::string kSql = fmt::format(
        "SELECT {} FROM events e WHERE e.sequence > ? ORDER BY e.sequence", kEventColumns);
    meta::Statement q = TRY(tx.Prepare(kSql));
    q.Bind(1, after);
    return Collect(q, filter, std::min(limit, kListMax));
  }

  Result<int64_t> LastSequence() override {
    meta::ReadTx tx = TRY(database_.Read());
    meta::Statement q = TRY(tx.Prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'"));
    return TRY(q.Step()) ? q.Int(0) : 0;
  }

  Routes& routes() override { return routes_; }
  const OutboxOptions& options() const override { return options_; }

  Result<void> Load() {
    meta::ReadTx tx = TRY(database_.Read());
    for (const Notification& n : TRY(ReadNotifications(tx, ""))) routes_.Put(RouteOf(n));
    return {};
  }

 private:
  Result<void> Drop(meta::Tx& tx, const Notification& n) {
    TRY(tx.Run("DELETE FROM notifications WHERE number = ?", n.id));
    tx.AfterCommit([this, name = SubscriberOf(n)] {
      routes_.Remove(name);
      routes_.NotificationRemoved(name);
    });
    return {};
  }

  meta::Database& database_;
  const OutboxOptions options_;
  Routes routes_;
};

}  // namespace

std::span<const meta::Migration> Outbox::Migrations() { return EventMigrations(); }

Result<std::unique_ptr<Outbox>> Outbox::Open(meta::Database& database, Clock&,
                                             OutboxOptions options) {
  auto outbox = std::make_unique<OutboxImpl>(database, options);
  TRY(outbox->Load());
  return outbox;
}

}  // namespace caudal::events
