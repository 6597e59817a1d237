// Logical replication slots: what keeps a source's log until its changes are safe with us.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "capture/postgres/connection.h"
#include "codec/postgres/lsn.h"

namespace caudal::capture::postgres {

using caudal::postgres::Lsn;

// The server's incarnation, as far as it knows it: positions of different ones can't be compared.
struct SystemIdentity {
  std::string system_id;
  uint32_t timeline = 0;
  Lsn position;  // of the log, flushed
};
Result<SystemIdentity> IdentifySystem(Connection& replication);

struct SlotState {
  std::string name;
  std::string plugin;  // empty: a physical slot
  std::string database;
  bool temporary = false;
  int64_t active_pid = 0;  // of the server process that reads it; 0: none
  Lsn restart;             // the log is kept from here on; invalid: nothing is kept
  Lsn confirmed;           // changes of transactions that ended before are not sent again
  // reserved, extended, unreserved, lost; empty before PostgreSQL 13.
  std::string wal_status;
  uint64_t retained_bytes = 0;        // log that is kept for it
  std::optional<int64_t> safe_bytes;  // that can be written before it may be lost
};

// Nothing: there is no such slot.
Result<std::optional<SlotState>> ReadSlot(Connection& connection, const std::string& name);

struct CreatedSlot {
  Lsn consistent_point;  // every transaction that commits after it is in the slot
  // What pg_export_snapshot gives: exactly what was committed before. Lives until the connection
  // runs its next statement, or ends.
  std::string snapshot;
};

// On a replication connection without a transaction. Waits for transactions that are running. The
// publication must be there before: decoding looks it up as of each change.
// kAlreadyExists for a slot that is there; kTimeout after the deadline, and there is no slot.
Result<CreatedSlot> CreateSlot(Connection& replication, const std::string& name, bool temporary,
                               Connection::Deadline deadline);
// A slot that isn't there is no error; one that is in use is (kUnavailable).
Result<void> DropSlot(Connection& connection, const std::string& name);

// The statements that do this, as people run them.
std::string DropSlotSql(const std::string& name);

}  // namespace caudal::capture::postgres
