// How the capture of a source begins: the checks, the publication, the slot and its epoch.
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/log.h"
#include "capture/postgres/publication.h"
#include "capture/postgres/run/capture_session.h"

namespace caudal::capture::postgres {
namespace {

std::string IdentityOf(const SystemIdentity& identity, const std::string& slot) {
  return fmt::format("{}/{}/{}", identity.system_id, identity.timeline, slot);
}

}  // namespace

Result<std::string> RelationsMark(Connection& connection) {
  const Rows rows =
      TRY(connection.Query("SELECT count(*) || ' ' || coalesce(max(oid::bigint), 0) FROM "
                           "pg_catalog.pg_class WHERE relkind IN ('r', 'p')"));
  return std::string(rows.Text(0, 0));
}

Result<void> SourceCapture::Prepare(Session& session) {
  session.connection = TRY(Connection::Connect(options_.connection, Purpose::kNormal));
  SourceCatalog catalog = TRY(ReadCatalog(*session.connection, options_));
  TRY(PublishNewTables(*session.connection, options_, catalog));
  session.relations = TRY(RelationsMark(*session.connection));
  SourceReport report = TRY(CheckSource(options_));
  for (const Finding& finding : report.findings) {
    if (finding.severity != Severity::kError) continue;
    std::string remedy = finding.remedy;
    for (const std::string& sql : finding.sql) remedy += (remedy.empty() ? "" : ": ") + sql;
    Show([&](CaptureStatus& status) { status.remedy = std::move(remedy); });
    // A server that isn't there, or that hasn't noticed yet that an earlier connection of ours is
    // gone.
    const bool passing = finding.code.ends_with("connection") || finding.code == "slot_active";
    return MakeError(passing ? ErrorKind::kUnavailable : ErrorKind::kConflict,
                     finding.object.empty() ? finding.what : finding.object + ": " + finding.what,
                     "postgres.check." + finding.code);
  }
  Show([&](CaptureStatus& status) {
    status.remedy.clear();
    status.server_version = report.server_version;
  });
  session.identity = report.identity;
  TRY(EnsurePublication(*session.connection, options_, catalog));

  const std::optional<SlotState> slot = TRY(ReadSlot(*session.connection, options_.slot));
  const std::string identity = IdentityOf(session.identity, options_.slot);
  std::optional<SourceProgress> progress = TRY(parts_.ledger.ProgressOf(options_.name));
  // An epoch without an identity is one that was given up: the source is begun anew.
  if (!progress || progress->identity.empty()) {
    TRY(BeginSource(session, identity, slot));
  } else {
    TRY(CheckSlotFits(session, *progress, slot));
    if (progress->identity != identity) {
      // The same system behind a failover: positions go on, under another timeline.
      LogInfo("the source is on another timeline now",
              {{"source", options_.name}, {"timeline", session.identity.timeline}});
      TRY(parts_.database.Write([&](meta::Tx& tx) -> Result<void> {
        TRY(Ledger::BeginEpoch(tx, options_.name, identity, progress->resume_at));
        return {};
      }));
    }
  }
  progress = TRY(parts_.ledger.NeedProgressOf(options_.name));
  session.epoch = progress->epoch;
  Show([&](CaptureStatus& status) {
    status.landed = {progress->resume_at};
    status.server_end = session.identity.position;
    if (slot) {
      status.retained_bytes = slot->retained_bytes;
      status.wal_status = slot->wal_status;
    }
  });
  session.tables = TRY(SourceTables::Make(
      {options_, *session.connection, parts_.ledger, parts_.database, parts_.histories},
      std::move(catalog)));
  // Who applies may have waited for a table that isn't there any more.
  parts_.landed({});
  return {};
}

Result<void> SourceCapture::BeginSource(Session& session, const std::string& identity,
                                        const std::optional<SlotState>& slot) {
  Lsn start;
  if (slot) {
    // One that was given, or of a start that was cut off: its tables are read by another one.
    start = slot->confirmed;
  } else {
    session.slot_maker = TRY(Connection::Connect(options_.connection, Purpose::kReplication));
    session.made_slot = TRY(MakeSlot(*session.slot_maker, options_.slot, false, kSlotWait));
    start = session.made_slot->consistent_point;
  }
  return parts_.database.Write([&](meta::Tx& tx) -> Result<void> {
    TRY(Ledger::BeginEpoch(tx, options_.name, identity, start.value));
    return {};
  });
}

// Waits for the source's transactions, unless Stop comes first.
Result<CreatedSlot> SourceCapture::MakeSlot(Connection& replication, const std::string& name,
                                            bool temporary, std::chrono::seconds wait) {
  const Canceller canceller = TRY(replication.MakeCanceller());
  {
    MutexLock lock(mutex_);
    if (stopping_) return MakeError(ErrorKind::kCancelled, "the source is being stopped");
    waiting_ = &canceller;
  }
  Result<CreatedSlot> made =
      CreateSlot(replication, name, temporary, std::chrono::steady_clock::now() + wait);
  MutexLock lock(mutex_);
  waiting_ = nullptr;
  return made;
}

Result<void> SourceCapture::CheckSlotFits(const Session& session, const SourceProgress& progress,
                                          const std::optional<SlotState>& slot) const {
  const Lsn resume{progress.resume_at};
  const std::string system = progress.identity.substr(0, progress.identity.find('/'));
  if (system != session.identity.system_id)
    return MakeError(ErrorKind::kConflict,
                     "the source is another PostgreSQL than the one that was copied so far "
                     "(another system identifier)",
                     "postgres.another_system");
  if (!slot)
    return MakeError(ErrorKind::kConflict,
                     "the source has no replication slot " + QuoteName(options_.slot) +
                         " any more: changes after " + resume.Text() + " may be missing",
                     "postgres.no_slot");
  if (slot->wal_status == "lost")
    return MakeError(ErrorKind::kConflict,
                     "the source has removed the log that the slot " + QuoteName(options_.slot) +
                         " needs (max_slot_wal_keep_size): changes after " + resume.Text() +
                         " are missing",
                     "postgres.slot_lost");
  if (slot->confirmed > resume)
    return MakeError(ErrorKind::kConflict,
                     "the slot " + QuoteName(options_.slot) + " stands at " +
                         slot->confirmed.Text() + ", and what is landed ends at " + resume.Text() +
                         ": it was made anew or used by somebody else, and changes between are "
                         "missing",
                     "postgres.slot_moved");
  if (session.identity.position < resume)
    return MakeError(ErrorKind::kConflict,
                     "the source's log ends at " + session.identity.position.Text() +
                         ", before what is landed (" + resume.Text() +
                         "): it was restored, or a standby took over that lacked changes",
                     "postgres.behind");
  return {};
}

}  // namespace caudal::capture::postgres
