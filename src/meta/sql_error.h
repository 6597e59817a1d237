// SQLite's result codes as errors.
#pragma once

#include <string_view>

#include "base/error.h"

struct sqlite3;

namespace caudal::meta {

// `code` is an extended result code that a call on `db` has just returned. The message names the
// file, SQLite's complaint and the statement; never a bound value. `sql` may be empty.
Error SqlError(sqlite3* db, int code, std::string_view path, std::string_view sql);

// For commits and checkpoints: the end of the process when the failure may have cost written bytes.
void FatalIfSyncFailed(int code, std::string_view path);

}  // namespace caudal::meta
