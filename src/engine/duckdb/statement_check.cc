#include "engine/duckdb/statement_check.h"

#include <duckdb.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/duckdb/words.h"

namespace caudal::engine {
namespace {

constexpr auto kStatements = std::to_array<std::string_view>({
    "select",   "from",   "with",  "values",    "table",   "pivot",  "unpivot",
    "describe", "desc",   "show",  "summarize", "explain", "create", "insert",
    "update",   "delete", "merge", "truncate",  "drop",    "alter",
});
// Of DuckDB 1.5; its header is of a version before.
constexpr int kMerge = 30;
constexpr auto kKinds = std::to_array<int>({
    DUCKDB_STATEMENT_TYPE_SELECT,
    DUCKDB_STATEMENT_TYPE_INSERT,
    DUCKDB_STATEMENT_TYPE_UPDATE,
    DUCKDB_STATEMENT_TYPE_EXPLAIN,
    DUCKDB_STATEMENT_TYPE_DELETE,
    DUCKDB_STATEMENT_TYPE_CREATE,
    DUCKDB_STATEMENT_TYPE_CREATE_FUNC,
    DUCKDB_STATEMENT_TYPE_ALTER,
    DUCKDB_STATEMENT_TYPE_DROP,
    kMerge,
});

constexpr auto kFileFunctions = std::to_array<std::string_view>({
    "glob",
    "parquet_bloom_probe",
    "parquet_file_metadata",
    "parquet_full_metadata",
    "parquet_kv_metadata",
    "parquet_metadata",
    "parquet_scan",
    "parquet_schema",
    "read_blob",
    "read_csv",
    "read_csv_auto",
    "read_json",
    "read_json_auto",
    "read_json_objects",
    "read_json_objects_auto",
    "read_ndjson",
    "read_ndjson_auto",
    "read_ndjson_objects",
    "read_parquet",
    "read_text",
    "sniff_csv",
});
constexpr auto kRefusedFunctions = std::to_array<std::string_view>({
    // tables
    "arrow_scan",
    "arrow_scan_dumb",
    "check_peg_parser",
    "checkpoint",
    "disable_logging",
    "disable_peg_parser",
    "disable_profiling",
    "duckdb_connection_count",
    "duckdb_extensions",
    "duckdb_external_file_cache",
    "duckdb_log_contexts",
    "duckdb_logs",
    "duckdb_logs_parsed",
    "duckdb_memory",
    "duckdb_prepared_statements",
    "duckdb_profiling_settings",
    "duckdb_secret_types",
    "duckdb_secrets",
    "duckdb_settings",
    "duckdb_temporary_files",
    "enable_logging",
    "enable_peg_parser",
    "enable_profiling",
    "force_checkpoint",
    "json_execute_serialized_sql",
    "pragma_database_size",
    "pragma_metadata_info",
    "pragma_platform",
    "pragma_storage_info",
    "pragma_user_agent",
    "query",
    "query_table",
    "read_duckdb",
    "seq_scan",
    "sql_auto_complete",
    "truncate_duckdb_logs",
    "which_secret",
    // values
    "current_setting",
    "getenv",
    "json_serialize_plan",
    "pg_sleep",
    "sleep_ms",
    "write_log",
});
constexpr auto kHarmlessTableFunctions = std::to_array<std::string_view>({
    "duckdb_approx_database_count",
    "duckdb_columns",
    "duckdb_constraints",
    "duckdb_coordinate_systems",
    "duckdb_databases",
    "duckdb_dependencies",
    "duckdb_functions",
    "duckdb_indexes",
    "duckdb_keywords",
    "duckdb_optimizers",
    "duckdb_schemas",
    "duckdb_sequences",
    "duckdb_table_sample",
    "duckdb_tables",
    "duckdb_types",
    "duckdb_variables",
    "duckdb_views",
    "generate_series",
    "histogram",
    "histogram_values",
    "icu_calendar_names",
    "json_each",
    "json_tree",
    "pg_timezone_names",
    "pragma_collations",
    "pragma_show",
    "pragma_table_info",
    "pragma_version",
    "range",
    "repeat",
    "repeat_row",
    "summary",
    "test_all_types",
    "test_vector_types",
    "unnest",
});

template <size_t n>
bool Has(const std::array<std::string_view, n>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

using Words = std::span<const Word>;

// The rest from the first word on that isn't one of these.
Words Skip(Words words, std::initializer_list<std::string_view> skipped) {
  while (!words.empty() && words[0].kind == Word::Kind::kName &&
         std::find(skipped.begin(), skipped.end(), words[0].text) != skipped.end())
    words = words.subspan(1);
  return words;
}

Result<void> CheckStart(Words words, bool trusted) {
  while (!words.empty() && words[0].Is('(')) words = words.subspan(1);
  words = Skip(words, {"explain"});
  words = Skip(words, {"analyze"});
  if (words.empty()) return {};
  const std::string& first = words[0].text;
  const bool known = words[0].kind == Word::Kind::kName &&
                     (Has(kStatements, first) || (trusted && first == "copy"));
  if (!known)
    return MakeError(ErrorKind::kInvalid,
                     "a statement can't begin with '" + first +
                         "' here: only queries, and statements that make, change or drop tables, "
                         "views and macros of this session, are run");
  if (first != "create") return {};
  words = Skip(words.subspan(1), {"or", "replace", "temp", "temporary", "persistent", "local"});
  if (!words.empty() && words[0].text == "secret")
    return MakeError(ErrorKind::kInvalid,
                     "CREATE SECRET isn't available: there is no network here");
  return {};
}

Result<void> CheckCalls(Words words, bool trusted) {
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (!words[i].IsName() || !words[i + 1].Is('(')) continue;
    const std::string& name = words[i].text;
    if (!trusted && Has(kFileFunctions, name))
      return MakeError(ErrorKind::kInvalid, "the function " + name +
                                                "() isn't available here: files come in as tables, "
                                                "declared beside the SQL");
    if (Has(kRefusedFunctions, name))
      return MakeError(ErrorKind::kInvalid, "the function " + name +
                                                "() isn't available here: it reaches beyond the "
                                                "query");
  }
  return {};
}

}  // namespace

Result<void> CheckWords(std::string_view sql, bool trusted) {
  const std::vector<Word> all = TRY(CutIntoWords(sql));
  Words words(all);
  while (!words.empty()) {
    const auto end = static_cast<size_t>(
        std::find_if(words.begin(), words.end(), [](const Word& word) { return word.Is(';'); }) -
        words.begin());
    TRY(CheckStart(words.first(end), trusted));
    TRY(CheckCalls(words.first(end), trusted));
    words = words.subspan(std::min(end + 1, words.size()));
  }
  return {};
}

Result<void> CheckKind(int kind, bool trusted) {
  if (std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end()) return {};
  if (trusted && kind == DUCKDB_STATEMENT_TYPE_COPY) return {};
  return MakeError(ErrorKind::kInvalid,
                   "this statement isn't available here: only queries, and statements that make, "
                   "change or drop tables, views and macros of this session, are run");
}

std::span<const std::string_view> FileFunctions() { return kFileFunctions; }
std::span<const std::string_view> RefusedFunctions() { return kRefusedFunctions; }
std::span<const std::string_view> HarmlessTableFunctions() { return kHarmlessTableFunctions; }

}  // namespace caudal::engine
