#include "engine/parquet_description.h"

#include <unordered_map>
#include <utility>

namespace caudal::engine {

ParquetFile DescribeParquet(const ParquetFooter& footer, uint64_t bytes,
                            std::vector<ColumnStats> columns) {
  std::unordered_map<int32_t, size_t> leaf_of;  // by field id
  size_t leaf = 0;
  for (const ParquetNode& node : footer.nodes) {
    if (!node.children.empty()) continue;
    if (node.field_id) leaf_of.emplace(*node.field_id, leaf);
    ++leaf;
  }
  ParquetFile file;
  file.rows = footer.rows;
  file.bytes = static_cast<int64_t>(bytes);
  for (const ParquetRowGroup& group : footer.row_groups) file.split_offsets.push_back(group.start);
  for (ColumnStats& stats : columns) {
    const auto at = leaf_of.find(stats.field_id);
    if (at == leaf_of.end()) continue;
    ParquetColumn& column = file.columns.emplace_back(ParquetColumn{std::move(stats), 0});
    for (const ParquetRowGroup& group : footer.row_groups)
      column.bytes += group.column_bytes[at->second];
  }
  return file;
}

}  // namespace caudal::engine
