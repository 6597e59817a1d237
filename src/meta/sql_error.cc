#include "meta/sql_error.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace caudal::meta {
namespace {

ErrorKind KindOfIoError(sqlite3* db, int code) {
  const int number = sqlite3_system_errno(db);
  if (number == ENOSPC || number == EDQUOT) return ErrorKind::kDiskFull;
  if (code == SQLITE_IOERR_CORRUPTFS || code == SQLITE_IOERR_DATA) return ErrorKind::kCorrupt;
  return ErrorKind::kUnavailable;
}

ErrorKind KindOf(sqlite3* db, int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                     code == SQLITE_CONSTRAINT_ROWID
                 ? ErrorKind::kAlreadyExists
                 : ErrorKind::kConflict;
    case SQLITE_FULL:
      return ErrorKind::kDiskFull;
    case SQLITE_IOERR:
      return KindOfIoError(db, code);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return ErrorKind::kCorrupt;
    case SQLITE_TOOBIG:
      return ErrorKind::kInvalid;
    case SQLITE_INTERRUPT:
      return ErrorKind::kCancelled;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return ErrorKind::kUnavailable;
    default:
      return ErrorKind::kInternal;
  }
}

std::string_view RemedyOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kCorrupt:
      return "; the file is damaged: stop, run `caudal fsck`, restore a backup";
    case ErrorKind::kDiskFull:
      return "; nothing was changed: free some space, then retry";
    default:
      return "";
  }
}

}  // namespace

Error SqlError(sqlite3* db, int code, std::string_view path, std::string_view sql) {
  const ErrorKind kind = KindOf(db, code);
  // errmsg belongs to the last call on `db`; another call may have come between.
  const char* complaint =
      sqlite3_extended_errcode(db) == code ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  std::string message = fmt::format("{}: {} (SQLite {})", path, complaint, code);
  if (!sql.empty()) message += fmt::format(" in: {}", sql);
  message += RemedyOf(kind);
  return MakeError(kind, std::move(message));
}

void FatalIfSyncFailed(int code, std::string_view path) {
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
    Fatal(
        fmt::format("fsync of {} failed; what was written may be lost, so Caudal stops: check "
                    "the disk, then start again",
                    path));
}

}  // namespace caudal::meta
