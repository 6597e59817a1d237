#include "events/delivery_rows.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "events/schema.h"

namespace caudal::events {

Result<std::vector<DeliveryRow>> ReadDeliveries(meta::Connection& connection,
                                                const std::string& subscriber,
                                                const DeliveryQueue::Load& load) {
  using What = DeliveryQueue::Load::What;
  std::string_view sql;
  switch (load.what) {
    case What::kBacklog:
      sql =
          "SELECT sequence, lane, attempts, first_attempt, next_attempt FROM deliveries "
          "WHERE subscriber = ?1 AND sequence > ?2 AND sequence <= ?3 AND state = 0 "
          "ORDER BY sequence LIMIT ?4";
      break;
    case What::kLane:
      sql =
          "SELECT sequence, lane, attempts, first_attempt, next_attempt FROM deliveries "
          "WHERE subscriber = ?1 AND sequence > ?2 AND sequence <= ?3 AND state = 0 AND lane = ?5 "
          "ORDER BY sequence LIMIT ?4";
      break;
    case What::kReplayed:
      sql =
          "SELECT sequence, lane, attempts, first_attempt, next_attempt FROM deliveries "
          "WHERE subscriber = ?1 AND sequence > ?2 AND sequence <= ?3 AND state = 2 "
          "ORDER BY sequence LIMIT ?4";
      break;
  }
  meta::Statement q = TRY(connection.Prepare(sql));
  q.Bind(1, subscriber);
  q.Bind(2, load.after);
  q.Bind(3, load.through);
  q.Bind(4, load.limit);
  if (load.what == What::kLane) q.Bind(5, load.lane);
  std::vector<DeliveryRow> rows;
  while (TRY(q.Step())) {
    DeliveryRow row;
    row.delivery.sequence = q.Int(0);
    row.delivery.lane = q.Int(1);
    row.delivery.attempts = static_cast<int>(q.Int(2));
    row.delivery.first_attempt = q.Int(3);
    row.delivery.replayed = load.what == What::kReplayed;
    row.next_attempt = q.Int(4);
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::shared_ptr<const Event>> ReadEvent(meta::Connection& connection, int64_t sequence) {
  static const std::string kSql =
      fmt::format("SELECT {} FROM events e WHERE e.sequence = ?", kEventColumns);
  meta::Statement q = TRY(connection.Prepare(kSql));
  q.Bind(1, sequence);
  if (!TRY(q.Step())) return std::shared_ptr<const Event>();
  return std::shared_ptr<const Event>(std::make_shared<Event>(EventFrom(q)));
}

Result<void> RecordOutcome(meta::Tx& tx, const Outcome& o) {
  FAILPOINT("events.record");
  switch (o.kind) {
    case Outcome::Kind::kDelivered:
      TRY(tx.Run("DELETE FROM deliveries WHERE subscriber = ? AND sequence = ?", o.subscriber,
                 o.sequence));
      break;
    case Outcome::Kind::kRetry:
    case Outcome::Kind::kDead: {
      const DeliveryState open = o.replayed ? DeliveryState::kReplayed : DeliveryState::kOpen;
      const DeliveryState state = o.kind == Outcome::Kind::kDead ? DeliveryState::kDead : open;
      TRY(tx.Run(
          "UPDATE deliveries SET state = ?, attempts = ?, first_attempt = ?, next_attempt = ?, "
          "last_error = ? WHERE subscriber = ? AND sequence = ?",
          static_cast<int64_t>(state), o.attempts, o.first_attempt, o.next_attempt, o.error,
          o.subscriber, o.sequence));
      break;
    }
  }
  return {};
}

Result<std::vector<DeliveryCounts>> CountDeliveries(meta::Connection& connection) {
  meta::Statement q = TRY(connection.Prepare(
      "SELECT subscriber, count(*), sum(state = 1) FROM deliveries GROUP BY subscriber"));
  std::vector<DeliveryCounts> counts;
  while (TRY(q.Step())) counts.push_back({std::string(q.Text(0)), q.Int(1) - q.Int(2), q.Int(2)});
  return counts;
}

Result<std::vector<DeliveryInfo>> ListDeliveryRows(meta::Connection& connection, bool dead,
                                                   const std::string& subscriber, int limit) {
  static const std::string kSql = fmt::format(
      "SELECT {}, d.subscriber, d.attempts, d.first_attempt, d.next_attempt, d.last_error "
      "FROM deliveries d JOIN events e ON e.sequence = d.sequence "
      "WHERE (d.state = 1) = ?1 AND (?2 = '' OR d.subscriber = ?2) ORDER BY d.sequence LIMIT ?3",
      kEventColumns);
  meta::Statement q = TRY(connection.Prepare(kSql));
  q.Bind(1, dead ? 1 : 0);
  q.Bind(2, subscriber);
  q.Bind(3, limit);
  std::vector<DeliveryInfo> list;
  while (TRY(q.Step())) {
    DeliveryInfo info;
    info.event = EventFrom(q);
    int column = kEventColumnCount;
    info.subscriber = q.Text(column++);
    info.attempts = static_cast<int>(q.Int(column++));
    info.first_attempt = q.Int(column++);
    info.next_attempt = q.Int(column++);
    info.last_error = q.IsNull(column) ? "" : q.Text(column);
    info.dead = dead;
    list.push_back(std::move(info));
  }
  return list;
}

Result<int64_t> ReplayDead(meta::Tx& tx, const std::string& subscriber, int64_t sequence,
                           int limit) {
  return tx.Run(
      "UPDATE deliveries SET state = 2, attempts = 0, first_attempt = 0, next_attempt = 0 "
      "WHERE (subscriber, sequence) IN (SELECT subscriber, sequence FROM deliveries "
      "WHERE state = 1 AND (?1 = '' OR subscriber = ?1) AND (?2 = 0 OR sequence = ?2) "
      "ORDER BY sequence LIMIT ?3)",
      subscriber, sequence, limit);
}

Result<std::shared_ptr<const Event>> RedeliverRow(meta::Tx& tx, const std::string& subscriber,
                                                  int64_t sequence) {
  std::shared_ptr<const Event> event = TRY(ReadEvent(tx, sequence));
  if (!event)
    return MakeError(ErrorKind::kNotFound,
                     fmt::format("the event {} is no longer kept (events.keep)", sequence),
                     "event.not_found");
  std::optional<DeliveryState> state;
  {
    meta::Statement q =
        TRY(tx.Prepare("SELECT state FROM deliveries WHERE subscriber = ? AND sequence = ?"));
    q.BindAll(subscriber, sequence);
    const bool found = TRY(q.Step());
    if (found) state = static_cast<DeliveryState>(q.Int(0));
  }
  if (state && *state != DeliveryState::kDead)
    return MakeError(
        ErrorKind::kConflict,
        fmt::format("the event {} is being delivered to '{}' already", sequence, subscriber),
        "event.in_delivery");
  TRY(
      tx.Run("INSERT OR REPLACE INTO deliveries(subscriber, sequence, lane, state) "
             "VALUES (?, ?, ?, ?)",
             subscriber, sequence, LaneOf(event->bucket, event->object),
             static_cast<int64_t>(DeliveryState::kReplayed)));
  return event;
}

Result<int64_t> DropDead(meta::Tx& tx, const std::string& subscriber, int64_t sequence, int limit) {
  return tx.Run(
      "DELETE FROM deliveries WHERE (subscriber, sequence) IN (SELECT subscriber, sequence "
      "FROM deliveries WHERE state = 1 AND (?1 = '' OR subscriber = ?1) "
      "AND (?2 = 0 OR sequence = ?2) ORDER BY sequence LIMIT ?3)",
      subscriber, sequence, limit);
}

}  // namespace caudal::events
