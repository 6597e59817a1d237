// A session's database: in memory, and closed to everything but the worker's folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/visible_rows.h"
#include "engine/protocol.h"

namespace caudal::engine {

class Database {
 public:
  // Opens it with nothing of a session's yet, so that it can be done ahead.
  static Result<Database> Open();

  // The limits and settings of a session that may come: done ahead, they needn't be at its Begin.
  // An error leaves it of no use.
  Result<void> Expect(const BeginMessage& session);
  // Whether Begin can make it a session's: settings can be changed, but none is taken back.
  bool Fits(const BeginMessage& session) const;
  // Sets the limits and the session's settings, then locks all settings for good. Begins the
  // transaction of one that is to be undone.
  Result<void> Begin(const BeginMessage& session);

  // Undoes the session that it was begun for. False: it is of no use for another.
  bool Undo();
  // Whether it can be begun again for this session, after Undo.
  bool Serves(const BeginMessage& session) const;
  Result<void> BeginAgain();

  // Of its tables and what it keeps of files.
  Result<uint64_t> HeldBytes();

  // Of an opened one.
  VisibleRows& visible_rows() { return *visible_rows_; }
  duckdb_connection connection() const { return connection_.get(); }

 private:
  Result<void> Execute(const std::string& sql);

  std::unique_ptr<VisibleRows> visible_rows_;  // the database's function reads it
  DatabaseHandle database_;
  ConnectionHandle connection_;  // closed first
  std::optional<BeginMessage> expected_;
  int sessions_ = 0;
};

}  // namespace caudal::engine
