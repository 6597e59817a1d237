// The functions that a query may call. What isn't listed is refused: a later DuckDB's functions
// too, until somebody has looked at them.
#pragma once

#include <span>
#include <string_view>

namespace caudal::query {

// `name` in lower case. Of values, aggregates and windows; operators are allowed by themselves.
bool IsAllowedFunction(std::string_view name);
// In FROM.
bool IsAllowedTableFunction(std::string_view name);
std::span<const std::string_view> AllowedTableFunctions();

}  // namespace caudal::query
