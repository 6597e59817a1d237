#include "meta/open_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <mutex>

#include "meta/sql_error.h"

namespace caudal::meta {
namespace {

constexpr int kBusyTimeoutMs = 5000;

void ConfigureLibraryOnce() {
  static std::once_flag once;
  // Counting every allocation takes a lock that all connections would share.
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

Result<std::unique_ptr<OpenConnection>> OpenConnection::Open(const std::string& path, Role role,
                                                             int64_t cache_kib) {
  ConfigureLibraryOnce();
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  flags |= role == Role::kReader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (role == Role::kWriter) flags |= SQLITE_OPEN_CREATE;
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  if (db == nullptr)
    return MakeError(ErrorKind::kUnavailable, path + ": no memory to open the database");
  std::unique_ptr<OpenConnection> connection(new OpenConnection(path, role, db));
  if (code != SQLITE_OK) return connection->ErrorOf(code, "").Within("can't open the database");
  TRY(connection->Configure(cache_kib));
  return connection;
}

Result<void> OpenConnection::Configure(int64_t cache_kib) {
  sqlite3_busy_timeout(db_, kBusyTimeoutMs);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_autocheckpoint(db_, 0);
  TRY(
      Execute(fmt::format("PRAGMA page_size = 4096; PRAGMA temp_store = MEMORY; "
                          "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; "
                          "PRAGMA secure_delete = FAST; PRAGMA cell_size_check = ON; "
                          "PRAGMA cache_size = -{}",
                          cache_kib)));
  // No mmap_size: SQLite maps the file anew after each commit, which makes a read of one row take
  // 19 us instead of 5 while there are writes.
  if (role_ == Role::kReader) TRY(Execute("PRAGMA query_only = ON"));
  return {};
}

OpenConnection::~OpenConnection() {
  for (auto& [sql, cached] : statements_) sqlite3_finalize(cached->statement);
  sqlite3_finalize(snapshot_);
  sqlite3_close_v2(db_);
}

Result<void> OpenConnection::BeginSnapshot() {
  constexpr std::string_view kSql = "PRAGMA schema_version";
  if (snapshot_ == nullptr) snapshot_ = TRY(PrepareNew(kSql, true));
  const int code = sqlite3_step(snapshot_);
  if (code == SQLITE_ROW) [[likely]]
    return {};
  Error error = ErrorOf(code, kSql);
  sqlite3_reset(snapshot_);
  return error;
}

void OpenConnection::EndSnapshot() {
  CAUDAL_CHECK(statements_in_use_ == 0, "a statement outlives its ReadTx");
  sqlite3_reset(snapshot_);
  broken_.reset();
}

Error OpenConnection::ErrorOf(int code, std::string_view sql) const {
  return SqlError(db_, code, path_, sql);
}

void OpenConnection::NoteStepError(int code, const Error& error) {
  if (broken_) return;
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CORRUPT:
    case SQLITE_INTERRUPT:
      break;
    default:
      return;
  }
  // A writer knows whether its transaction survived; a reader's snapshot shows nothing.
  if (role_ != Role::kWriter || sqlite3_get_autocommit(db_) != 0) broken_ = error;
}

Result<CachedStatement*> OpenConnection::Acquire(std::string_view sql) {
  ++acquired_;
  Hint& hint = hints_[(reinterpret_cast<uintptr_t>(sql.data()) >> 3) % kHints];
  CachedStatement* cached = hint.cached;
  if (cached == nullptr || hint.data != sql.data() || cached->in_use || cached->sql != sql)
    cached = TRY(AcquireSlow(sql, hint));
  cached->in_use = true;
  cached->last_used = acquired_;
  ++statements_in_use_;
  return cached;
}

Result<CachedStatement*> OpenConnection::AcquireSlow(std::string_view sql, Hint& hint) {
  const auto found = statements_.find(sql);
  if (found != statements_.end() && !found->second->in_use) {
    hint = {sql.data(), found->second.get()};
    return found->second.get();
  }
  const bool cached = found == statements_.end();
  sqlite3_stmt* statement = TRY(PrepareNew(sql, cached));
  auto fresh = std::make_unique<CachedStatement>();
  fresh->sql = sql;
  fresh->statement = statement;
  fresh->cached = cached;
  if (!cached) return fresh.release();
  if (statements_.size() >= kStatementsMax) EvictOne();
  CachedStatement* kept = fresh.get();
  statements_.emplace(kept->sql, std::move(fresh));
  hint = {sql.data(), kept};
  return kept;
}

Result<sqlite3_stmt*> OpenConnection::PrepareNew(std::string_view sql, bool persistent) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                         persistent ? SQLITE_PREPARE_PERSISTENT : 0, &statement, &rest);
  if (code != SQLITE_OK) return ErrorOf(code, sql);
  const std::string_view more = sql.substr(static_cast<size_t>(rest - sql.data()));
  if (statement == nullptr || more.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    sqlite3_finalize(statement);
    return MakeError(ErrorKind::kInternal, fmt::format("not exactly one SQL statement: {}", sql));
  }
  return statement;
}

void OpenConnection::EvictOne() {
  auto oldest = statements_.end();
  for (auto it = statements_.begin(); it != statements_.end(); ++it)
    if (!it->second->in_use &&
        (oldest == statements_.end() || it->second->last_used < oldest->second->last_used))
      oldest = it;
  if (oldest == statements_.end()) return;
  for (Hint& hint : hints_)
    if (hint.cached == oldest->second.get()) hint = {};
  sqlite3_finalize(oldest->second->statement);
  statements_.erase(oldest);
}

void OpenConnection::Release(CachedStatement* statement) {
  --statements_in_use_;
  if (!statement->cached) {
    sqlite3_finalize(statement->statement);
    delete statement;
    return;
  }
  sqlite3_reset(statement->statement);
  sqlite3_clear_bindings(statement->statement);
  statement->in_use = false;
}

Result<void> OpenConnection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return ErrorOf(code, sql);
  return {};
}

Result<int64_t> OpenConnection::QueryInt(const std::string& sql) {
  sqlite3_stmt* statement = TRY(PrepareNew(sql, false));
  const int code = sqlite3_step(statement);
  const int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  Result<int64_t> result = value;
  if (code != SQLITE_ROW && code != SQLITE_DONE) result = ErrorOf(code, sql);
  sqlite3_finalize(statement);
  return result;
}

}  // namespace caudal::meta
