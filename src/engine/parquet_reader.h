// Parquet files of tables as batches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "data/batch.h"
#include "data/schema.h"
#include "engine/in_process.h"

namespace caudal::engine {

struct ParquetRows {
  caudal::Batch batch;
  int64_t first_row = 0;  // its first row's place in the file, from 0; the others follow
};

// Streams: holds a few thousand rows, and pages of a row group. One thread at a time.
class ParquetReader {
 public:
  // `columns` are those to be read, found by their field ids at any depth (Project): in the order
  // given, under the types given. Parts that the file lacks are null. kNotFound; kInvalid when it
  // is no Parquet file or its types don't go with the columns; kUnsupported when it has no field
  // ids, or types that no table has.
  static Result<std::unique_ptr<ParquetReader>> Open(InProcessDatabase& database,
                                                     const std::string& path,
                                                     const Schema& columns);
  virtual ~ParquetReader() = default;

  virtual int64_t rows() const = 0;  // of the file
  // All rows of the file in its order; nothing at the end. kCorrupt when pages can't be read.
  virtual Result<std::optional<ParquetRows>> Next() = 0;
};

// Some rows of a file, by their places in it: ascending, each once. What lies between them is
// skipped, row groups unread, unless the file has a column `file_row_number`. `columns` and errors
// as above; kInvalid when the file hasn't so many rows; kLimit when a column doesn't fit one batch.
Result<caudal::Batch> ReadParquetRows(InProcessDatabase& database, const std::string& path,
                                      const Schema& columns, std::span<const int64_t> rows);

}  // namespace caudal::engine
