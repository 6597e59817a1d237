// Batches as a table of DuckDB's: caudal_batches(<token>).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "engine/duckdb/handles.h"
#include "engine/in_process.h"

namespace caudal::engine {

// Called by the thread that runs the statement.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual const std::vector<std::string>& names() const = 0;  // unique, whatever the letters' case
  virtual const std::vector<TypeHandle>& types() const = 0;
  // The next rows, nothing at the end.
  virtual Result<std::optional<caudal::Batch>> Pull() = 0;
};

Result<void> RegisterBatchSource(duckdb_connection connection, InProcessDatabase::State& state);

}  // namespace caudal::engine
