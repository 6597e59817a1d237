#include "events/prune.h"

#include <vector>

#include "base/failpoint.h"

namespace caudal::events {
namespace {

constexpr int64_t kStepRows = 500;

}  // namespace

Result<bool> Pruning::Step(meta::Tx& tx, Micros now) {
  FAILPOINT("events.prune");
  if (TRY(DropOrphans(tx)) || TRY(DropDeadLetters(tx))) return true;
  return DropEvents(tx, now);
}

Result<bool> Pruning::DropOrphans(meta::Tx& tx) {
  const int64_t dropped = TRY(tx.Run(
      "DELETE FROM deliveries WHERE (subscriber, sequence) IN ("
      "SELECT subscriber, sequence FROM deliveries "
      "WHERE subscriber >= 'notification/' AND subscriber < 'notification0' AND subscriber NOT IN "
      "(SELECT 'notification/' || bucket || '/' || number FROM notifications) LIMIT ?)",
      kStepRows));
  return dropped == kStepRows;
}

Result<bool> Pruning::DropDeadLetters(meta::Tx& tx) {
  const int64_t dropped =
      TRY(tx.Run("DELETE FROM deliveries WHERE (subscriber, sequence) IN ("
                 "SELECT subscriber, sequence FROM deliveries WHERE state = 1 ORDER BY sequence "
                 "LIMIT min(?1, max(0, (SELECT count(*) FROM deliveries WHERE state = 1) - ?2)))",
                 kStepRows, options_.dead_letters_max));
  return dropped == kStepRows;
}

Result<bool> Pruning::DropEvents(meta::Tx& tx, Micros now) {
  const Micros cutoff =
      now - std::chrono::duration_cast<std::chrono::microseconds>(options_.keep).count();
  std::vector<int64_t> dropped;
  int64_t seen = 0;
  bool any_old = false;
  {
    meta::Statement q = TRY(tx.Prepare(
        "SELECT sequence, time < ?1 OR sequence <= (SELECT max(sequence) FROM events) - ?2, "
        "EXISTS (SELECT 1 FROM deliveries d WHERE d.sequence = e.sequence) "
        "FROM events e WHERE sequence > ?3 ORDER BY sequence LIMIT ?4"));
    q.BindAll(cutoff, options_.events_max, after_, kStepRows);
    while (TRY(q.Step())) {
      ++seen;
      after_ = q.Int(0);
      if (q.Int(1) == 0) continue;
      any_old = true;
      if (q.Int(2) == 0) dropped.push_back(q.Int(0));
    }
  }
  for (const int64_t sequence : dropped)
    TRY(tx.Run("DELETE FROM events WHERE sequence = ?", sequence));
  return any_old && seen == kStepRows;
}

}  // namespace caudal::events
