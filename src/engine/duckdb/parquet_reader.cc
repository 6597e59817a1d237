#include "engine/parquet_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "data/projection.h"
#include "engine/duckdb/errors.h"
#include "engine/duckdb/in_process_state.h"
#include "engine/duckdb/parquet_types.h"
#include "engine/duckdb/vectors.h"
#include "engine/parquet_footer.h"
#include "engine/quoting.h"
#include "os/file.h"

namespace caudal::engine {
namespace {

using caudal::Field;

class Reader final : public ParquetReader {
 public:
  Reader(const Schema& columns, ParquetFooter footer, std::string path)
      : columns_(columns), footer_(std::move(footer)), path_(std::move(path)) {}

  Result<void> Start(InProcessDatabase::State& database);
  int64_t rows() const override { return footer_.rows; }
  Result<std::optional<ParquetRows>> Next() override;

 private:
  Result<Type> TypeOfResult();
  Error Corrupt(std::string_view message) const {
    Error error = DuckDbError(message);
    // The statement is right, so what is wrong is the file.
    if (error.Is(ErrorKind::kInvalid)) error.kind = ErrorKind::kCorrupt;
    return std::move(error).Within(path_);
  }

  const Schema columns_;
  const ParquetFooter footer_;
  const std::string path_;
  std::vector<size_t> found_;      // columns of the file that are read, as places in the footer
  std::vector<int> place_;         // of each wanted column in the result; -1: the file lacks it
  Type read_{TypeKind::kUnknown};  // what DuckDB gives: a struct of found_
  ConnectionHandle connection_;
  PreparedHandle statement_;
  ResultHandle result_;
  ArrowOptionsHandle arrow_;
  int64_t row_ = 0;
};

Result<void> Reader::Start(InProcessDatabase::State& database) {
  const std::vector<size_t>& have = footer_.columns();
  std::string list;
  for (const Field& field : columns_.fields()) {
    const auto at = std::ranges::find_if(
        have, [&](size_t node) { return footer_.nodes[node].field_id == field.id; });
    place_.push_back(at == have.end() ? -1 : static_cast<int>(found_.size()));
    if (at == have.end()) continue;
    // By place: DuckDB changes names that differ in their letters' case only.
    list += fmt::format("{}#{}", list.empty() ? "" : ", ", at - have.begin() + 1);
    found_.push_back(*at);
  }
  // Without a column, rows are still counted.
  if (list.empty()) list = "0";
  const std::string sql = fmt::format(
      "SELECT {} FROM read_parquet({}, hive_partitioning = false, union_by_name = false)", list,
      QuoteText(path_));
  connection_ = TRY(database.Connect());
  if (duckdb_prepare(connection_.get(), sql.c_str(), statement_.Receive()) != DuckDBSuccess)
    return Corrupt(duckdb_prepare_error(statement_.get()));
  PendingHandle pending;
  if (duckdb_pending_prepared_streaming(statement_.get(), pending.Receive()) != DuckDBSuccess)
    return Corrupt(duckdb_pending_error(pending.get()));
  if (duckdb_execute_pending(pending.get(), result_.get()) != DuckDBSuccess)
    return Corrupt(duckdb_result_error(result_.get()));
  arrow_ = ArrowOptionsHandle(duckdb_result_get_arrow_options(result_.get()));
  read_ = TRY(TypeOfResult());
  return {};
}

Result<Type> Reader::TypeOfResult() {
  std::vector<Field> fields;
  for (size_t i = 0; i < found_.size(); ++i) {
    const TypeHandle type(duckdb_column_logical_type(result_.get(), i));
    Type converted = TRY(TypeOfColumn(footer_, found_[i], type.get()));
    const ParquetNode& node = footer_.nodes[found_[i]];
    fields.push_back(
        {node.field_id.value_or(0), node.name, std::move(converted), false, {}, {}, {}});
  }
  if (fields.empty()) fields.push_back({0, "0", Type(TypeKind::kInt), false, {}, {}, {}});
  return Type::Struct(std::move(fields));
}

Result<std::optional<ParquetRows>> Reader::Next() {
  const ChunkHandle chunk(duckdb_fetch_chunk(*result_.get()));
  const char* failure = duckdb_result_error(result_.get());
  if (failure != nullptr) return Corrupt(failure);
  const int64_t rows = chunk ? static_cast<int64_t>(duckdb_data_chunk_get_size(chunk.get())) : 0;
  if (rows == 0) {
    if (row_ == footer_.rows) return std::optional<ParquetRows>();
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("{}: {} rows of {} can be read", path_, row_, footer_.rows));
  }
  const Array read = TRY(ChunkToArray(arrow_.get(), chunk.get(), read_));
  std::vector<Array> columns;
  for (size_t i = 0; i < place_.size(); ++i) {
    const Field& wanted = columns_.fields()[i];
    Result<Array> column = place_[i] < 0
                               ? ProjectMissing(rows, wanted)
                               : Project(read.children()[static_cast<size_t>(place_[i])], wanted);
    if (!column.ok()) return std::move(column).error().Within(path_);
    columns.push_back(std::move(column).take());
  }
  ParquetRows next{caudal::Batch(rows, std::move(columns)), row_};
  row_ += rows;
  return std::optional<ParquetRows>(std::move(next));
}

bool HasFieldIds(const ParquetFooter& footer) {
  return std::ranges::any_of(footer.columns(),
                             [&](size_t node) { return footer.nodes[node].field_id.has_value(); });
}

}  // namespace

Result<std::unique_ptr<ParquetReader>> ParquetReader::Open(InProcessDatabase& database,
                                                           const std::string& path,
                                                           const Schema& columns) {
  // DuckDB takes these for patterns.
  if (path.find_first_of(std::string_view("*?[\0", 4)) != std::string::npos)
    return MakeError(ErrorKind::kUnsupported, "the path of a Parquet file with '*', '?' or '['");
  const os::File file = TRY(os::File::Open(path, os::File::Mode::kReadPlain));
  Result<ParquetFooter> footer = ReadParquetFooter(file);
  if (!footer.ok()) return std::move(footer).error().Within(path);
  if (!HasFieldIds(*footer))
    return MakeError(ErrorKind::kUnsupported, path + ": its columns have no field ids");
  auto reader = std::make_unique<Reader>(columns, std::move(footer).take(), path);
  TRY(reader->Start(database.state()));
  return reader;
}

}  // namespace caudal::engine
