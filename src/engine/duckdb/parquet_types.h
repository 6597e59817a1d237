// Iceberg's types as DuckDB's, and the names and ids of what a Parquet file holds.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/field.h"
#include "data/schema.h"
#include "engine/duckdb/handles.h"
#include "engine/parquet_footer.h"

namespace caudal::engine {

// What a file of a schema looks like to DuckDB. Names are the fields', but for those that differ
// in the case of letters only: DuckDB takes them for the same, so later ones get a suffix ("A_1").
// Readers of tables go by ids.
struct ParquetLayout {
  std::vector<std::string> names;
  std::vector<TypeHandle> types;
  std::string field_ids;  // the text of COPY's FIELD_IDS
};
// kUnsupported, naming the column, for what a Parquet file of ours can't hold.
Result<ParquetLayout> LayoutOf(const Schema& schema);

// The type of column `node` of a file, which DuckDB reads as `type`; its fields carry the ids of
// the file, 0 where it has none. kUnsupported when no type of ours is read like it.
Result<Type> TypeOfColumn(const ParquetFooter& footer, size_t node, duckdb_logical_type type);

}  // namespace caudal::engine
