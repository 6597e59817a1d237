#include "capture/postgres/slot.h"

#include <charconv>

#include "base/failpoint.h"

namespace caudal::capture::postgres {
namespace {

Result<Lsn> LsnAt(const Rows& rows, int row, int column) {
  if (rows.IsNull(row, column)) return Lsn{};
  return Lsn::Parse(rows.Text(row, column));
}

}  // namespace

Result<SystemIdentity> IdentifySystem(Connection& replication) {
  const Rows rows = TRY(replication.Query("IDENTIFY_SYSTEM"));
  if (rows.size() != 1 || rows.columns() < 3)
    return MakeError(ErrorKind::kUnsupported, "the source doesn't say which server it is",
                     "postgres.identity");
  SystemIdentity identity;
  identity.system_id = rows.Text(0, 0);
  identity.timeline = static_cast<uint32_t>(rows.Int(0, 1));
  identity.position = TRY(LsnAt(rows, 0, 2));
  return identity;
}

Result<std::optional<SlotState>> ReadSlot(Connection& connection, const std::string& name) {
  const bool has_status = connection.server_version() >= 130000;
  // A standby has no position of its own to write at.
  const Rows rows = TRY(connection.Query(
      "SELECT plugin, database, temporary, coalesce(active_pid, 0), restart_lsn, "
      "confirmed_flush_lsn, " +
      std::string(has_status ? "wal_status, safe_wal_size" : "NULL, NULL") +
      ", coalesce(greatest(0, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN "
      "pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)), 0)::bigint FROM "
      "pg_catalog.pg_replication_slots WHERE slot_name = " +
      QuoteText(name)));
  if (rows.size() == 0) return std::optional<SlotState>();
  SlotState slot;
  slot.name = name;
  slot.plugin = rows.Text(0, 0);
  slot.database = rows.Text(0, 1);
  slot.temporary = rows.Bool(0, 2);
  slot.active_pid = rows.Int(0, 3);
  slot.restart = TRY(LsnAt(rows, 0, 4));
  slot.confirmed = TRY(LsnAt(rows, 0, 5));
  slot.wal_status = rows.Text(0, 6);
  if (!rows.IsNull(0, 7)) slot.safe_bytes = rows.Int(0, 7);
  slot.retained_bytes = static_cast<uint64_t>(rows.Int(0, 8));
  return std::optional<SlotState>(std::move(slot));
}

Result<CreatedSlot> CreateSlot(Connection& replication, const std::string& name, bool temporary,
                               Connection::Deadline deadline) {
  FAILPOINT("capture.postgres.slot.create");
  const bool options = replication.server_version() >= 150000;
  const Rows rows = TRY(replication.Query(
      "CREATE_REPLICATION_SLOT " + QuoteName(name) + (temporary ? " TEMPORARY" : "") +
          " LOGICAL pgoutput " + (options ? "(SNAPSHOT 'export')" : "EXPORT_SNAPSHOT"),
      deadline));
  // The source has the slot now, and keeps its log; nothing of ours knows of it yet.
  FAILPOINT("capture.postgres.slot.created");
  if (rows.size() != 1 || rows.columns() < 3)
    return MakeError(ErrorKind::kInternal, "the source's answer to a new slot isn't understood");
  CreatedSlot slot;
  slot.consistent_point = TRY(LsnAt(rows, 0, 1));
  slot.snapshot = rows.Text(0, 2);
  return slot;
}

std::string DropSlotSql(const std::string& name) {
  return "SELECT pg_drop_replication_slot(" + QuoteText(name) + ");";
}

Result<void> DropSlot(Connection& connection, const std::string& name) {
  FAILPOINT("capture.postgres.slot.drop");
  // In one statement, so that there is nothing between looking and dropping but the source itself.
  const Result<Rows> dropped = connection.Query(
      "SELECT pg_drop_replication_slot(slot_name) FROM "
      "pg_catalog.pg_replication_slots WHERE slot_name = " +
      QuoteText(name));
  if (!dropped.ok() && !dropped.error().Is(ErrorKind::kNotFound)) return dropped.error();
  FAILPOINT("capture.postgres.slot.dropped");
  return {};
}

}  // namespace caudal::capture::postgres
