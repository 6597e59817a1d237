#include "lake/files/table_file_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "lake/format/position_deletes.h"

namespace caudal::lake {

Result<TableFileReader> TableFileReader::Open(objects::Store& store,
                                              engine::InProcessDatabase& database,
                                              const DataFile& file, const Schema& columns) {
  LocalFile local = TRY(OpenTableFile(store, file));
  Result<std::unique_ptr<engine::ParquetReader>> reader =
      engine::ParquetReader::Open(database, local.path, columns);
  if (!reader.ok()) return std::move(reader).error().Within(file.path);
  return TableFileReader(file.path, std::move(local), std::move(reader).take());
}

Result<std::optional<engine::ParquetRows>> TableFileReader::Next() {
  Result<std::optional<engine::ParquetRows>> rows = reader_->Next();
  if (!rows.ok()) return std::move(rows).error().Within(uri_);
  return rows;
}

Result<Batch> ReadRowsAt(objects::Store& store, engine::InProcessDatabase& database,
                         const DataFile& file, const Schema& columns,
                         std::span<const int64_t> rows) {
  const LocalFile local = TRY(OpenTableFile(store, file));
  Result<Batch> batch = engine::ReadParquetRows(database, local.path, columns, rows);
  if (!batch.ok()) return std::move(batch).error().Within(file.path);
  return batch;
}

Result<DeletedPositions> ReadPositionDeletes(objects::Store& store,
                                             engine::InProcessDatabase& database,
                                             const DataFile& deletes) {
  DeletedPositions found;
  TableFileReader reader =
      TRY(TableFileReader::Open(store, database, deletes, PositionDeleteSchema()));
  while (true) {
    const std::optional<engine::ParquetRows> read = TRY(reader.Next());
    if (!read) break;
    const Batch& batch = read->batch;
    const auto* positions = batch.column(1).values<int64_t>();
    // Rows of one file come together.
    std::string_view path;
    std::vector<int64_t>* rows = nullptr;
    for (int64_t i = 0; i < batch.rows(); ++i) {
      const std::string_view now = batch.column(0).bytes(i);
      if (rows == nullptr || now != path) rows = &found[std::string(now)];
      path = now;
      rows->push_back(positions[i]);
    }
  }
  for (auto& [path, rows] : found) {
    if (!std::ranges::is_sorted(rows)) std::ranges::sort(rows);
    const auto [first, last] = std::ranges::unique(rows);
    rows.erase(first, last);
  }
  return found;
}

Result<std::vector<FileRows>> RowsOf(const DeletedPositions& rows, const DataFile& deletes,
                                     const std::vector<SharedFile>& data) {
  std::vector<FileRows> found;
  for (const SharedFile& one : data) {
    const DataFile& file = one->file;
    const auto at = rows.find(file.path);
    if (at == rows.end()) continue;
    for (const int64_t row : {at->second.front(), at->second.back()})
      if (row < 0 || row >= file.record_count)
        return MakeError(ErrorKind::kCorrupt,
                         fmt::format("{} deletes row {} of {}, which has {}", deletes.path, row,
                                     file.path, file.record_count));
    found.push_back({one, at->second});
  }
  return found;
}

}  // namespace caudal::lake
