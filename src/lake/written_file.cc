#include "lake/written_file.h"

#include <algorithm>
#include <utility>

#include "lake/format/bounds.h"

namespace caudal::lake {
namespace {

Bounds BoundsOf(const ColumnStats& stats) {
  static_assert(kStatsLength > kBoundLength, "a cut value must be seen to be cut");
  if (!IsNull(stats.greatest)) return MakeBounds(stats.type, stats.least, stats.greatest);
  // There are NaNs, which most engines take for the greatest values.
  return {MakeBounds(stats.type, stats.least, stats.least).lower, std::nullopt};
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

}  // namespace caudal::lake
