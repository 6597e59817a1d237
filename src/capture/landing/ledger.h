// What was landed of each source, in order: batches of whole transactions, and the change files
// they are in. Whoever applies them follows it, and not the events of their files. Also which
// tables are captured, and how far their first rows are read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/position.h"
#include "meta/database.h"

namespace caudal::capture {

// Changes of one table, in the order of their positions.
struct LandedFile {
  std::string table;         // "public.payments", as TableFolder writes it
  uint32_t incarnation = 0;  // of the table
  std::string bucket;
  std::string object;
  int64_t generation = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  Position first;
  Position last;
  // Rows of a table's first snapshot: no key of them is in the table or in other such files of this
  // incarnation, so they are appended without looking keys up.
  bool fresh = false;
  // Of the reading of a table: these rows, and the change that empties it before them, count when
  // all of them are landed.
  bool reading = false;

  bool operator==(const LandedFile&) const = default;
};

// `last` is the end of a transaction: its largest ordinal, whether or not that change is in a file.
struct LandedBatch {
  int64_t number = 0;  // 1, 2… in a source
  Position first;
  Position last;
  std::optional<Micros> committed_at;  // of the last transaction, by the source's clock
  Micros landed_at = 0;                // never before the batch before it
  std::vector<LandedFile> files;       // none: a snapshot or a transaction without rows for us

  bool operator==(const LandedBatch&) const = default;
};

struct SourceProgress {
  uint32_t epoch = 0;              // counts the source's identities
  std::string identity;            // what the present one is: system, timeline, slot
  std::optional<Position> landed;  // all up to it is in batches; none yet
  uint64_t resume_at = 0;     // the log position that may be acknowledged: all before it is landed
  Micros landed_at = 0;       // the last batch's
  int64_t last_batch = 0;     // 0: none
  int64_t applied_batch = 0;  // all up to it is in tables
};

// How far a table's rows were read that were there before its changes were followed.
enum class TableState : uint8_t {
  kNew,      // nothing is planned yet
  kReading,  // in chunks, some of which are done
  kRead,     // all is landed
};

struct CapturedTable {
  std::string folder;  // TableFolder's
  std::string schema;  // as the source writes it
  std::string table;
  uint32_t oid = 0;          // in the source
  uint32_t file_node = 0;    // when it was added: another one says that it was rewritten since
  uint32_t incarnation = 0;  // 1, 2… of a folder: made anew, or read anew
  TableState state = TableState::kNew;
  int64_t rows_estimate = -1;  // when it was added; unknown
  int64_t rows_read = 0;
  int64_t bytes = 0;                // of their texts, as the source sends them
  std::optional<Position> read_at;  // of the last of these rows
  std::optional<Micros> started_at;
  std::optional<Micros> finished_at;
  int64_t read_in = 0;  // the batch with which all was landed
  // Of whoever applies: the incarnation whose rows are in the replica, and the one whose rows are
  // gathered beside it until they are whole; 0: none.
  uint32_t shown = 0;
  uint32_t gathered = 0;
  int64_t chunks = 0;  // while it is being read
  int64_t chunks_done = 0;

  bool operator==(const CapturedTable&) const = default;
};

// Rows that are read at once: of blocks [first_block, end_block) of a table, or of a partition.
struct ChunkRange {
  uint32_t relation = 0;  // oid
  uint32_t first_block = 0;
  std::optional<uint32_t> end_block;  // none: to the end, wherever that is then

  bool operator==(const ChunkRange&) const = default;
};

struct TableChunk {
  int64_t number = 0;  // in its table
  ChunkRange range;
  bool done = false;

  bool operator==(const TableChunk&) const = default;
};

// What is landed of a table's chunks.
struct ReadChunks {
  std::string folder;
  uint32_t incarnation = 0;
  std::vector<int64_t> numbers;
  int64_t rows = 0;
  int64_t bytes = 0;
  Position at;  // of the last row; or where one would be
};

// Reads are of one moment each. What changes something runs in a transaction of the caller's, and
// is durable with it. Thread-safe.
class Ledger {
 public:
  static std::span<const meta::Migration> Migrations();
  explicit Ledger(meta::Database& database) : database_(database) {}

