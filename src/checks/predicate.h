// Rules as SQL: text in, text out.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "checks/rule.h"
#include "engine/rows.h"

namespace caudal::checks {

// A boolean expression over a row of the table, never NULL: whether the row breaks the rule.
// `columns`: those of the table. `duplicates`: for kUnique, a table whose column `value` holds the
// values that occur more than once. Names and texts of the rule are quoted, whatever they hold;
// `sql` alone is the author's own expression. kInvalid when the table has no such column, or its
// type doesn't suit the rule. Not for kComplete.
Result<std::string> Violation(const Rule& rule, std::span<const engine::Column> columns,
                              const std::string& duplicates = "");

// The table's own column of that name, which may differ in case. kInvalid names those there are.
Result<engine::Column> FindColumn(std::span<const engine::Column> columns, const std::string& name);

}  // namespace caudal::checks
