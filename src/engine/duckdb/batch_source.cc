#include "engine/duckdb/batch_source.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/duckdb/in_process_state.h"
#include "engine/duckdb/vectors.h"

namespace caudal::engine {
namespace {

// One pass over a source. DuckDB's texts point into the batch: it is kept until the chunk after its
// last is asked for, when DuckDB has copied what it keeps.
struct Scan {
  BatchSource* source;
  caudal::Batch batch;
  int64_t row = 0;
};

void Bind(duckdb_bind_info info) {
  auto& state = *static_cast<InProcessDatabase::State*>(duckdb_bind_get_extra_info(info));
  const ValueHandle token(duckdb_bind_get_parameter(info, 0));
  BatchSource* source = state.Find(duckdb_get_uint64(token.get()));
  if (source == nullptr) return duckdb_bind_set_error(info, "no such batches");
  for (size_t i = 0; i < source->names().size(); ++i)
    duckdb_bind_add_result_column(info, source->names()[i].c_str(), source->types()[i].get());
  duckdb_bind_set_bind_data(info, source, nullptr);
}

void Init(duckdb_init_info info) {
  duckdb_init_set_max_threads(info, 1);
  auto scan = std::make_unique<Scan>();
  scan->source = static_cast<BatchSource*>(duckdb_init_get_bind_data(info));
  duckdb_init_set_init_data(info, scan.release(),
                            [](void* data) { delete static_cast<Scan*>(data); });
}

Result<void> Fill(Scan& scan, duckdb_data_chunk chunk) {
  while (scan.row == scan.batch.rows()) {
    std::optional<caudal::Batch> next = TRY(scan.source->Pull());
    if (!next) {
      duckdb_data_chunk_set_size(chunk, 0);
      return {};
    }
    scan.batch = *std::move(next);
    scan.row = 0;
  }
  const int64_t count =
      std::min<int64_t>(scan.batch.rows() - scan.row, static_cast<int64_t>(duckdb_vector_size()));
  for (size_t i = 0; i < scan.batch.columns().size(); ++i)
    TRY(FillVector(scan.batch.column(i), scan.row, count, duckdb_data_chunk_get_vector(chunk, i)));
  scan.row += count;
  duckdb_data_chunk_set_size(chunk, static_cast<idx_t>(count));
  return {};
}

void Run(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
  const Result<void> filled = Fill(scan, chunk);
  if (!filled.ok()) duckdb_function_set_error(info, filled.error().message.c_str());
}

}  // namespace

Result<void> RegisterBatchSource(duckdb_connection connection, InProcessDatabase::State& state) {
  using FunctionHandle = Handle<duckdb_table_function, duckdb_destroy_table_function>;
  const FunctionHandle function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), "caudal_batches");
  const TypeHandle number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  duckdb_table_function_add_parameter(function.get(), number.get());
  duckdb_table_function_set_extra_info(function.get(), &state, nullptr);
  duckdb_table_function_set_bind(function.get(), Bind);
  duckdb_table_function_set_init(function.get(), Init);
  duckdb_table_function_set_function(function.get(), Run);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBSuccess) return {};
  return MakeError(ErrorKind::kInternal, "DuckDB takes no table function");
}

}  // namespace caudal::engine
