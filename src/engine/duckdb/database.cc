#include "engine/duckdb/database.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/random.h"
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

// What it remembers of files, and what DuckDB forgets to free, goes with it.
constexpr int kSessionsMax = 100;

// Of all sessions, in this order: the directories can't be named once access is off.
constexpr auto kAlways = std::to_array<const char*>({
    "SET arrow_lossless_conversion = true",
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET allowed_directories = ['in/', 'out/', 'tmp/']",
    "SET enable_external_access = false",
});

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

// As far as the database has them.
bool SameLimits(const Limits& a, const Limits& b) {
  return a.memory_bytes == b.memory_bytes && a.temp_bytes == b.temp_bytes && a.threads == b.threads;
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
  opened.visible_rows_ = std::make_unique<VisibleRows>();
  TRY(opened.visible_rows_->AddTo(opened.connection()));
  AddTestFunctions(opened.connection());
  for (const char* sql : kAlways) TRY(opened.Execute(sql));
  return opened;
}

Result<void> Database::Execute(const std::string& sql) {
  ResultHandle result;
  if (duckdb_query(connection_.get(), sql.c_str(), result.get()) == DuckDBSuccess) return {};
  return DuckDbError(duckdb_result_error(result.get()));
}

Result<void> Database::Expect(const BeginMessage& session) {
  const Limits& limits = session.limits;
  TRY(Execute("SET memory_limit = '" + std::to_string(limits.memory_bytes) + "B'"));
  TRY(Execute("SET max_temp_directory_size = '" + std::to_string(limits.temp_bytes) + "B'"));
  TRY(Execute("SET threads = " + std::to_string(limits.threads)));
  for (const auto& [name, value] : session.settings) {
    if (!IsSettingName(name))
      return MakeError(ErrorKind::kInvalid, "'" + name + "' is no name of a setting");
    TRY(Execute("SET " + name + " = " + Quoted(value)));
  }
  expected_ = session;
  return {};
}

bool Database::Fits(const BeginMessage& session) const {
  return !expected_ || expected_->settings == session.settings;
}

Result<void> Database::Begin(const BeginMessage& session) {
  const bool ready = expected_ && SameLimits(expected_->limits, session.limits) && Fits(session);
  if (!ready) TRY(Expect(session));
  TRY(Execute("SET lock_configuration = true"));
  if (session.undone) TRY(BeginAgain());
  return {};
}

Result<void> Database::BeginAgain() {
  ++sessions_;
  return Execute("BEGIN TRANSACTION");
}

bool Database::Undo() {
  visible_rows_->HideNothing();
  if (sessions_ >= kSessionsMax || !Execute("ROLLBACK").ok()) return false;
  // The one thing of a connection that a query can change.
  const auto seed = static_cast<double>(SystemRandom().Below(1u << 30)) / (1u << 30);
  return Execute("SELECT setseed(" + std::to_string(seed) + ")").ok();
}

bool Database::Serves(const BeginMessage& session) const {
  return session.undone && expected_ && SameLimits(expected_->limits, session.limits) &&
         Fits(session);
}

Result<uint64_t> Database::HeldBytes() {
  ResultHandle result;
  const char* sql = "SELECT sum(memory_usage_bytes)::UBIGINT FROM duckdb_memory()";
  if (duckdb_query(connection_.get(), sql, result.get()) != DuckDBSuccess)
    return DuckDbError(duckdb_result_error(result.get()));
  const ChunkHandle chunk(duckdb_fetch_chunk(*result.get()));
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) != 1)
    return MakeError(ErrorKind::kInternal, "DuckDB doesn't say what memory it holds");
  const duckdb_vector sums = duckdb_data_chunk_get_vector(chunk.get(), 0);
  return *static_cast<const uint64_t*>(duckdb_vector_get_data(sums));
}

}  // namespace caudal::engine
