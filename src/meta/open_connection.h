// One SQLite connection and its prepared statements. Inside meta only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace caudal::meta {

struct CachedStatement {
  std::string sql;
  sqlite3_stmt* statement = nullptr;
  bool in_use = false;
  bool cached = true;      // false: a second use of a text whose cached statement is in use
  uint64_t last_used = 0;  // in Acquire calls
};

// Not thread-safe, save that it may move between threads.
class OpenConnection {
 public:
  // The writer creates the file; readers can't change anything; the checkpointer runs checkpoints
  // only.
  enum class Role : uint8_t { kWriter, kReader, kCheckpointer };
  static Result<std::unique_ptr<OpenConnection>> Open(const std::string& path, Role role,
                                                      int64_t cache_kib);
  ~OpenConnection();
  OpenConnection(const OpenConnection&) = delete;
  OpenConnection& operator=(const OpenConnection&) = delete;

  Result<CachedStatement*> Acquire(std::string_view sql);
  void Release(CachedStatement* statement);
  int statements_in_use() const { return statements_in_use_; }

  // Runs statements without results, uncached.
  Result<void> Execute(const std::string& sql);
  // The first column of the first row, 0 without one; uncached.
  Result<int64_t> QueryInt(const std::string& sql);
  Error ErrorOf(int code, std::string_view sql) const;

  // A read transaction, from here on: one unfinished statement holds it, which is cheaper than
  // BEGIN and COMMIT around a first read.
  Result<void> BeginSnapshot();
  void EndSnapshot();

  // After this the transaction that callers believe in is gone: every Step fails with `cause`
  // until ClearBroken, so that nothing runs outside it.
  void SetBroken(Error cause) { broken_ = std::move(cause); }
  void ClearBroken() { broken_.reset(); }
  const std::optional<Error>& broken() const { return broken_; }
  // Called with each error of a Step: notices when it ended the transaction.
  void NoteStepError(int code, const Error& error);

  sqlite3* db() const { return db_; }
  const std::string& path() const { return path_; }

 private:
  // Where a text was last seen: most are constants, so that their address tells. Only a hint, the
  // text itself is compared.
  struct Hint {
    const char* data = nullptr;
    CachedStatement* cached = nullptr;
  };
  static constexpr size_t kHints = 64;
  static constexpr size_t kStatementsMax = 256;

  OpenConnection(std::string path, Role role, sqlite3* db)
      : path_(std::move(path)), role_(role), db_(db) {}
  Result<void> Configure(int64_t cache_kib);
  Result<CachedStatement*> AcquireSlow(std::string_view sql, Hint& hint);
  Result<sqlite3_stmt*> PrepareNew(std::string_view sql, bool persistent);
  void EvictOne();

  std::string path_;
  Role role_;
  sqlite3* db_;
  sqlite3_stmt* snapshot_ = nullptr;
  std::optional<Error> broken_;
  std::array<Hint, kHints> hints_;
  std::unordered_map<std::string_view, std::unique_ptr<CachedStatement>> statements_;
  uint64_t acquired_ = 0;
  int statements_in_use_ = 0;
};

}  // namespace caudal::meta
