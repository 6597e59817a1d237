#include "meta/backup.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/failpoint.h"
#include "meta/open_connection.h"
#include "meta/sql_error.h"
#include "os/file.h"

namespace caudal::meta {
namespace {

constexpr int kPagesPerStep = 256;
constexpr int64_t kCacheKib = 2048;

// The connection's snapshot stays open throughout: without it every write would start the copy
// again.
Result<void> CopyPages(OpenConnection& source, OpenConnection& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.db(), "main", source.db(), "main");
  if (backup == nullptr) return target.ErrorOf(sqlite3_extended_errcode(target.db()), "");
  int code = SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(backup, kPagesPerStep);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return target.ErrorOf(code, "");
  return {};
}

Result<void> CopyToPartial(const std::string& from, const std::string& partial) {
  using Role = OpenConnection::Role;
  auto source = TRY(OpenConnection::Open(from, Role::kReader, kCacheKib));
  auto target = TRY(OpenConnection::Open(partial, Role::kWriter, kCacheKib));
  TRY(target->Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"));
  TRY(source->BeginSnapshot());
  Result<void> copied = CopyPages(*source, *target);
  source->EndSnapshot();
  return copied;
}

Result<void> GiveName(const std::string& partial, const std::string& to) {
  FAILPOINT("meta.backup.copied");
  return os::Rename(partial, to);
}

// Rows as text, columns joined; an error of the check itself is a problem too.
void Collect(OpenConnection& connection, const char* pragma, std::vector<std::string>& problems) {
  const auto add = [](void* out, int columns, char** values, char**) -> int {
    std::string line;
    for (int i = 0; i < columns; ++i)
      line += fmt::format("{}{}", i == 0 ? "" : " ", values[i] == nullptr ? "NULL" : values[i]);
    if (line != "ok") static_cast<std::vector<std::string>*>(out)->push_back(std::move(line));
    return 0;
  };
  const size_t before = problems.size();
  const int code = sqlite3_exec(connection.db(), pragma, add, &problems, nullptr);
  for (size_t i = before; i < problems.size(); ++i)
    problems[i] = fmt::format("{}: {}: {}", connection.path(), pragma, problems[i]);
  if (code != SQLITE_OK) problems.push_back(connection.ErrorOf(code, pragma).message);
}

}  // namespace

Result<void> CopyDatabase(const std::string& from, const std::string& to) {
  if (os::Exists(to))
    return MakeError(ErrorKind::kAlreadyExists,
                     fmt::format("{} exists already; name another file for the backup", to));
  const std::string partial = to + ".partial";
  if (os::Exists(partial)) TRY(os::Remove(partial));
  Result<void> done = CopyToPartial(from, partial);
  if (done.ok()) done = GiveName(partial, to);
  if (!done.ok()) {
    // Best effort: the next backup of this name removes it too.
    if (os::Exists(partial)) (void)os::Remove(partial).ok();
    return std::move(done).error().Within("backup to " + to);
  }
  return {};
}

Result<std::vector<std::string>> FindProblems(const std::string& path) {
  auto connection = TRY(OpenConnection::Open(path, OpenConnection::Role::kReader, kCacheKib));
  std::vector<std::string> problems;
  TRY(connection->BeginSnapshot());
  Collect(*connection, "PRAGMA integrity_check(100)", problems);
  Collect(*connection, "PRAGMA foreign_key_check", problems);
  connection->EndSnapshot();
  return problems;
}

}  // namespace caudal::meta
