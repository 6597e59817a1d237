#include "capture/postgres/snapshot/snapshot_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/failpoint.h"
#include "capture/postgres/snapshot/snapshot_sql.h"
#include "capture/postgres/stream/table_decoder.h"
#include "codec/postgres/copy_text.h"
#include "os/readiness.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::CopyTextReader;
using std::chrono::steady_clock;

// What a row takes beside its values, about.
constexpr size_t kRowBytes = 100;
// Before another connection has its turn.
constexpr uint64_t kRowsAtOnce = 8192;
// Of one table: then they go to its file, which is written meanwhile.
constexpr uint64_t kTableBytes = 4u << 20;
// Each has a file of its own.
constexpr size_t kTablesOfBatch = 256;

Error NoSuchPartition(const SourceTable& table, uint32_t relation) {
  return MakeError(ErrorKind::kConflict,
                   fmt::format("a partition of {} that was to be read isn't there any more (oid "
                               "{}): read the table anew",
                               table.Name(), relation),
                   "postgres.rewritten");
}

}  // namespace

struct SnapshotReader::Table {
  SnapshotTable source;
  LandedTable landed;  // with the columns that a snapshot has
  LandedTable plain;   // the same, for rows of which the columns hold everything
  std::string filter;
  CopyTextReader reader;
  std::optional<TableDecoder> decoder;  // from the first row on until all are landed
  // Of the rows in the decoder.
  Position first;
  Position last;
  uint64_t bytes = 0;

  size_t chunks_left = 0;
  std::set<uint32_t> checked;      // relations that stay as they are
  std::optional<ReadChunks> read;  // of the batch
};

struct SnapshotReader::Chunk {
  Table* table = nullptr;
  int64_t number = 0;
  ChunkRange range;
  std::string relation;  // QuoteName's
  uint64_t weight = 1;
};

struct SnapshotReader::Lane {
  std::unique_ptr<Connection> connection;
  const Chunk* chunk = nullptr;  // null: idle
  CopyData row;
};

Position SnapshotPosition(const SnapshotPoint& point, uint64_t number) {
  return {point.epoch, point.at.value - 1, number};
}

SnapshotReader::SnapshotReader(SnapshotReaderOptions options, SnapshotPoint point, Landing& landing)
    : options_(std::move(options)),
      point_(std::move(point)),
      landing_(landing),
      limit_(options_.source.snapshot.rows_per_second, steady_clock::now()) {}

SnapshotReader::~SnapshotReader() = default;

Result<std::unique_ptr<SnapshotReader>> SnapshotReader::Start(const SnapshotReaderOptions& options,
                                                              const SnapshotPoint& point,
                                                              Landing& landing, Ledger& ledger,
                                                              std::vector<SnapshotTable> tables) {
  CAUDAL_CHECK(point.at.valid(), "a snapshot has a position");
  std::unique_ptr<SnapshotReader> reader(new SnapshotReader(options, point, landing));
  reader->wake_ = TRY(os::MakePipe());
  const SourceProgress progress = TRY(ledger.NeedProgressOf(options.source.name));
  const Position begin = SnapshotPosition(point, 0);
  if (progress.landed && *progress.landed >= begin) {
    // The same snapshot, gone on with.
    const Position& landed = *progress.landed;
    if (landed.epoch != begin.epoch || landed.commit != begin.commit)
      return MakeError(ErrorKind::kPrecondition,
                       fmt::format("a snapshot at {} can't be landed: all up to {} is",
                                   begin.Text(), landed.Text()),
                       "ledger.behind");
    reader->next_ordinal_ = landed.ordinal + 1;
  }
  reader->first_ordinal_ = reader->next_ordinal_;
  for (SnapshotTable& table : tables) TRY(reader->AddTable(std::move(table)));
  {
    MutexLock lock(reader->mutex_);
    reader->shown_.chunks = static_cast<int64_t>(reader->chunks_.size());
  }
  TRY(reader->Connect());
  return reader;
}

