#include "lake/written_file.h"

#include <algorithm>
#include <utility>

#include "engine/parquet_description.h"
#include "engine/parquet_footer.h"
#include "engine/parquet_reader.h"
#include "lake/catalog/locations.h"
#include "lake/format/bounds.h"
#include "os/file.h"

namespace caudal::lake {
namespace {

Bounds BoundsOf(const ColumnStats& stats) {
  static_assert(kStatsLength > kBoundLength, "a cut value must be seen to be cut");
  if (!IsNull(stats.greatest)) return MakeBounds(stats.type, stats.least, stats.greatest);
  // There are NaNs, which most engines take for the greatest values.
  return {MakeBounds(stats.type, stats.least, stats.least).lower, std::nullopt};
}

Result<engine::ParquetFile> Count(engine::InProcessDatabase& database, const std::string& path,
                                  const Schema& schema) {
  const os::File file = TRY(os::File::Open(path, os::File::Mode::kRead));
  const uint64_t bytes = TRY(file.Size());
  const engine::ParquetFooter footer = TRY(engine::ReadParquetFooter(file));
  const std::unique_ptr<engine::ParquetReader> reader =
      TRY(engine::ParquetReader::Open(database, path, schema));
  StatsCollector stats(schema);
  while (true) {
    const std::optional<engine::ParquetRows> rows = TRY(reader->Next());
    if (!rows) return engine::DescribeParquet(footer, bytes, stats.Columns());
    TRY(rows->batch.Check(schema));
    stats.Add(rows->batch);
  }
}

}  // namespace

DataFile DescribeFile(const engine::ParquetFile& file, std::string path) {
  DataFile described;
  described.path = std::move(path);
  described.record_count = file.rows;
  described.file_size_bytes = file.bytes;
  described.split_offsets = file.split_offsets;
  std::vector<const engine::ParquetColumn*> columns;
  columns.reserve(file.columns.size());
  for (const engine::ParquetColumn& column : file.columns) columns.push_back(&column);
  std::ranges::sort(columns, {}, [](const auto* column) { return column->stats.field_id; });
  for (const engine::ParquetColumn* column : columns) {
    const ColumnStats& stats = column->stats;
    const int32_t id = stats.field_id;
    described.column_sizes.emplace_back(id, column->bytes);
    described.value_counts.emplace_back(id, stats.values);
    described.null_value_counts.emplace_back(id, stats.nulls);
    if (stats.type.Is(TypeKind::kFloat) || stats.type.Is(TypeKind::kDouble))
      described.nan_value_counts.emplace_back(id, stats.nans);
    Bounds bounds = BoundsOf(stats);
    if (bounds.lower) described.lower_bounds.emplace_back(id, *std::move(bounds.lower));
    if (bounds.upper) described.upper_bounds.emplace_back(id, *std::move(bounds.upper));
  }
  return described;
}

Result<DataFile> DescribeObject(objects::Store& store, engine::InProcessDatabase& database,
                                const std::string& uri, const Schema& schema) {
  const ObjectPlace place = TRY(PlaceOf(uri));
  const objects::OpenedObject opened = TRY(store.Open({place.bucket, place.name, {}}));
  Result<engine::ParquetFile> counted = Count(database, opened.path, schema);
  if (!counted.ok()) return std::move(counted).error().Within(uri);
  return DescribeFile(*counted, uri);
}

}  // namespace caudal::lake
