#include "capture/postgres/stream/bound_table.h"

#include <utility>

namespace caudal::capture::postgres {

Result<BoundTable> BindTable(const SourceTable& table, const SourceOptions& options,
                             uint32_t incarnation, HistoryTables& tables, bool anew) {
  BoundTable bound;
  bound.columns = TRY(CapturedColumnsOf(table, options));
  const std::vector<ChangeColumn> columns = ChangeColumnsOf(bound.columns);
  const ChangeShape shape = TRY(ShapeOf(columns));
  bound.key_text = shape.key_text;
  bound.landed.folder = TableFolder(table.schema, table.name);
  bound.landed.incarnation = incarnation;
  bound.landed.history = TRY(tables.Open(table.schema, table.name, columns, anew));
  NameAsIn(bound.landed.history, bound.columns);
  return bound;
}

}  // namespace caudal::capture::postgres
