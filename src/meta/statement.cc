#include "meta/statement.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

#include "meta/open_connection.h"

namespace caudal::meta {

Statement::Statement(OpenConnection* connection, CachedStatement* cached)
    : connection_(connection), cached_(cached), statement_(cached->statement) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      cached_(std::exchange(other.cached_, nullptr)),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (cached_ != nullptr) connection_->Release(cached_);
}

void Statement::CheckBind(int code, int index) {
  if (code == SQLITE_OK) [[likely]]
    return;
  if (code == SQLITE_RANGE || code == SQLITE_MISUSE)
    Fatal(fmt::format("parameter {} can't be bound (SQLite {}) in: {}", index, code, cached_->sql));
  bind_error_ = code;
}

void Statement::Bind(int index, int64_t value) {
  CheckBind(sqlite3_bind_int64(statement_, index, value), index);
}

void Statement::Bind(int index, double value) {
  CheckBind(sqlite3_bind_double(statement_, index, value), index);
}

void Statement::Bind(int index, std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  CheckBind(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8),
            index);
}

void Statement::Bind(int index, Blob blob) {
  const char* data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  CheckBind(sqlite3_bind_blob64(statement_, index, data, blob.bytes.size(), SQLITE_STATIC), index);
}

void Statement::Bind(int index, std::nullptr_t) {
  CheckBind(sqlite3_bind_null(statement_, index), index);
}

Result<bool> Statement::Step() {
  if (connection_->broken()) [[unlikely]]
    return *connection_->broken();
  if (bind_error_ != SQLITE_OK) [[unlikely]]
    return connection_->ErrorOf(bind_error_, cached_->sql);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = connection_->ErrorOf(code, cached_->sql);
  sqlite3_reset(statement_);
  connection_->NoteStepError(code, error);
  return error;
}

void Statement::Reset() { sqlite3_reset(statement_); }

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::Double(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return "";
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::BlobAt(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return "";
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<Statement> Connection::Prepare(std::string_view sql) {
  return Statement(handle_, TRY(handle_->Acquire(sql)));
}

Result<int64_t> Connection::RunPrepared(Statement& statement) {
  sqlite3* db = statement.connection_->db();
  const int64_t before = sqlite3_total_changes64(db);
  while (TRY(statement.Step())) {
  }
  // changes() speaks of the last INSERT, UPDATE or DELETE, which this one may not be.
  return sqlite3_total_changes64(db) == before ? 0 : sqlite3_changes64(db);
}

int64_t Connection::LastInsertId() const { return sqlite3_last_insert_rowid(handle_->db()); }

}  // namespace caudal::meta