  // Null: nothing is known of such a source.
  Result<std::optional<SourceProgress>> ProgressOf(const std::string& source) const;
  // The same; kNotFound ("source.not_found") instead.
  Result<SourceProgress> NeedProgressOf(const std::string& source) const;
  // Batches above `after`, at most `limit` of them, in order.
  Result<std::vector<LandedBatch>> BatchesOf(const std::string& source, int64_t after,
                                             int limit) const;

  // All of the source's tables that were ever added, by folder, and the chunks of one that is being
  // read.
  Result<std::vector<CapturedTable>> TablesOf(const std::string& source) const;
  Result<std::vector<TableChunk>> ChunksOf(const std::string& source,
                                           const std::string& folder) const;

  // The source is `identity` from now on, in a new epoch, with `resume_at`: at its begin, or when
  // it was found to be another and its tables are to be read anew. Nothing is landed in the epoch
  // yet. Returns the epoch.
  static Result<uint32_t> BeginEpoch(meta::Tx& tx, const std::string& source,
                                     const std::string& identity, uint64_t resume_at);
  // Adds the batch behind the others, and gives its number. kPrecondition ("ledger.behind") when
  // the source's present epoch is another, or `batch.first` isn't behind what is landed: it was
  // landed before, and nothing changes.
  static Result<int64_t> Append(meta::Tx& tx, const std::string& source, const LandedBatch& batch,
                                uint64_t resume_at);
  // There was nothing to land up to `resume_at`. Never goes back.
  static Result<void> Advance(meta::Tx& tx, const std::string& source, uint64_t resume_at);
  // All batches up to `batch` are in tables. Never goes back.
  static Result<void> Applied(meta::Tx& tx, const std::string& source, int64_t batch);
  // Applied batches that were landed before `before` are forgotten, at most `limit` of them; gives
  // back how many. Their files stay.
  static Result<int64_t> Forget(meta::Tx& tx, const std::string& source, Micros before, int limit);

  // The table is captured from now on, in a new incarnation, which it gives back: for the first
  // time, or to be read anew, also when it is another one of the same name. Of `table` only folder,
  // schema, table, oid, file_node and rows_estimate count.
  static Result<uint32_t> AddTable(meta::Tx& tx, const std::string& source,
                                   const CapturedTable& table);
  // Something is missing in what was read of it: AddTable, unless that has come about since `table`
  // was read of the ledger.
  static Result<void> ReadAgain(meta::Tx& tx, const std::string& source,
                                const CapturedTable& table);
  // Its rows are read in these chunks, numbered from 0 in their order, and none of them is done.
  // kPrecondition ("ledger.another_incarnation") when `incarnation` isn't the present one.
  static Result<void> PlanChunks(meta::Tx& tx, const std::string& source, const std::string& folder,
                                 uint32_t incarnation, std::span<const ChunkRange> chunks,
                                 Micros now);
  // These chunks are landed, with this transaction, behind its batch; with the last of them the
  // table is read. Errors as above; kPrecondition ("ledger.chunk_done") for a chunk that is done or
  // isn't planned.
  static Result<void> ChunksDone(meta::Tx& tx, const std::string& source, const ReadChunks& read,
                                 Micros now);
  // The replica has the rows of this incarnation, and none are gathered; or such are gathered.
  static Result<void> Shown(meta::Tx& tx, const std::string& source, const std::string& folder,
                            uint32_t incarnation);
  static Result<void> Gathered(meta::Tx& tx, const std::string& source, const std::string& folder,
                               uint32_t incarnation);

 private:
  meta::Database& database_;
};

}  // namespace caudal::capture
