#include "engine/duckdb/in_process_state.h"

#include <array>
#include <utility>

#include "engine/duckdb/configure.h"
#include "engine/duckdb/errors.h"

namespace caudal::engine {
namespace {

// One thread: a statement runs on its caller's. Without an order to keep, the size of a row group
// in bytes can be bounded; with one thread rows keep theirs all the same. Files are read once, as
// good as always: what DuckDB would keep of them is memory that the server never sees again.
constexpr auto kConfiguration = std::to_array<std::pair<const char*, const char*>>({
    {"threads", "1"},
    {"temp_directory", ""},
    {"preserve_insertion_order", "false"},
    {"enable_external_file_cache", "false"},
    {"autoinstall_known_extensions", "false"},
    {"autoload_known_extensions", "false"},
    {"allow_community_extensions", "false"},
    {"allow_unsigned_extensions", "false"},
    {"allow_persistent_secrets", "false"},
});

}  // namespace

InProcessDatabase::InProcessDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
InProcessDatabase::~InProcessDatabase() = default;

Result<std::unique_ptr<InProcessDatabase>> InProcessDatabase::Open(const Options& options) {
  ConfigHandle config = TRY(MakeConfig(kConfiguration));
  const std::string memory = std::to_string(options.memory_bytes) + "B";
  if (duckdb_set_config(config.get(), "memory_limit", memory.c_str()) != DuckDBSuccess)
    return MakeError(ErrorKind::kInvalid, memory + " is no memory limit");
  auto state = std::make_unique<State>();
  char* failure = nullptr;
  if (duckdb_open_ext(nullptr, state->database.Receive(), config.get(), &failure) != DuckDBSuccess)
    return DuckDbError(TakeText(failure));
  std::unique_ptr<InProcessDatabase> opened(new InProcessDatabase(std::move(state)));
  const ConnectionHandle connection = TRY(opened->state_->Connect());
  TRY(RegisterBatchSource(connection.get(), *opened->state_));
  // Booleans come as bytes and UUIDs as 16 of them; what is read is adjusted to that.
  TRY(ExecuteInProcess(connection.get(), "SET GLOBAL arrow_lossless_conversion = true"));
  TRY(ExecuteInProcess(connection.get(), "SET GLOBAL lock_configuration = true"));
  return opened;
}

Result<ConnectionHandle> InProcessDatabase::State::Connect() {
  ConnectionHandle connection;
  if (duckdb_connect(database.get(), connection.Receive()) != DuckDBSuccess)
    return MakeError(ErrorKind::kInternal, "DuckDB gives no connection");
  return connection;
}

uint64_t InProcessDatabase::State::Add(BatchSource& source) {
  MutexLock lock(mutex);
  sources[++last_token] = &source;
  return last_token;
}

void InProcessDatabase::State::Remove(uint64_t token) {
  MutexLock lock(mutex);
  sources.erase(token);
}

BatchSource* InProcessDatabase::State::Find(uint64_t token) {
  MutexLock lock(mutex);
  const auto found = sources.find(token);
  return found == sources.end() ? nullptr : found->second;
}

Result<void> ExecuteInProcess(duckdb_connection connection, const std::string& sql) {
  ResultHandle result;
  if (duckdb_query(connection, sql.c_str(), result.get()) == DuckDBSuccess) return {};
  return DuckDbError(duckdb_result_error(result.get()));
}

}  // namespace caudal::engine
