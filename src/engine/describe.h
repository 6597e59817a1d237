// What a session's tables and views are.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace caudal::engine {

// Of a table or view; names and types as DuckDB writes them. The session's own error when there is
// none. The session's Rows before must be gone, here and below.
Result<std::vector<Column>> ColumnsOf(Session& session, const std::string& table);
// Whether there is one of that name, in letters of any case.
Result<bool> IsTable(Session& session, const std::string& name);
Result<bool> IsView(Session& session, const std::string& name);

}  // namespace caudal::engine
