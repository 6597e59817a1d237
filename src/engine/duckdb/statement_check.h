// What a statement may do, decided before it runs. The sandbox and DuckDB's own settings hold
// whatever gets past here; this is for what they let through (functions that switch DuckDB's own
// logs on, which can end the worker) and for errors that say what to do instead.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace caudal::engine {

// By its words: each statement's kind, and the functions that it calls. kInvalid names the first
// that isn't allowed.
Result<void> CheckWords(std::string_view sql, bool trusted);
// By the kind that DuckDB's parser gives a prepared statement (duckdb_statement_type).
Result<void> CheckKind(int kind, bool trusted);

// Functions of DuckDB that reach beyond the query, refused by CheckWords: every table function that
// isn't known to be harmless, and a few others. Trusted statements may use the first list.
std::span<const std::string_view> FileFunctions();
std::span<const std::string_view> RefusedFunctions();
// Table functions known to be harmless. A test holds the three against the library's own list.
std::span<const std::string_view> HarmlessTableFunctions();

}  // namespace caudal::engine