Result<void> SnapshotReader::AddTable(SnapshotTable source) {
  auto table = std::make_unique<Table>(Table{.source = std::move(source),
                                             .landed = {},
                                             .plain = {},
                                             .filter = {},
                                             .reader = CopyTextReader(0),
                                             .decoder = {},
                                             .first = {},
                                             .last = {},
                                             .checked = {},
                                             .read = {}});
  const SourceTable& of = table->source.table;
  table->landed = table->plain = table->source.bound.landed;
  table->plain.history = TRY(SnapshotColumnsOf(table->landed.history, false));
  table->landed.history = TRY(SnapshotColumnsOf(table->landed.history, true));
  table->filter = options_.source.FilterOf(of.schema, of.name);
  table->reader = CopyTextReader(table->source.bound.columns.size());
  uint64_t weight = 1;  // of a chunk whose end isn't known: that of the one before
  for (const TableChunk& chunk : table->source.chunks) {
    const ChunkRange& range = chunk.range;
    if (range.first_block == 0) weight = 1;
    if (range.end_block) weight = *range.end_block - range.first_block;
    if (chunk.done) continue;
    Chunk& added = chunks_.emplace_back();
    added.table = table.get();
    added.number = chunk.number;
    added.range = range;
    added.weight = weight;
    weight_ += weight;
    ++table->chunks_left;
    if (range.relation == of.oid) {
      added.relation = of.Name();
      continue;
    }
    const auto partition = std::ranges::find(of.partitions, range.relation, &SourcePartition::oid);
    if (partition == of.partitions.end()) return NoSuchPartition(of, range.relation);
    added.relation = QuoteName(partition->schema, partition->name);
  }
  // Nothing to read is read with the first batch.
  if (table->chunks_left == 0) {
    table->read.emplace(ReadChunks{table->landed.folder,
                                   table->landed.incarnation,
                                   {},
                                   0,
                                   0,
                                   SnapshotPosition(point_, next_ordinal_)});
    touched_.push_back(table.get());
  }
  tables_.push_back(std::move(table));
  return {};
}

Result<void> SnapshotReader::Connect() {
  const auto wanted = static_cast<size_t>(std::max(1, options_.source.snapshot.connections));
  const size_t count = std::min(wanted, chunks_.size());
  for (size_t i = 0; i < count; ++i) {
    Lane& lane = lanes_.emplace_back();
    lane.connection = TRY(Connection::Connect(options_.source.connection, Purpose::kNormal));
    TRY(BeginAsOf(*lane.connection, point_.snapshot));
  }
  return {};
}

void SnapshotReader::Cancel() {
  if (!cancelled_.exchange(true)) wake_.write = os::File();
}

SnapshotProgress SnapshotReader::progress() const {
  MutexLock lock(mutex_);
  return shown_;
}

Result<void> SnapshotReader::Run(const std::function<void(const LandedChanges&)>& on_landed) {
  began_ = steady_clock::now();
  Result<void> done = ReadAll(on_landed);
  // One that is away isn't asked to stop anything.
  if (!done.ok() && !done.error().Is(ErrorKind::kUnavailable)) StopStatements();
  return done;
}

Result<void> SnapshotReader::ReadAll(const std::function<void(const LandedChanges&)>& on_landed) {
  while (true) {
    if (cancelled_)
      return MakeError(ErrorKind::kCancelled, "the snapshot was stopped", "postgres.snapshot");
    TRY(BeginChunks());
    if (!reading()) {
      TRY(Land(on_landed));
      if (next_chunk_ == chunks_.size()) return {};
      continue;
    }
    bool any = false;
    bool held_back = false;
    for (Lane& lane : lanes_) {
      if (lane.chunk == nullptr) continue;
      const uint64_t rows =
          std::min(kRowsAtOnce, limit_.limited() ? limit_.Left(steady_clock::now()) : kRowsAtOnce);
      held_back = rows == 0;
      if (held_back) break;
      any |= TRY(Read(lane, rows));
    }
    if (!any) TRY(Wait(held_back));
  }
}

