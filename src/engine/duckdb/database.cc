#include "engine/duckdb/database.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/duckdb/configure.h"
#include "engine/duckdb/errors.h"
#include "engine/duckdb/test_functions.h"

namespace caudal::engine {
namespace {

// Known before there is a session. Paths are relative to the worker's folder.
constexpr auto kConfiguration = std::to_array<std::pair<const char*, const char*>>({
    {"threads", "1"},
    {"memory_limit", "64MB"},
    {"temp_directory", "tmp"},
    {"autoinstall_known_extensions", "false"},
    {"autoload_known_extensions", "false"},
    {"allow_community_extensions", "false"},
    {"allow_unsigned_extensions", "false"},
    {"allow_persistent_secrets", "false"},
});

// After the session's own, in this order: the directories can't be named once access is off.
constexpr auto kLast = std::to_array<const char*>({
    "SET arrow_lossless_conversion = true",
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET allowed_directories = ['in/', 'out/', 'tmp/']",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
});

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

bool IsSettingName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

}  // namespace

Result<Database> Database::Open() {
  ConfigHandle config = TRY(MakeConfig(kConfiguration));
  Database opened;
  char* failure = nullptr;
  if (duckdb_open_ext(nullptr, opened.database_.Receive(), config.get(), &failure) != DuckDBSuccess)
    return DuckDbError(TakeText(failure));
  if (duckdb_connect(opened.database_.get(), opened.connection_.Receive()) != DuckDBSuccess)
    return MakeError(ErrorKind::kInternal, "DuckDB gives no connection");
  AddTestFunctions(opened.connection());
  return opened;
}

Result<void> Database::Execute(const std::string& sql) {
  ResultHandle result;
  if (duckdb_query(connection_.get(), sql.c_str(), result.get()) == DuckDBSuccess) return {};
  return DuckDbError(duckdb_result_error(result.get()));
}

Result<void> Database::Begin(const BeginMessage& session) {
  const Limits& limits = session.limits;
  TRY(Execute("SET memory_limit = '" + std::to_string(limits.memory_bytes) + "B'"));
  TRY(Execute("SET max_temp_directory_size = '" + std::to_string(limits.temp_bytes) + "B'"));
  TRY(Execute("SET threads = " + std::to_string(limits.threads)));
  for (const auto& [name, value] : session.settings) {
    if (!IsSettingName(name))
      return MakeError(ErrorKind::kInvalid, "'" + name + "' is no name of a setting");
    TRY(Execute("SET " + name + " = " + Quoted(value)));
  }
  for (const char* sql : kLast) TRY(Execute(sql));
  return {};
}

}  // namespace caudal::engine
