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

Result<std::vector<FileRows>> ReadPositionDeletes(objects::Store& store,
                                                  engine::InProcessDatabase& database,
                                                  const DataFile& deletes,
                                                  const std::vector<SharedFile>& data) {
  std::unordered_map<std::string_view, size_t> place;
  std::vector<FileRows> found;
  for (const SharedFile& file : data) {
    place[file->file.path] = found.size();
    found.push_back({file, {}});
  }
  TableFileReader reader =
      TRY(TableFileReader::Open(store, database, deletes, PositionDeleteSchema()));
  while (true) {
    const std::optional<engine::ParquetRows> rows = TRY(reader.Next());
    if (!rows) break;
    const Batch& batch = rows->batch;
    const auto* positions = batch.column(1).values<int64_t>();
    for (int64_t i = 0; i < batch.rows(); ++i) {
      const auto at = place.find(batch.column(0).bytes(i));
      if (at == place.end()) continue;
      const DataFile& file = data[at->second]->file;
      if (positions[i] < 0 || positions[i] >= file.record_count)
        return MakeError(ErrorKind::kCorrupt,
                         fmt::format("{} deletes row {} of {}, which has {}", deletes.path,
                                     positions[i], file.path, file.record_count));
      found[at->second].rows.push_back(positions[i]);
    }
  }
  std::erase_if(found, [](const FileRows& one) { return one.rows.empty(); });
  for (FileRows& one : found) {
    std::ranges::sort(one.rows);
    const auto [first, last] = std::ranges::unique(one.rows);
    one.rows.erase(first, last);
  }
  return found;
}

}  // namespace caudal::lake
