#include "engine/parquet_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "data/batch_builder.h"
#include "data/lower_case.h"
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
  // Instead: what comes is these rows alone. What Next calls the first row is a place among them.
  Result<void> Start(InProcessDatabase::State& database, std::span<const int64_t> rows);
  // Whether the latter is possible: DuckDB's name for a row's place isn't taken.
  bool NumbersRows() const;
  int64_t rows() const override { return footer_.rows; }
  Result<std::optional<ParquetRows>> Next() override;

 private:
  std::string FindColumns();  // as SQL selects them
  Result<void> Execute(InProcessDatabase::State& database, const std::string& select,
                       const std::string& where);
  Result<Type> TypeOfResult();
  Result<void> CheckPlaces(const Array& places) const;
  int64_t expected() const {
    return numbered_ ? static_cast<int64_t>(places_.size()) : footer_.rows;
  }
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
  bool numbered_ = false;        // the result's last column is the rows' places,
  std::vector<int64_t> places_;  // which are these
};

constexpr std::string_view kRowNumber = "file_row_number";

bool Reader::NumbersRows() const {
  return std::ranges::none_of(footer_.columns(), [&](size_t node) {
    return LowerCase(footer_.nodes[node].name) == kRowNumber;
  });
}

std::string Reader::FindColumns() {
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
  return list;
}

Result<void> Reader::Start(InProcessDatabase::State& database) {
  const std::string list = FindColumns();
  // Without a column, rows are still counted.
  return Execute(database, list.empty() ? "0" : list, "");
}

Result<void> Reader::Start(InProcessDatabase::State& database, std::span<const int64_t> rows) {
  const std::string list = FindColumns();
  numbered_ = true;
  places_.assign(rows.begin(), rows.end());
  return Execute(database, fmt::format("{}{}{}", list, list.empty() ? "" : ", ", kRowNumber),
                 fmt::format(" WHERE {} IN ({})", kRowNumber, fmt::join(rows, ",")));
}

Result<void> Reader::Execute(InProcessDatabase::State& database, const std::string& select,
                             const std::string& where) {
  const std::string sql = fmt::format(
      "SELECT {} FROM read_parquet({}, hive_partitioning = false, union_by_name = false){}", select,
      QuoteText(path_), where);
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
  if (numbered_)
    fields.push_back({0, std::string(kRowNumber), Type(TypeKind::kLong), false, {}, {}, {}});
  if (fields.empty()) fields.push_back({0, "0", Type(TypeKind::kInt), false, {}, {}, {}});
  return Type::Struct(std::move(fields));
}

Result<void> Reader::CheckPlaces(const Array& places) const {
  const auto first = places_.begin() + row_;
  const auto* values = places.values<int64_t>();
  if (places.length() <= places_.end() - first &&
      std::equal(values, values + places.length(), first))
    return {};
  return MakeError(ErrorKind::kInternal, path_ + ": DuckDB gives other rows than it was asked for");
}

Result<std::optional<ParquetRows>> Reader::Next() {
  const ChunkHandle chunk(duckdb_fetch_chunk(*result_.get()));
  const char* failure = duckdb_result_error(result_.get());
  if (failure != nullptr) return Corrupt(failure);
  const int64_t rows = chunk ? static_cast<int64_t>(duckdb_data_chunk_get_size(chunk.get())) : 0;
  if (rows == 0) {
    if (row_ == expected()) return std::optional<ParquetRows>();
    return MakeError(ErrorKind::kCorrupt,
                     fmt::format("{}: {} rows of {} can be read", path_, row_, expected()));
  }
  const Array read = TRY(ChunkToArray(arrow_.get(), chunk.get(), read_));
  if (numbered_) TRY(CheckPlaces(read.children().back()));
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

Result<std::unique_ptr<Reader>> OpenFile(const std::string& path, const Schema& columns) {
  // DuckDB takes these for patterns.
  if (path.find_first_of(std::string_view("*?[\0", 4)) != std::string::npos)
    return MakeError(ErrorKind::kUnsupported, "the path of a Parquet file with '*', '?' or '['");
  const os::File file = TRY(os::File::Open(path, os::File::Mode::kReadPlain));
  Result<ParquetFooter> footer = ReadParquetFooter(file);
  if (!footer.ok()) return std::move(footer).error().Within(path);
  if (!HasFieldIds(*footer))
    return MakeError(ErrorKind::kUnsupported, path + ": its columns have no field ids");
  return std::make_unique<Reader>(columns, std::move(footer).take(), path);
}

void AppendRows(BatchBuilder& builder, const caudal::Batch& batch, int64_t first, int64_t count) {
  for (size_t i = 0; i < batch.columns().size(); ++i)
    builder.column(i).AppendRows(batch.column(i), first, count);
}

}  // namespace

Result<std::unique_ptr<ParquetReader>> ParquetReader::Open(InProcessDatabase& database,
                                                           const std::string& path,
                                                           const Schema& columns) {
  std::unique_ptr<Reader> reader = TRY(OpenFile(path, columns));
  TRY(reader->Start(database.state()));
  return std::unique_ptr<ParquetReader>(std::move(reader));
}

Result<caudal::Batch> ReadParquetRows(InProcessDatabase& database, const std::string& path,
                                      const Schema& columns, std::span<const int64_t> rows) {
  const std::unique_ptr<Reader> reader = TRY(OpenFile(path, columns));
  BatchBuilder builder = TRY(BatchBuilder::Make(columns));
  if (rows.empty()) return builder.Finish();
  if (rows.front() < 0 || rows.back() >= reader->rows())
    return MakeError(ErrorKind::kInvalid, fmt::format("{} has {} rows, not a row {}", path,
                                                      reader->rows(), rows.back()));
  const bool numbered = reader->NumbersRows();
  TRY(numbered ? reader->Start(database.state(), rows) : reader->Start(database.state()));
  size_t next = 0;
  while (true) {
    const std::optional<ParquetRows> read = TRY(reader->Next());
    if (!read) return builder.Finish();
    if (numbered) {
      AppendRows(builder, read->batch, 0, read->batch.rows());
      continue;
    }
    for (; next < rows.size() && rows[next] < read->first_row + read->batch.rows(); ++next)
      AppendRows(builder, read->batch, rows[next] - read->first_row, 1);
  }
}

}  // namespace caudal::engine
