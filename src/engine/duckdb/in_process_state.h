// The database of InProcessDatabase, and the batches that its statements read.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/duckdb/batch_source.h"
#include "engine/duckdb/handles.h"
#include "engine/in_process.h"

namespace caudal::engine {

struct InProcessDatabase::State {
  Result<ConnectionHandle> Connect();
  // Makes `caudal_batches(<token>)` a table of the batches of `source`, until Remove.
  uint64_t Add(BatchSource& source);
  void Remove(uint64_t token);
  BatchSource* Find(uint64_t token);  // null when there is none

  DatabaseHandle database;
  Mutex mutex;
  uint64_t last_token GUARDED_BY(mutex) = 0;
  std::unordered_map<uint64_t, BatchSource*> sources GUARDED_BY(mutex);
};

// Runs a statement whose rows don't matter.
Result<void> ExecuteInProcess(duckdb_connection connection, const std::string& sql);

}  // namespace caudal::engine
