// A configuration for a new DuckDB.
#pragma once

#include <span>
#include <utility>

#include "base/result.h"
#include "engine/duckdb/handles.h"

namespace caudal::engine {

// kInternal, naming the setting, when this DuckDB doesn't have it.
Result<ConfigHandle> MakeConfig(std::span<const std::pair<const char*, const char*>> settings);

}  // namespace caudal::engine
