// Types as SQL writes them.
#pragma once

#include <string>

#include "engine/duckdb/handles.h"

namespace caudal::engine {

std::string TypeName(duckdb_logical_type type);  // "DECIMAL(18,2)", "STRUCT(a INTEGER)[]"

}  // namespace caudal::engine
