// Batches into a Parquet file, with field ids, and what a table has to know of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/column_stats.h"
#include "data/schema.h"
#include "engine/in_process.h"

namespace caudal::engine {

struct ParquetWriteOptions {
  int64_t row_group_rows = 122'880;      // rounded up to a multiple of 2,048
  uint64_t row_group_bytes = 64u << 20;  // in memory; a row group ends at whichever comes first
  // Batches that wait. Up to so many bytes a file is written by Finish alone, at once; beyond, a
  // thread of the writer's own writes while batches come.
  uint64_t ahead_bytes = 8u << 20;
  int compression = 3;       // zstd's level
  bool dictionaries = true;  // where a column has few different values
  // False where another copy is made durable: Finish doesn't sync the file then.
  bool durable = true;
};

struct ParquetColumn {
  ColumnStats stats;
  int64_t bytes = 0;  // of its pages, compressed
};

// `columns` are the schema's leaves, depth first; a bound of theirs is made by type from the least
// and greatest value.
struct ParquetFile {
  int64_t rows = 0;
  int64_t bytes = 0;
  std::vector<ParquetColumn> columns;
  std::vector<int64_t> split_offsets;  // where row groups start
};

// One thread at a time. Errors: kInvalid when a batch doesn't fit the schema (Batch::Check; the
// writer can go on). kUnsupported, naming the column, for types that such a file can't hold: fixed,
// structs without fields, timestamps in nanoseconds, what format version 3 brought. kLimit when
// memory is short, kDiskFull. After any but that kInvalid, every later call gives the same error.
//
// Not done here: sorting, rolling over to the next file, the sync of the file's name.
class ParquetWriter {
 public:
  // kAlreadyExists when there is something at `path`. All columns are optional in the file, what
  // the schema requires too: DuckDB can't write others, and readers don't mind.
  static Result<std::unique_ptr<ParquetWriter>> Open(InProcessDatabase& database, std::string path,
                                                     const Schema& schema,
                                                     const ParquetWriteOptions& options);
  static Result<std::unique_ptr<ParquetWriter>> Open(InProcessDatabase& database, std::string path,
                                                     const Schema& schema) {
    return Open(database, std::move(path), schema, {});
  }
  // Unless Finish has succeeded, removes what was written.
  virtual ~ParquetWriter() = default;

  // Takes the rows; may wait for earlier ones to be written.
  virtual Result<void> Write(caudal::Batch batch) = 0;
  // No more rows come: those that wait are written while the caller does something else. Then only
  // Finish.
  virtual void End() = 0;
  virtual int64_t rows() const = 0;    // so far
  virtual uint64_t bytes() const = 0;  // so far, as batches
  // Once. The file's bytes are on stable storage when it returns, unless the options say otherwise.
  // kInvalid when there are no rows: a table needs no such file.
  virtual Result<ParquetFile> Finish() = 0;
};

}  // namespace caudal::engine
