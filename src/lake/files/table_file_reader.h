// The rows of a table's Parquet files.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/in_process.h"
#include "engine/parquet_reader.h"
#include "lake/files/live_file.h"
#include "lake/files/local_file.h"
#include "objects/store.h"

namespace caudal::lake {

// engine::ParquetReader over a file in the store, which stays while it is read. Errors name the
// file as its manifest does. One thread at a time.
class TableFileReader {
 public:
  // Besides ParquetReader's errors: kCorrupt when the file isn't there or of another size.
  static Result<TableFileReader> Open(objects::Store& store, engine::InProcessDatabase& database,
                                      const DataFile& file, const Schema& columns);

  int64_t rows() const { return reader_->rows(); }
  Result<std::optional<engine::ParquetRows>> Next();

 private:
  TableFileReader(std::string uri, LocalFile local, std::unique_ptr<engine::ParquetReader> reader)
      : uri_(std::move(uri)), local_(std::move(local)), reader_(std::move(reader)) {}

  std::string uri_;
  LocalFile local_;
  std::unique_ptr<engine::ParquetReader> reader_;
};

// Some rows of a file, by their places in it: ascending, each once; see engine::ReadParquetRows.
Result<Batch> ReadRowsAt(objects::Store& store, engine::InProcessDatabase& database,
                         const DataFile& file, const Schema& columns,
                         std::span<const int64_t> rows);

// What a file of position deletes says: rows of data files, by their paths; ascending, each once.
using DeletedPositions = std::unordered_map<std::string, std::vector<int64_t>>;
Result<DeletedPositions> ReadPositionDeletes(objects::Store& store,
                                             engine::InProcessDatabase& database,
                                             const DataFile& deletes);
// Of these, the rows of data files that they apply to. kCorrupt, naming both files, when one hasn't
// so many rows.
Result<std::vector<FileRows>> RowsOf(const DeletedPositions& rows, const DataFile& deletes,
                                     const std::vector<SharedFile>& data);

}  // namespace caudal::lake
