#include "engine/duckdb/script.h"

#include <algorithm>
#include <cctype>

#include "engine/duckdb/errors.h"
#include "engine/duckdb/statement_check.h"

namespace caudal::engine {
namespace {

ValueHandle MakeValue(const Value& value) {
  if (const auto* boolean = std::get_if<bool>(&value))
    return ValueHandle(duckdb_create_bool(*boolean));
  if (const auto* integer = std::get_if<int64_t>(&value))
    return ValueHandle(duckdb_create_int64(*integer));
  if (const auto* number = std::get_if<double>(&value))
    return ValueHandle(duckdb_create_double(*number));
  if (const auto* text = std::get_if<std::string>(&value))
    return ValueHandle(duckdb_create_varchar_length(text->data(), text->size()));
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    const TypeHandle type(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
    std::vector<ValueHandle> owned;
    std::vector<duckdb_value> items;
    for (const std::string& text : *texts) {
      owned.emplace_back(duckdb_create_varchar_length(text.data(), text.size()));
      items.push_back(owned.back().get());
    }
    return ValueHandle(duckdb_create_list_value(type.get(), items.data(), items.size()));
  }
  return ValueHandle(duckdb_create_null_value());
}

bool SameName(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

Result<void> Bind(duckdb_prepared_statement statement, const Statement& script) {
  const idx_t count = duckdb_nparams(statement);
  for (idx_t i = 1; i <= count; ++i) {
    const char* raw = duckdb_parameter_name(statement, i);
    const std::string name = raw == nullptr ? std::to_string(i) : raw;
    duckdb_free(const_cast<char*>(raw));
    const auto found = std::find_if(script.parameters.begin(), script.parameters.end(),
                                    [&](const auto& each) { return SameName(each.first, name); });
    if (found == script.parameters.end())
      return MakeError(ErrorKind::kInvalid, "the parameter $" + name + " has no value");
    const ValueHandle value = MakeValue(found->second);
    if (!value || duckdb_bind_value(statement, i, value.get()) != DuckDBSuccess)
      return MakeError(ErrorKind::kInvalid, "the value of the parameter $" + name +
                                                " can't be bound: it isn't valid UTF-8");
  }
  return {};
}

Result<PreparedHandle> Prepare(duckdb_connection connection, duckdb_extracted_statements statements,
                               idx_t index, const Statement& script) {
  PreparedHandle prepared;
  if (duckdb_prepare_extracted_statement(connection, statements, index, prepared.Receive()) !=
      DuckDBSuccess) {
    const char* failure = prepared ? duckdb_prepare_error(prepared.get()) : nullptr;
    return DuckDbError(failure == nullptr ? "the statement can't be prepared" : failure);
  }
  TRY(CheckKind(duckdb_prepared_statement_type(prepared.get()), script.trusted));
  TRY(Bind(prepared.get(), script));
  return prepared;
}

Result<void> Execute(duckdb_prepared_statement statement, bool streaming, ResultHandle& result) {
  PendingHandle pending;
  const duckdb_state started = streaming
                                   ? duckdb_pending_prepared_streaming(statement, pending.Receive())
                                   : duckdb_pending_prepared(statement, pending.Receive());
  if (started != DuckDBSuccess) return DuckDbError(duckdb_pending_error(pending.get()));
  if (duckdb_execute_pending(pending.get(), result.get()) != DuckDBSuccess) {
    const char* failure = duckdb_result_error(result.get());
    return DuckDbError(failure == nullptr ? "the statement failed" : failure);
  }
  return {};
}

// CREATE TABLE AS counts its rows like the others, but DuckDB doesn't say that it does.
int64_t CountOfCreate(duckdb_result* result) {
  if (duckdb_column_count(result) != 1 || duckdb_column_type(result, 0) != DUCKDB_TYPE_BIGINT)
    return 0;
  const ChunkHandle chunk(duckdb_fetch_chunk(*result));
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) != 1) return 0;
  const duckdb_vector counts = duckdb_data_chunk_get_vector(chunk.get(), 0);
  return *static_cast<const int64_t*>(duckdb_vector_get_data(counts));
}

Result<int64_t> RunOne(duckdb_connection connection, duckdb_extracted_statements statements,
                       idx_t index, const Statement& script, RowsSender* sender) {
  const PreparedHandle prepared = TRY(Prepare(connection, statements, index, script));
  // Only queries stream: of other statements the whole result tells how many rows they changed.
  const duckdb_statement_type kind = duckdb_prepared_statement_type(prepared.get());
  ResultHandle result;
  TRY(Execute(prepared.get(), sender != nullptr && kind == DUCKDB_STATEMENT_TYPE_SELECT, result));
  const duckdb_result_type type = duckdb_result_return_type(*result.get());
  if (type == DUCKDB_RESULT_TYPE_CHANGED_ROWS)
    return static_cast<int64_t>(duckdb_rows_changed(result.get()));
  if (type == DUCKDB_RESULT_TYPE_QUERY_RESULT && sender != nullptr)
    TRY(sender->SendAll(result.get()));
  if (kind == DUCKDB_STATEMENT_TYPE_CREATE) return CountOfCreate(result.get());
  return int64_t{0};
}

}  // namespace

Result<int64_t> RunScript(duckdb_connection connection, const Statement& script, Credit& credit,
                          RowsSender& sender) {
  TRY(CheckWords(script.sql, script.trusted));
  StatementsHandle statements;
  const idx_t count =
      duckdb_extract_statements(connection, script.sql.c_str(), statements.Receive());
  if (count == 0) {
    const char* failure = duckdb_extract_statements_error(statements.get());
    if (failure != nullptr) return DuckDbError(failure);
    return MakeError(ErrorKind::kInvalid, "there is no statement in the SQL");
  }
  int64_t changed = 0;
  for (idx_t i = 0; i < count; ++i) {
    TRY(credit.CheckInterrupted());
    Result<int64_t> ran =
        RunOne(connection, statements.get(), i, script, i + 1 == count ? &sender : nullptr);
    if (!ran.ok() && count > 1)
      return std::move(ran).error().Within("statement " + std::to_string(i + 1) + " of " +
                                           std::to_string(count));
    changed = TRY(std::move(ran));
  }
  return changed;
}

}  // namespace caudal::engine
