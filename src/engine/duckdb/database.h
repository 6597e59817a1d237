// A session's database: in memory, and closed to everything but the worker's folder.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/duckdb/handles.h"
#include "engine/protocol.h"

namespace caudal::engine {

class Database {
 public:
  // Opens it with nothing of a session's yet, so that it can be done ahead.
  static Result<Database> Open();

  // Sets the limits and the session's settings, then locks all settings for good.
  Result<void> Begin(const BeginMessage& session);

  duckdb_connection connection() const { return connection_.get(); }

 private:
  Result<void> Execute(const std::string& sql);

  DatabaseHandle database_;
  ConnectionHandle connection_;  // closed first
};

}  // namespace caudal::engine
