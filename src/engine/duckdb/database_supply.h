// Databases for one session after the other, opened ahead.
#pragma once

#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/duckdb/database.h"
#include "engine/protocol.h"

namespace caudal::engine {

// Whenever a database is opened or closed, DuckDB gives all free memory of the process back to the
// kernel, and the next statement asks for it anew, page by page: a tenth and more of the time of
// short ones. So databases are opened and closed several at a time, in a thread of its own.
// Thread-safe. Never destroyed: a worker ends without.
class DatabaseSupply {
 public:
  // Opens the first one.
  Result<void> Start();

  // One that the session has for itself.
  Result<Database> Begin(const BeginMessage& session) EXCLUDES(mutex_);
  // The session is over. Its database is kept for the next one, if the session was to be undone;
  // else it is closed, later when it holds next to nothing.
  void End(Database database, bool undone) EXCLUDES(mutex_);
  // Closes what End kept or put aside; free memory goes back to the kernel.
  void Tidy() EXCLUDES(mutex_);

 private:
  void Keep();
  Result<Database> OpenExpecting(const std::optional<BeginMessage>& session);

  Mutex mutex_;
  CondVar changed_;
  std::vector<Database> spare_ GUARDED_BY(mutex_);
  std::vector<Database> used_ GUARDED_BY(mutex_);
  std::optional<Database> undone_ GUARDED_BY(mutex_);
  size_t missing_ GUARDED_BY(mutex_) = 0;                // that the thread is to open
  std::optional<BeginMessage> last_ GUARDED_BY(mutex_);  // the next session is likely alike
};

}  // namespace caudal::engine
