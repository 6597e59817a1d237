// What SourceCapture holds while it is connected. Inside of run/ only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/run/source_capture.h"
#include "capture/postgres/run/source_tables.h"
#include "capture/postgres/slot.h"
#include "capture/postgres/snapshot/snapshot_reader.h"
#include "capture/postgres/stream/replication_stream.h"

namespace caudal::capture::postgres {

// A new slot waits for the transactions that are running in the source.
inline constexpr std::chrono::seconds kSlotWait{600};

// Another text when tables were made or dropped.
Result<std::string> RelationsMark(Connection& connection);

// One connection to the source, until the first error.
struct SourceCapture::Session {
  std::unique_ptr<Connection> connection;
  SystemIdentity identity;
  uint32_t epoch = 0;
  std::unique_ptr<SourceTables> tables;
  // A snapshot that came with the slot lives as long as the connection that made it.
  std::unique_ptr<Connection> slot_maker;
  std::optional<CreatedSlot> made_slot;

  std::unique_ptr<ReplicationStream> stream;
  std::unique_ptr<ChangeCollector> collector;
  std::chrono::steady_clock::time_point landed_at;  // the end of the last landing
  std::chrono::steady_clock::duration pause{};      // before the next one
  std::chrono::steady_clock::time_point advanced_at;
  std::chrono::steady_clock::time_point looked_at = std::chrono::steady_clock::now();
  std::string relations;  // RelationsMark's, when the catalogue was read
};

struct SourceCapture::MadeCut {
  std::unique_ptr<Connection> maker;  // whose snapshot it is
  SnapshotPoint point;
};

}  // namespace caudal::capture::postgres