bool SnapshotReader::reading() const {
  return std::ranges::any_of(lanes_, [](const Lane& lane) { return lane.chunk != nullptr; });
}

bool SnapshotReader::batch_is_full() const {
  return batch_bytes_ >= options_.batch_bytes || touched_.size() >= kTablesOfBatch;
}

Result<void> SnapshotReader::BeginChunks() {
  for (Lane& lane : lanes_) {
    if (lane.chunk != nullptr) continue;
    if (next_chunk_ == chunks_.size() || batch_is_full()) return {};
    const Chunk& chunk = chunks_[next_chunk_++];
    const std::vector<CapturedColumn>& columns = chunk.table->source.bound.columns;
    TRY(lane.connection->SendCopy(
        CopySql(chunk.relation, chunk.range, columns, chunk.table->filter)));
    lane.chunk = &chunk;
    Table& table = *chunk.table;
    if (table.read) continue;
    table.read.emplace(ReadChunks{table.landed.folder, table.landed.incarnation, {}, 0, 0, {}});
    touched_.push_back(&table);
  }
  return {};
}

Result<bool> SnapshotReader::Read(Lane& lane, uint64_t rows) {
  Table& table = *lane.chunk->table;
  for (uint64_t i = 0; i < rows; ++i) {
    const Received received = TRY(lane.connection->TryReceive(lane.row));
    if (received == Received::kData) {
      TRY(TakeRow(table, lane.row.bytes()));
      continue;
    }
    Show(false);
    if (received == Received::kNothingYet) return i > 0;
    TRY(EndChunk(lane));
    return true;
  }
  Show(false);
  return true;
}

Result<void> SnapshotReader::TakeRow(Table& table, std::string_view row) {
  if (!table.decoder) [[unlikely]] {
    const BoundTable& bound = table.source.bound;
    TableDecoder::Layout layout;
    layout.table = table.source.table.Name();
    layout.columns = bound.columns;
    for (size_t i = 0; i < bound.columns.size(); ++i) layout.sent.columns.emplace_back(i);
    layout.key_text = bound.key_text;
    table.decoder = TRY(TableDecoder::Make(table.landed.history, std::move(layout)));
  }
  if (next_ordinal_ > Position::kOrdinalMax) [[unlikely]]
    return MakeError(ErrorKind::kLimit, "a snapshot has too many rows: go on with another one",
                     "postgres.too_many");
  const Position position = SnapshotPosition(point_, next_ordinal_++);
  std::string_view rest = row;
  const auto values = TRY(table.reader.Next(rest));
  TRY(table.decoder->AddSnapshotRow(values, {{}, position, std::nullopt}));
  if (table.decoder->rows() == 1) table.first = position;
  table.last = position;
  const size_t bytes = row.size() + kRowBytes;
  table.bytes += bytes;
  memory_ += bytes;
  batch_bytes_ += row.size();
  ++table.read->rows;
  table.read->bytes += static_cast<int64_t>(row.size());
  bytes_read_ += static_cast<int64_t>(row.size());
  ++rows_read_;
  limit_.Take(1);
  if (table.bytes >= kTableBytes) [[unlikely]]
    return Flush(table);
  if (memory_ <= options_.memory) return {};
  return FlushAll();
}

Result<void> SnapshotReader::EndChunk(Lane& lane) {
  const Chunk& chunk = *lane.chunk;
  Table& table = *chunk.table;
  lane.chunk = nullptr;
  if (table.checked.insert(chunk.range.relation).second)
    TRY(CheckNotRewritten(*lane.connection, chunk.range.relation));
  table.read->numbers.push_back(chunk.number);
  --table.chunks_left;
  weight_read_ += chunk.weight;
  Show(true);
  FAILPOINT("capture.snapshot.chunk");
  return {};
}

