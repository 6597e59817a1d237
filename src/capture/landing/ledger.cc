#include "capture/landing/ledger.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace caudal::capture {
namespace {

// Positions are texts here: they sort as positions do.
constexpr const char* kFirstTables = R"sql(
CREATE TABLE capture_sources(
  name TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL,
  identity TEXT NOT NULL,
  landed TEXT,
  resume_at INTEGER NOT NULL,
  landed_at INTEGER NOT NULL DEFAULT 0,
  last_batch INTEGER NOT NULL DEFAULT 0,
  applied_batch INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE capture_batches(
  source TEXT NOT NULL,
  number INTEGER NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  committed_at INTEGER,
  landed_at INTEGER NOT NULL,
  PRIMARY KEY(source, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE capture_files(
  source TEXT NOT NULL,
  batch INTEGER NOT NULL,
  number INTEGER NOT NULL,
  table_ TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  bucket TEXT NOT NULL,
  object TEXT NOT NULL,
  generation INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  fresh INTEGER NOT NULL,
  PRIMARY KEY(source, batch, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE capture_tables(
  source TEXT NOT NULL,
  folder TEXT NOT NULL,
  schema_ TEXT NOT NULL,
  table_ TEXT NOT NULL,
  oid INTEGER NOT NULL,
  file_node INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  state TEXT NOT NULL,
  rows_estimate INTEGER NOT NULL,
  rows_read INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  read_at TEXT,
  started_at INTEGER,
  finished_at INTEGER,
  PRIMARY KEY(source, folder)
) STRICT, WITHOUT ROWID;
CREATE TABLE capture_chunks(
  source TEXT NOT NULL,
  folder TEXT NOT NULL,
  number INTEGER NOT NULL,
  relation INTEGER NOT NULL,
  first_block INTEGER NOT NULL,
  end_block INTEGER,
  done INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(source, folder, number)
) STRICT, WITHOUT ROWID;
)sql";

// What was read half is in replicas that are seen: it is read anew, beside them.
constexpr const char* kReadings = R"sql(
ALTER TABLE capture_files ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;
ALTER TABLE capture_tables ADD COLUMN read_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE capture_tables ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE capture_tables ADD COLUMN gathered INTEGER NOT NULL DEFAULT 0;
DELETE FROM capture_chunks;
UPDATE capture_tables SET state = 'new', incarnation = incarnation + 1, rows_read = 0, bytes = 0,
  read_at = NULL, started_at = NULL, finished_at = NULL WHERE state = 'reading';
UPDATE capture_tables SET shown = CASE state WHEN 'read' THEN incarnation ELSE incarnation - 1 END;
)sql";

constexpr std::array<meta::Migration, 2> kMigrations = {
    {{"capture", 1, kFirstTables}, {"capture", 2, kReadings}}};

// SQLite's integers have a sign; log positions use all bits.
int64_t Signed(uint64_t value) { return static_cast<int64_t>(value); }
uint64_t Unsigned(int64_t value) { return static_cast<uint64_t>(value); }

Result<std::optional<SourceProgress>> ReadProgress(meta::Connection& connection,
                                                   const std::string& source) {
  meta::Statement row =
      TRY(connection.Prepare("SELECT epoch, identity, landed, resume_at, landed_at, last_batch, "
                             "applied_batch FROM capture_sources WHERE name = ?"));
  row.Bind(1, source);
  if (!TRY(row.Step())) return std::optional<SourceProgress>();
  SourceProgress progress;
  progress.epoch = static_cast<uint32_t>(row.Int(0));
  progress.identity = row.Text(1);
  if (!row.IsNull(2)) progress.landed = TRY(Position::Parse(row.Text(2)));
  progress.resume_at = Unsigned(row.Int(3));
  progress.landed_at = row.Int(4);
  progress.last_batch = row.Int(5);
  progress.applied_batch = row.Int(6);
  return std::optional(std::move(progress));
}

Result<SourceProgress> NeedProgress(meta::Connection& connection, const std::string& source) {
  auto progress = TRY(ReadProgress(connection, source));
  if (!progress)
    return MakeError(ErrorKind::kNotFound, fmt::format("nothing is known of a source '{}'", source),
                     "source.not_found");
  return *std::move(progress);
}

Result<std::vector<LandedFile>> ReadFiles(meta::Connection& connection, const std::string& source,
                                          int64_t batch) {
  meta::Statement row = TRY(connection.Prepare(
      "SELECT table_, incarnation, bucket, object, generation, rows, bytes, "
      "first, last, fresh, reading FROM capture_files WHERE source = ? AND batch = ? "
      "ORDER BY number"));
  row.BindAll(source, batch);
  std::vector<LandedFile> files;
  while (TRY(row.Step())) {
    LandedFile& file = files.emplace_back();
    file.table = row.Text(0);
    file.incarnation = static_cast<uint32_t>(row.Int(1));
    file.bucket = row.Text(2);
    file.object = row.Text(3);
    file.generation = row.Int(4);
    file.rows = row.Int(5);
    file.bytes = row.Int(6);
    file.first = TRY(Position::Parse(row.Text(7)));
    file.last = TRY(Position::Parse(row.Text(8)));
    file.fresh = row.Int(9) != 0;
    file.reading = row.Int(10) != 0;
  }
  return files;
}

Error Behind(const std::string& source, const Position& position, const std::string& why) {
  return MakeError(ErrorKind::kPrecondition,
                   fmt::format("a batch of '{}' that begins at {} can't be landed: {}", source,
                               position.Text(), why),
                   "ledger.behind");
}

}  // namespace

std::span<const meta::Migration> Ledger::Migrations() { return kMigrations; }

Result<std::optional<SourceProgress>> Ledger::ProgressOf(const std::string& source) const {
  meta::ReadTx read = TRY(database_.Read());
  return ReadProgress(read, source);
}

Result<SourceProgress> Ledger::NeedProgressOf(const std::string& source) const {
  meta::ReadTx read = TRY(database_.Read());
  return NeedProgress(read, source);
}

Result<std::vector<LandedBatch>> Ledger::BatchesOf(const std::string& source, int64_t after,
                                                   int limit) const {
  meta::ReadTx read = TRY(database_.Read());
  meta::Statement row =
      TRY(read.Prepare("SELECT number, first, last, committed_at, landed_at FROM capture_batches "
                       "WHERE source = ? AND number > ? ORDER BY number LIMIT ?"));
  row.BindAll(source, after, limit);
  std::vector<LandedBatch> batches;
  while (TRY(row.Step())) {
    LandedBatch& batch = batches.emplace_back();
    batch.number = row.Int(0);
    batch.first = TRY(Position::Parse(row.Text(1)));
    batch.last = TRY(Position::Parse(row.Text(2)));
    if (!row.IsNull(3)) batch.committed_at = row.Int(3);
    batch.landed_at = row.Int(4);
    batch.files = TRY(ReadFiles(read, source, batch.number));
  }
  return batches;
}

Result<uint32_t> Ledger::BeginEpoch(meta::Tx& tx, const std::string& source,
                                    const std::string& identity, uint64_t resume_at) {
  const auto before = TRY(ReadProgress(tx, source));
  const uint32_t epoch = before ? before->epoch + 1 : 1;
  TRY(
      tx.Run("INSERT INTO capture_sources(name, epoch, identity, resume_at) VALUES(?, ?, ?, ?) "
             "ON CONFLICT(name) DO UPDATE SET epoch = excluded.epoch, identity = "
             "excluded.identity, landed = NULL, resume_at = excluded.resume_at",
             source, epoch, identity, Signed(resume_at)));
  return epoch;
}

Result<int64_t> Ledger::Append(meta::Tx& tx, const std::string& source, const LandedBatch& batch,
                               uint64_t resume_at) {
  const SourceProgress progress = TRY(NeedProgress(tx, source));
  if (batch.first.epoch != progress.epoch || batch.last.epoch != progress.epoch)
    return Behind(source, batch.first, fmt::format("its epoch is {} now", progress.epoch));
  if (progress.landed && batch.first <= *progress.landed)
    return Behind(source, batch.first, "all up to " + progress.landed->Text() + " is landed");
  const int64_t number = progress.last_batch + 1;
  const std::string first = batch.first.Text();
  const std::string last = batch.last.Text();
  TRY(
      tx.Run("INSERT INTO capture_batches(source, number, first, last, committed_at, landed_at) "
             "VALUES(?, ?, ?, ?, ?, ?)",
             source, number, first, last, batch.committed_at, batch.landed_at));
  for (size_t i = 0; i < batch.files.size(); ++i) {
    const LandedFile& file = batch.files[i];
    const std::string file_first = file.first.Text();
    const std::string file_last = file.last.Text();
    TRY(tx.Run(
        "INSERT INTO capture_files(source, batch, number, table_, incarnation, bucket, "
        "object, generation, rows, bytes, first, last, fresh, reading) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        source, number, i, file.table, file.incarnation, file.bucket, file.object, file.generation,
        file.rows, file.bytes, file_first, file_last, file.fresh, file.reading));
  }
  TRY(
      tx.Run("UPDATE capture_sources SET landed = ?, resume_at = ?, landed_at = ?, last_batch = ? "
             "WHERE name = ?",
             last, Signed(resume_at), batch.landed_at, number, source));
  return number;
}

Result<void> Ledger::Advance(meta::Tx& tx, const std::string& source, uint64_t resume_at) {
  const SourceProgress progress = TRY(NeedProgress(tx, source));
  if (resume_at <= progress.resume_at) return {};
  TRY(tx.Run("UPDATE capture_sources SET resume_at = ? WHERE name = ?", Signed(resume_at), source));
  return {};
}

Result<void> Ledger::Applied(meta::Tx& tx, const std::string& source, int64_t batch) {
  const SourceProgress progress = TRY(NeedProgress(tx, source));
  if (batch > progress.last_batch)
    return MakeError(ErrorKind::kInternal,
                     fmt::format("batch {} of '{}' can't be applied: {} is the last one", batch,
                                 source, progress.last_batch));
  if (batch <= progress.applied_batch) return {};
  TRY(tx.Run("UPDATE capture_sources SET applied_batch = ? WHERE name = ?", batch, source));
  return {};
}

Result<int64_t> Ledger::Forget(meta::Tx& tx, const std::string& source, Micros before, int limit) {
  const SourceProgress progress = TRY(NeedProgress(tx, source));
  int64_t last = 0;
  int64_t count = 0;
  {
    meta::Statement row =
        TRY(tx.Prepare("SELECT number FROM capture_batches WHERE source = ? AND number <= ? AND "
                       "landed_at < ? ORDER BY number LIMIT ?"));
    row.BindAll(source, progress.applied_batch, before, limit);
    for (; TRY(row.Step()); ++count) last = row.Int(0);
  }
  if (count == 0) return count;
  TRY(tx.Run("DELETE FROM capture_files WHERE source = ? AND batch <= ?", source, last));
  TRY(tx.Run("DELETE FROM capture_batches WHERE source = ? AND number <= ?", source, last));
  return count;
}

}  // namespace caudal::capture
