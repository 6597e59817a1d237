// How a table's columns become those of its source.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "capture/landing/change_shape.h"
#include "lake/format/table_metadata.h"
#include "pipeline/column_map.h"

namespace caudal::pipeline {

enum class TableKind : uint8_t { kReplica, kHistory };

struct ColumnPlan {
  Schema schema;  // the table's next
  int32_t last_column_id = 0;
  std::vector<MappedColumn> columns;  // as the source's, in order
};

// By source_id: what was renamed keeps its field, what fits a wider type is widened; a column whose
// type changed otherwise is another one. Columns that the source no longer has go from a replica;
// of a history they stay, and are renamed when their name is wanted again.
//
// `shape` is ShapeOf(columns), its part for this kind. kConflict (capture::kKeyChanged) when the
// columns of a replica's key aren't the same any more: the table has to be made anew.
Result<ColumnPlan> PlanColumns(const lake::TableMetadata& metadata, TableKind kind,
                               const std::vector<capture::ChangeColumn>& columns,
                               const Schema& shape);

// The part of a history's schema that is of these columns, laid out as `shape` (ShapeOf's history).
// kCorrupt when something of it is missing.
Result<Schema> HistoryLayout(const Schema& table, const Schema& shape,
                             const std::vector<MappedColumn>& columns);

}  // namespace caudal::pipeline
