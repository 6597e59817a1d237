// Which tables of a source are captured, and how far they are read.
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "capture/landing/ledger.h"

namespace caudal::capture {
namespace {

constexpr std::array<std::pair<TableState, std::string_view>, 3> kStates = {{
    {TableState::kNew, "new"},
    {TableState::kReading, "reading"},
    {TableState::kRead, "read"},
}};

Result<TableState> ParseState(std::string_view text) {
  for (const auto& [state, name] : kStates)
    if (name == text) return state;
  return MakeError(ErrorKind::kCorrupt,
                   fmt::format("the ledger has a table in a state '{}', which there isn't", text));
}

// Whether the table's present incarnation is this one.
Result<void> CheckIncarnation(meta::Tx& tx, const std::string& source, const std::string& folder,
                              uint32_t incarnation) {
  meta::Statement row =
      TRY(tx.Prepare("SELECT incarnation FROM capture_tables WHERE source = ? AND folder = ?"));
  row.BindAll(source, folder);
  const bool known = TRY(row.Step());
  if (known && row.Int(0) == incarnation) return {};
  return MakeError(ErrorKind::kPrecondition,
                   fmt::format("incarnation {} of the table '{}' of '{}' isn't the present one",
                               incarnation, folder, source),
                   "ledger.another_incarnation");
}

}  // namespace

Result<std::vector<CapturedTable>> Ledger::TablesOf(const std::string& source) const {
  meta::ReadTx read = TRY(database_.Read());
  meta::Statement row = TRY(read.Prepare(
      "SELECT folder, schema_, table_, oid, file_node, incarnation, state, rows_estimate, "
      "rows_read, bytes, read_at, started_at, finished_at, read_in, shown, gathered, (SELECT "
      "count(*) FROM capture_chunks c "
      "WHERE c.source = t.source AND c.folder = t.folder), (SELECT count(*) FROM capture_chunks c "
      "WHERE c.source = t.source AND c.folder = t.folder AND c.done) FROM capture_tables t WHERE "
      "source = ? ORDER BY folder"));
  row.Bind(1, source);
  std::vector<CapturedTable> tables;
  while (TRY(row.Step())) {
    CapturedTable& table = tables.emplace_back();
    table.folder = row.Text(0);
    table.schema = row.Text(1);
    table.table = row.Text(2);
    table.oid = static_cast<uint32_t>(row.Int(3));
    table.file_node = static_cast<uint32_t>(row.Int(4));
    table.incarnation = static_cast<uint32_t>(row.Int(5));
    table.state = TRY(ParseState(row.Text(6)));
    table.rows_estimate = row.Int(7);
    table.rows_read = row.Int(8);
    table.bytes = row.Int(9);
    if (!row.IsNull(10)) table.read_at = TRY(Position::Parse(row.Text(10)));
    if (!row.IsNull(11)) table.started_at = row.Int(11);
    if (!row.IsNull(12)) table.finished_at = row.Int(12);
    table.read_in = row.Int(13);
    table.shown = static_cast<uint32_t>(row.Int(14));
    table.gathered = static_cast<uint32_t>(row.Int(15));
    table.chunks = row.Int(16);
    table.chunks_done = row.Int(17);
  }
  return tables;
}

Result<std::vector<TableChunk>> Ledger::ChunksOf(const std::string& source,
                                                 const std::string& folder) const {
  meta::ReadTx read = TRY(database_.Read());
  meta::Statement row =
      TRY(read.Prepare("SELECT number, relation, first_block, end_block, done FROM capture_chunks "
                       "WHERE source = ? AND folder = ? ORDER BY number"));
  row.BindAll(source, folder);
  std::vector<TableChunk> chunks;
  while (TRY(row.Step())) {
    TableChunk& chunk = chunks.emplace_back();
    chunk.number = row.Int(0);
    chunk.range.relation = static_cast<uint32_t>(row.Int(1));
    chunk.range.first_block = static_cast<uint32_t>(row.Int(2));
    if (!row.IsNull(3)) chunk.range.end_block = static_cast<uint32_t>(row.Int(3));
    chunk.done = row.Int(4) != 0;
  }
  return chunks;
}

Result<uint32_t> Ledger::AddTable(meta::Tx& tx, const std::string& source,
                                  const CapturedTable& table) {
  meta::Statement row = TRY(
      tx.Prepare("INSERT INTO capture_tables(source, folder, schema_, table_, oid, file_node, "
                 "incarnation, state, rows_estimate) VALUES(?, ?, ?, ?, ?, ?, 1, 'new', ?) "
                 "ON CONFLICT(source, folder) DO UPDATE SET schema_ = excluded.schema_, table_ = "
                 "excluded.table_, oid = excluded.oid, file_node = excluded.file_node, incarnation "
                 "= incarnation + 1, state = 'new', rows_estimate = excluded.rows_estimate, "
                 "rows_read = 0, bytes = 0, read_at = NULL, started_at = NULL, finished_at = NULL "
                 "RETURNING incarnation"));
  row.BindAll(source, table.folder, table.schema, table.table, table.oid, table.file_node,
              table.rows_estimate);
  if (!TRY(row.Step())) return MakeError(ErrorKind::kInternal, "a table wasn't added");
  const auto incarnation = static_cast<uint32_t>(row.Int(0));
  (void)TRY(row.Step());
  TRY(tx.Run("DELETE FROM capture_chunks WHERE source = ? AND folder = ?", source, table.folder));
  return incarnation;
}

Result<void> Ledger::ReadAgain(meta::Tx& tx, const std::string& source,
                               const CapturedTable& table) {
  Result<void> present = CheckIncarnation(tx, source, table.folder, table.incarnation);
  if (!present.ok() && present.error().code == "ledger.another_incarnation") return {};
  TRY(std::move(present));
  TRY(AddTable(tx, source, table));
  return {};
}

Result<void> Ledger::PlanChunks(meta::Tx& tx, const std::string& source, const std::string& folder,
                                uint32_t incarnation, std::span<const ChunkRange> chunks,
                                Micros now) {
  TRY(CheckIncarnation(tx, source, folder, incarnation));
  TRY(
      tx.Run("UPDATE capture_tables SET state = 'reading', rows_read = 0, bytes = 0, read_at = "
             "NULL, started_at = ?, finished_at = NULL WHERE source = ? AND folder = ?",
             now, source, folder));
  TRY(tx.Run("DELETE FROM capture_chunks WHERE source = ? AND folder = ?", source, folder));
  for (size_t i = 0; i < chunks.size(); ++i)
    TRY(
        tx.Run("INSERT INTO capture_chunks(source, folder, number, relation, first_block, "
               "end_block) VALUES(?, ?, ?, ?, ?, ?)",
               source, folder, i, chunks[i].relation, chunks[i].first_block, chunks[i].end_block));
  return {};
}

Result<void> Ledger::ChunksDone(meta::Tx& tx, const std::string& source, const ReadChunks& read,
                                Micros now) {
  TRY(CheckIncarnation(tx, source, read.folder, read.incarnation));
  for (const int64_t number : read.numbers) {
    const int64_t changed =
        TRY(tx.Run("UPDATE capture_chunks SET done = 1 WHERE source = ? AND folder = ? AND number "
                   "= ? AND NOT done",
                   source, read.folder, number));
    if (changed != 1)
      return MakeError(ErrorKind::kPrecondition,
                       fmt::format("chunk {} of the table '{}' of '{}' is done or isn't planned",
                                   number, read.folder, source),
                       "ledger.chunk_done");
  }
  const std::string at = read.at.Text();
  TRY(
      tx.Run("UPDATE capture_tables SET rows_read = rows_read + ?, bytes = bytes + ?, read_at = ? "
             "WHERE source = ? AND folder = ?",
             read.rows, read.bytes, at, source, read.folder));
  const int64_t ended = TRY(tx.Run(
      "UPDATE capture_tables SET state = 'read', finished_at = ?, read_in = coalesce((SELECT "
      "last_batch FROM capture_sources WHERE name = capture_tables.source), 0) WHERE "
      "source = ? AND folder = ? AND NOT EXISTS (SELECT 1 FROM capture_chunks c WHERE c.source = "
      "capture_tables.source AND c.folder = capture_tables.folder AND NOT c.done)",
      now, source, read.folder));
  if (ended == 0) return {};
  TRY(tx.Run("DELETE FROM capture_chunks WHERE source = ? AND folder = ?", source, read.folder));
  return {};
}

Result<void> Ledger::Shown(meta::Tx& tx, const std::string& source, const std::string& folder,
                           uint32_t incarnation) {
  TRY(tx.Run("UPDATE capture_tables SET shown = ?, gathered = 0 WHERE source = ? AND folder = ?",
             incarnation, source, folder));
  return {};
}

Result<void> Ledger::Gathered(meta::Tx& tx, const std::string& source, const std::string& folder,
                              uint32_t incarnation) {
  TRY(tx.Run("UPDATE capture_tables SET gathered = ? WHERE source = ? AND folder = ?", incarnation,
             source, folder));
  return {};
}

}  // namespace caudal::capture
