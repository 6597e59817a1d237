#include "meta/schema.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <map>

#include "base/clock.h"
#include "base/log.h"
#include "meta/open_connection.h"
#include "meta/sql_error.h"

namespace caudal::meta {
namespace {

using Versions = std::map<std::string, int, std::less<>>;

// The newest version of each module; a hole or a wrong order is a defect.
Versions KnownVersions(std::span<const Migration> migrations) {
  Versions known;
  for (const Migration& migration : migrations) {
    int& version = known[std::string(migration.module)];
    CAUDAL_CHECK(migration.version == version + 1,
                 fmt::format("migration {} of module {} follows {}", migration.version,
                             migration.module, version));
    version = migration.version;
  }
  return known;
}

// Reads through SQLite's own interface: the statement cache isn't worth filling with this.
Result<Versions> AppliedVersions(OpenConnection& connection) {
  Versions applied;
  if (TRY(connection.QueryInt(
          "SELECT count(*) FROM sqlite_schema WHERE name = 'caudal_migrations'")) == 0)
    return applied;
  constexpr const char* kSql = "SELECT module, max(version) FROM caudal_migrations GROUP BY module";
  const auto add = [](void* out, int, char** values, char**) -> int {
    (*static_cast<Versions*>(out))[values[0]] = std::atoi(values[1]);
    return 0;
  };
  const int code = sqlite3_exec(connection.db(), kSql, add, &applied, nullptr);
  if (code != SQLITE_OK) return connection.ErrorOf(code, kSql);
  return applied;
}

Result<void> RefuseNewer(const Versions& applied, const Versions& known, const std::string& path) {
  for (const auto& [module, version] : applied) {
    const auto found = known.find(module);
    const int newest = found == known.end() ? 0 : found->second;
    if (version > newest)
      return MakeError(
          ErrorKind::kUnsupported,
          fmt::format("{} was made by a newer Caudal: its module {} has schema version {}, this "
                      "Caudal knows {}; use the newer Caudal, or restore a backup made before",
                      path, module, version, newest),
          "meta.newer_schema");
  }
  return {};
}

Result<void> Apply(OpenConnection& connection, const Migration& migration) {
  Result<void> done = connection.Execute(std::string(migration.sql));
  if (!done.ok()) {
    return std::move(done).error().Within(
        fmt::format("migration {} of {}", migration.version, migration.module));
  }
  if (sqlite3_get_autocommit(connection.db()) != 0)
    return MakeError(ErrorKind::kInternal,
                     fmt::format("migration {} of {} ends the transaction it runs in",
                                 migration.version, migration.module));
  TRY(connection.Execute(fmt::format("INSERT INTO caudal_migrations VALUES ('{}', {}, {})",
                                     migration.module, migration.version, SystemClock().Now())));
  return {};
}

Result<void> ApplyMissing(OpenConnection& connection, std::span<const Migration> migrations,
                          const Versions& applied) {
  TRY(connection.Execute(
      "CREATE TABLE IF NOT EXISTS caudal_migrations (module TEXT NOT NULL, version INTEGER NOT "
      "NULL, applied_at INTEGER NOT NULL, PRIMARY KEY (module, version)) STRICT, WITHOUT ROWID"));
  TRY(connection.Execute(fmt::format("PRAGMA application_id = {}", kApplicationId)));
  for (const Migration& migration : migrations) {
    const auto found = applied.find(migration.module);
    if (found != applied.end() && migration.version <= found->second) continue;
    TRY(Apply(connection, migration));
  }
  const int code = sqlite3_exec(connection.db(), "COMMIT", nullptr, nullptr, nullptr);
  FatalIfSyncFailed(code, connection.path());
  if (code != SQLITE_OK) return connection.ErrorOf(code, "COMMIT");
  return {};
}

std::string Describe(const Versions& versions) {
  std::string text;
  for (const auto& [module, version] : versions)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", module, version);
  return text;
}

}  // namespace

Result<void> CheckOwner(OpenConnection& connection) {
  const int64_t id = TRY(connection.QueryInt("PRAGMA application_id"));
  if (id == kApplicationId) return {};
  if (id == 0 && TRY(connection.QueryInt("SELECT count(*) FROM sqlite_schema")) == 0) return {};
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("{} is a database of another program (application id {:#x}); name "
                               "another file",
                               connection.path(), static_cast<uint32_t>(id)));
}

Result<std::string> ApplyMigrations(OpenConnection& connection,
                                    std::span<const Migration> migrations) {
  const Versions known = KnownVersions(migrations);
  const Versions applied = TRY(AppliedVersions(connection));
  TRY(RefuseNewer(applied, known, connection.path()));
  const bool created = TRY(connection.QueryInt("PRAGMA application_id")) != kApplicationId;
  if (!created && applied == known) return Describe(known);
  TRY(connection.Execute("BEGIN IMMEDIATE"));
  Result<void> done = ApplyMissing(connection, migrations, applied);
  if (!done.ok()) {
    if (sqlite3_get_autocommit(connection.db()) == 0) TRY(connection.Execute("ROLLBACK"));
    return std::move(done).error();
  }
  LogInfo("metadata schema migrated", {{"from", Describe(applied)}, {"to", Describe(known)}});
  return Describe(known);
}

}  // namespace caudal::meta
