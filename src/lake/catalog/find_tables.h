// Tables as people name them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lake/catalog/table_rows.h"

namespace caudal::lake {

// What a name may mean, the likeliest first: "a.b" may be a namespace of two levels, or one whose
// only level has a dot in it.
struct WantedTable {
  std::string text;  // as it was written, for errors
  std::vector<TableName> meanings;
};

struct FoundTable {
  TableName name;  // as the catalogue has it
  TableRow row;
};

// The first meaning that is a table's name; else the only table that one of them names with letters
// of any case (ASCII). kNotFound ("table.not_found"), naming it and the nearest name there is;
// kInvalid ("table.ambiguous") when several tables differ by case only.
Result<FoundTable> FindTable(meta::Connection& connection, const WantedTable& wanted);

}  // namespace caudal::lake