Result<void> SnapshotReader::Wait(bool held_back) {
  std::vector<os::WaitingFor> waiting = {{wake_.read.fd(), {.read = true}}};
  // Rows that were held back may have left the sockets: those say nothing of them.
  if (held_back) {
    (void)TRY(os::WaitAnyReady(waiting, limit_.Wait()));
    return {};
  }
  for (const Lane& lane : lanes_)
    if (lane.chunk != nullptr) waiting.push_back({lane.connection->socket(), {.read = true}});
  (void)TRY(os::WaitAnyReady(waiting, std::nullopt));
  return {};
}

Result<void> SnapshotReader::Flush(Table& table) {
  if (!table.decoder || table.decoder->rows() == 0) return {};
  if (batch_ == nullptr) batch_ = TRY(landing_.Begin(options_.source.name));
  Batch rows = TRY(table.decoder->Finish());
  memory_ -= table.bytes;
  table.bytes = 0;
  const Array& own = rows.columns().back();
  const Array& unrepresentable = own.children()[1];
  const bool plain = unrepresentable.offsets()[rows.rows()] == unrepresentable.offsets()[0];
  if (plain) {
    std::vector<Array> columns = rows.columns();
    const Type& type = table.plain.history.fields().back().type;
    columns.back() = own.WithChildren(type, {own.children()[0]});
    rows = Batch(rows.rows(), std::move(columns));
  }
  return batch_->Write(plain ? table.plain : table.landed, std::move(rows), table.first,
                       table.last);
}

Result<void> SnapshotReader::FlushAll() {
  for (Table* table : touched_) TRY(Flush(*table));
  return {};
}

Result<void> SnapshotReader::MarkDone(meta::Tx& tx) const {
  const Micros now = SystemClock().Now();
  for (const Table* table : touched_)
    TRY(Ledger::ChunksDone(tx, options_.source.name, *table->read, now));
  return {};
}

Result<void> SnapshotReader::Land(const std::function<void(const LandedChanges&)>& on_landed) {
  if (touched_.empty()) return {};
  const std::string& source = options_.source.name;
  for (Table* table : touched_)
    table->read->at = table->read->rows > 0 ? table->last : SnapshotPosition(point_, next_ordinal_);
  TRY(FlushAll());
  // Who applies learns by a batch that a table is read, also where it has no rows.
  if (batch_ == nullptr) batch_ = TRY(landing_.Begin(source));
  if (next_ordinal_ == first_ordinal_) ++next_ordinal_;
  const BatchEnd end{SnapshotPosition(point_, first_ordinal_),
                     SnapshotPosition(point_, next_ordinal_ - 1), std::nullopt, point_.at.value};
  const LandedChanges landed =
      TRY(std::exchange(batch_, nullptr)->Commit(end, [&](meta::Tx& tx) { return MarkDone(tx); }));
  first_ordinal_ = next_ordinal_;
  if (on_landed) on_landed(landed);
  for (Table* table : touched_) {
    table->read.reset();
    if (table->chunks_left == 0) table->decoder.reset();
  }
  touched_.clear();
  batch_bytes_ = 0;
  FAILPOINT("capture.snapshot.landed");
  return {};
}

void SnapshotReader::StopStatements() const {
  for (const Lane& lane : lanes_) {
    if (lane.chunk == nullptr) continue;
    const Result<Canceller> canceller = lane.connection->MakeCanceller();
    if (canceller.ok()) (void)canceller->Cancel().ok();
  }
}

void SnapshotReader::Show(bool chunk_read) {
  MutexLock lock(mutex_);
  shown_.rows = rows_read_;
  shown_.bytes = bytes_read_;
  if (!chunk_read) return;
  ++shown_.chunks_read;
  const std::chrono::duration<double> gone = steady_clock::now() - began_;
  const auto left = static_cast<double>(weight_ - weight_read_);
  shown_.left =
      std::chrono::ceil<std::chrono::seconds>(gone * left / static_cast<double>(weight_read_));
}

}  // namespace caudal::capture::postgres
