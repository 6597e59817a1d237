// Prepared statements over one SQLite connection.
//
//   auto q = TRY(connection.Prepare("SELECT id, name FROM buckets WHERE name = ?"));
//   q.Bind(1, name);
//   while (TRY(q.Step())) use(q.Int(0), q.Text(1));
//   TRY(connection.Run("UPDATE buckets SET updated = ? WHERE id = ?", now, id));
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

struct sqlite3_stmt;

namespace caudal::meta {

class OpenConnection;
struct CachedStatement;

struct Blob {
  std::string_view bytes;
};

// A statement borrowed from its connection's cache; resets itself when destroyed, which must be
// before its connection (the Tx, the ReadTx) ends. Bound text and blobs must live until the
// statement is reset or destroyed (they aren't copied).
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Parameters count from 1. A wrong index is a defect (Fatal).
  void Bind(int index, int64_t value);
  template <std::integral I>
  void Bind(int index, I value) {
    Bind(index, static_cast<int64_t>(value));
  }
  void Bind(int index, double value);
  void Bind(int index, std::string_view text);
  void Bind(int index, const std::string& text) { Bind(index, std::string_view(text)); }
  void Bind(int index, std::string&& text) = delete;  // would be gone before Step
  void Bind(int index, const char* text) { Bind(index, std::string_view(text)); }
  void Bind(int index, Blob blob);
  void Bind(int index, std::nullptr_t);
  template <class T>
  void Bind(int index, const std::optional<T>& value) {
    if (value) {
      Bind(index, *value);
    } else {
      Bind(index, nullptr);
    }
  }
  template <class... Args>
  void BindAll(const Args&... args) {
    int index = 0;
    (Bind(++index, args), ...);
  }

  // True while there is a row.
  Result<bool> Step();
  void Reset();  // keeps the bindings

  // Columns count from 0. Views are valid until the next Step, Reset or destruction.
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  double Double(int column) const;
  std::string_view Text(int column) const;
  std::string_view BlobAt(int column) const;

 private:
  friend class Connection;
  Statement(OpenConnection* connection, CachedStatement* cached);
  void CheckBind(int code, int index);
  OpenConnection* connection_;
  CachedStatement* cached_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;  // reported by Step
};

// One connection's statements. Not thread-safe.
class Connection {
 public:
  // Cached by text: `sql` is normally a constant. kInternal on an SQL error. In Step, a violated
  // UNIQUE or PRIMARY KEY is kAlreadyExists, any other constraint kConflict.
  Result<Statement> Prepare(std::string_view sql);
  // Prepares, binds, steps to the end; rows are dropped. Returns the number of rows changed.
  template <class... Args>
  Result<int64_t> Run(std::string_view sql, const Args&... args) {
    Statement statement = TRY(Prepare(sql));
    statement.BindAll(args...);
    return RunPrepared(statement);
  }
  int64_t LastInsertId() const;

 protected:
  explicit Connection(OpenConnection* handle) : handle_(handle) {}
  static Result<int64_t> RunPrepared(Statement& statement);
  OpenConnection* handle_;
};

}  // namespace caudal::meta
