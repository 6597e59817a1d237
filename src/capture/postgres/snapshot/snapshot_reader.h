// The rows that tables of a source had at one moment, into change files.
//
//   auto reader = TRY(SnapshotReader::Start(options, point, landing, ledger, tables));
//   TRY(reader->Run([](const LandedChanges& landed) { ... }));
//
// Chunks are read over several connections at once, by one thread. A batch is landed when all its
// chunks are whole, and marks them as done in the same transaction: after a crash, what is done
// isn't read again, and the rest is read as of another snapshot, up to which the changes were
// landed before.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "capture/landing/landing.h"
#include "capture/landing/ledger.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/snapshot/rate_limit.h"
#include "capture/postgres/stream/bound_table.h"
#include "codec/postgres/lsn.h"
#include "meta/database.h"
#include "os/process.h"

namespace caudal::capture::postgres {

// A moment of the source: that of a slot.
struct SnapshotPoint {
  std::string snapshot;  // CreatedSlot's, or pg_export_snapshot's: lives while that session does
  uint32_t epoch = 0;
  // CreatedSlot::consistent_point: of what commits there or behind it nothing is in the snapshot.
  caudal::postgres::Lsn at;
};

// Rows have the position (epoch, at - 1, number): a commit may stand right at the consistent point,
// and comes behind them. None stands between, since the log's records begin at multiples of 8.
Position SnapshotPosition(const SnapshotPoint& point, uint64_t number);

struct SnapshotTable {
  SourceTable table;
  BoundTable bound;                // its `fresh` says whether these rows are a first snapshot's
  std::vector<TableChunk> chunks;  // the ledger's; those that are done aren't read
};

struct SnapshotReaderOptions {
  SourceOptions source;
  // Of rows' texts: then a batch gets no more chunks. And of rows in memory: then they go to files.
  uint64_t batch_bytes = 256u << 20;
  uint64_t memory = 64u << 20;
};

struct SnapshotProgress {
  int64_t chunks = 0;  // of this reader
  int64_t chunks_read = 0;
  int64_t rows = 0;  // read, not all of them landed
  int64_t bytes = 0;
  // By the blocks that are read and those that aren't; none before the first chunk is.
  std::optional<std::chrono::seconds> left;
};

// After an error it is of no use. One thread at a time, but for Cancel and progress.
class SnapshotReader {
 public:
  // Connects. Tables are in the ledger, with their chunks planned. References must outlive it.
  // kNotFound ("postgres.no_snapshot"); kPrecondition ("ledger.behind") when more is landed than
  // the snapshot has.
  static Result<std::unique_ptr<SnapshotReader>> Start(const SnapshotReaderOptions& options,
                                                       const SnapshotPoint& point, Landing& landing,
                                                       Ledger& ledger,
                                                       std::vector<SnapshotTable> tables);
  ~SnapshotReader();

  // Until all chunks are landed; `on_landed` is called after each batch. Besides the
  // errors of connection, decoder and landing: kConflict ("postgres.rewritten"), kCancelled.
  Result<void> Run(const std::function<void(const LandedChanges&)>& on_landed = {});

  // Makes Run end soon. From any thread.
  void Cancel();
  SnapshotProgress progress() const EXCLUDES(mutex_);  // from any thread

 private:
  struct Table;
  struct Chunk;
  struct Lane;

  SnapshotReader(SnapshotReaderOptions options, SnapshotPoint point, Landing& landing);
  Result<void> AddTable(SnapshotTable table);
  Result<void> Connect();
  Result<void> ReadAll(const std::function<void(const LandedChanges&)>& on_landed);
  Result<void> BeginChunks();
  bool reading() const;
  bool batch_is_full() const;
  // Whether it had something.
  Result<bool> Read(Lane& lane, uint64_t rows);
  Result<void> TakeRow(Table& table, std::string_view row);
  Result<void> EndChunk(Lane& lane);
  // For the sockets, or until there may be more rows.
  Result<void> Wait(bool held_back);
  Result<void> Flush(Table& table);
  Result<void> FlushAll();
  Result<void> Land(const std::function<void(const LandedChanges&)>& on_landed);
  Result<void> MarkDone(meta::Tx& tx) const;
  void StopStatements() const;
  void Show(bool chunk_read) EXCLUDES(mutex_);

  const SnapshotReaderOptions options_;
  const SnapshotPoint point_;
  Landing& landing_;
  os::Pipe wake_;  // closed to cancel
  std::atomic<bool> cancelled_ = false;

  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<Chunk> chunks_;
  size_t next_chunk_ = 0;
  std::vector<Lane> lanes_;
  RateLimit limit_;

  // Of the batch. Tables with chunks in it, in the order of their first.
  std::vector<Table*> touched_;
  std::unique_ptr<LandingBatch> batch_;  // null: nothing in files yet
  uint64_t first_ordinal_ = 0;
  uint64_t next_ordinal_ = 0;
  uint64_t batch_bytes_ = 0;
  uint64_t memory_ = 0;

  std::chrono::steady_clock::time_point began_;
  uint64_t weight_ = 0;  // of all chunks; of those that are read
  uint64_t weight_read_ = 0;
  int64_t rows_read_ = 0;
  int64_t bytes_read_ = 0;
  mutable Mutex mutex_;
  SnapshotProgress shown_ GUARDED_BY(mutex_);
};

}  // namespace caudal::capture::postgres
