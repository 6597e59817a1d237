#include "engine/duckdb/configure.h"

#include <string>

namespace caudal::engine {

Result<ConfigHandle> MakeConfig(std::span<const std::pair<const char*, const char*>> settings) {
  ConfigHandle config;
  if (duckdb_create_config(config.Receive()) != DuckDBSuccess)
    return MakeError(ErrorKind::kInternal, "DuckDB has no memory for its configuration");
  for (const auto& [name, value] : settings)
    if (duckdb_set_config(config.get(), name, value) != DuckDBSuccess)
      return MakeError(ErrorKind::kInternal,
                       "this DuckDB has no setting " + std::string(name) + ": 1.5 is needed");
  return config;
}

}  // namespace caudal::engine
