#include "capture/postgres/run/table_reading.h"

#include <utility>

#include "capture/landing/change_builder.h"
#include "capture/postgres/snapshot/snapshot_sql.h"

namespace caudal::capture::postgres {
namespace {

// One batch that says of each of these tables that it is empty.
Result<void> Empty(const ReadingParts& parts, const SnapshotPoint& point,
                   const std::vector<const SourceTables::Unread*>& tables) {
  if (tables.empty()) return {};
  std::unique_ptr<LandingBatch> batch = TRY(parts.landing.Begin(parts.options.name));
  uint64_t number = 0;
  for (const SourceTables::Unread* table : tables) {
    BoundTable bound = table->bound;
    bound.landed.reading = true;
    ChangeBuilder changes =
        TRY(ChangeBuilder::Make(bound.landed.history, bound.columns.size(), bound.key_text));
    for (size_t i = 0; i < bound.columns.size(); ++i) changes.column(i).AppendNull();
    if (bound.key_text) changes.key_text().AppendNull();
    const Position position = SnapshotPosition(point, number++);
    changes.EndRow({ChangeOp::kTruncate, position, {}, false, {}});
    Batch rows = TRY(changes.Finish());
    TRY(batch->Write(bound.landed, std::move(rows), position, position));
  }
  const LandedChanges landed = TRY(batch->Commit(
      {SnapshotPosition(point, 0), SnapshotPosition(point, number - 1), {}, point.at.value}));
  parts.landed(landed);
  return {};
}

}  // namespace

Result<std::vector<SnapshotTable>> PrepareReading(const ReadingParts& parts,
                                                  const SnapshotPoint& point,
                                                  SourceTables& tables) {
  std::vector<SourceTables::Unread> unread = TRY(tables.ToRead());
  std::vector<SourceTable> fresh;
  std::vector<const SourceTables::Unread*> again;
  for (const SourceTables::Unread& table : unread) {
    if (table.state.state != TableState::kNew) continue;
    fresh.push_back(table.source);
    if (table.state.incarnation > 1) again.push_back(&table);
  }
  TRY(Empty(parts, point, again));
  const std::vector<std::vector<ChunkRange>> chunks =
      TRY(PlanChunksOf(parts.connection, fresh, parts.options.snapshot));
  const Micros now = parts.clock.Now();
  TRY(parts.database.Write([&](meta::Tx& tx) -> Result<void> {
    size_t number = 0;
    for (const SourceTables::Unread& table : unread)
      if (table.state.state == TableState::kNew)
        TRY(Ledger::PlanChunks(tx, parts.options.name, table.state.folder, table.state.incarnation,
                               chunks[number++], now));
    return {};
  }));
  TRY(tables.Reload());
  std::vector<SnapshotTable> reading;
  for (SourceTables::Unread& table : unread) {
    SnapshotTable one{std::move(table.source), std::move(table.bound), {}};
    one.chunks = TRY(parts.ledger.ChunksOf(parts.options.name, table.state.folder));
    one.bound.landed.reading = true;
    // Nothing is in the table that they come to, but for rows of the same moment.
    one.bound.landed.fresh = table.state.state == TableState::kNew;
    reading.push_back(std::move(one));
  }
  return reading;
}

}  // namespace caudal::capture::postgres
