// Parquet files of tables as batches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

}  // namespace caudal::engine
