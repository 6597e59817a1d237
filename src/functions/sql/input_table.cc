#include "functions/sql/input_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/quoting.h"
#include "functions/sql/column_type.h"
#include "functions/sql/csv_head.h"
#include "functions/sql/csv_plain.h"
#include "functions/sql/csv_records.h"
#include "functions/sql/file_format.h"
#include "functions/sql/line_ends.h"
#include "functions/sql/messages.h"
#include "os/file.h"

namespace caudal::functions {
namespace {

using engine::QuoteName;
using engine::QuoteText;
using Columns = std::vector<std::pair<std::string, std::string>>;

// Of DuckDB's reader; it passes over lines that don't fit.
constexpr uint64_t kBufferBytesMin = 32u << 20;

Error Wrong(std::string what, std::string code) {
  return MakeError(ErrorKind::kInvalid, std::move(what), std::move(code));
}

// Where the texts of the file stand, before they are values of their types.
std::string TextTableOf(const RunInput& input) {
  return QuoteName("caudal text of " + input.spec->table);
}

class TableMaker {
 public:
  TableMaker(engine::Session& session, RunInput& input, WorkFiles& work, const GoOn& go_on)
      : session_(session), input_(input), work_(work), go_on_(go_on) {}

  Result<void> Make() {
    if (input_.format == FileFormat::kCsv) {
      const bool plain = TRY(ReadHead());
      if (plain) {
        TRY(MakeTyped(CsvSource()));
        input_.rows = records_;
      } else {
        TRY(MakeCsv());
        TRY(CheckRows());
      }
    } else if (input_.format == FileFormat::kJson && !input_.spec->columns.empty()) {
      columns_ = input_.spec->columns;
      TRY(MakeTyped(JsonSource()));
      TRY(CountTyped());
    } else {
      TRY(MakeDetected());
    }
    if (input_.rows == 0 && !input_.spec->allow_empty)
      return Wrong("it has no rows; set 'allow_empty' if that may be", "input.empty");
    return {};
  }

 private:
  Result<bool> ReadHead();
  Result<void> MakeCsv();
  Result<void> CheckRows() const;
  Result<void> MakeTyped(const std::string& source);
  Result<void> MakeDetected();
  Result<void> CountTyped();
  Result<void> NameFirstWrong(size_t column, int64_t count);
  std::string CsvSource() const;
  std::string JsonSource() const;
  std::string FilePath() const { return QuoteText(engine::Session::InputPath(input_.file.name)); }
  std::string TextColumns() const;
  Result<engine::Table> Ask(const std::string& sql);
  Result<void> Execute(const std::string& sql);

  engine::Session& session_;
  RunInput& input_;
  WorkFiles& work_;
  const GoOn& go_on_;
  Columns columns_;      // of the file, in its order
  int64_t records_ = 0;  // of CSV: rows as we count them
};

Result<engine::Table> TableMaker::Ask(const std::string& sql) {
  const std::unique_ptr<engine::Rows> rows = TRY(session_.Run({sql, {}, true}));
  return engine::ReadAll(*rows, 10);
}

Result<void> TableMaker::Execute(const std::string& sql) {
  TRY(session_.Execute({sql, {}, true}));
  return {};
}

// Whether it has nothing that DuckDB could read otherwise than it is counted.
Result<bool> TableMaker::ReadHead() {
  const os::File file = TRY(os::File::Open(input_.file.path, os::File::Mode::kRead));
  std::string start(kCsvHeadBytes, '\0');
  const size_t got = TRY(file.ReadAt(0, start.data(), start.size()));
  start.resize(got);
  const uint64_t size = TRY(file.Size());
  const bool may_be_empty = input_.spec->allow_empty && !input_.csv.header;
  if (size == 0 && may_be_empty) {
    columns_ = input_.spec->columns;
    return false;
  }
  const std::vector<std::string> head = TRY(ReadCsvHead(start, got == size, input_.csv));
  columns_ = TRY(MatchColumns(head, input_.spec->columns, input_.csv));
  std::optional<uint64_t> records;
  const auto is_text = [](const auto& column) { return column.second == "text"; };
  if (input_.complete && std::ranges::all_of(columns_, is_text))
    records = TRY(CountPlainRecords(file, input_.csv, columns_.size(), go_on_));
  const bool plain = records.has_value();
  if (!plain) records = TRY(CountCsvRecords(file, input_.csv, columns_.size(), go_on_));
  records_ = static_cast<int64_t>(*records) - (input_.csv.header ? 1 : 0);
  return plain;
}

Result<void> TableMaker::CheckRows() const {
  if (input_.rows == records_) return {};
  return MakeError(
      ErrorKind::kInternal,
      fmt::format("it has {} rows, of which the reader gives {}", records_, input_.rows),
      "input.rows");
}

// "{'id': 'VARCHAR', 'amount': 'VARCHAR'}"
std::string TableMaker::TextColumns() const {
  std::string text;
  for (const auto& [name, type] : columns_)
    text += fmt::format("{}{}: 'VARCHAR'", text.empty() ? "" : ", ", QuoteText(name));
  return "{" + text + "}";
}

std::string TableMaker::CsvSource() const {
  const CsvOptions& csv = input_.csv;
  return fmt::format(
      "read_csv({}, auto_detect = false, columns = {}, header = {}, delim = {}, quote = {}, "
      "escape = {}, nullstr = {}, max_line_size = {}, buffer_size = {}, compression = 'none', "
      "encoding = 'utf-8', "
      "strict_mode = true, null_padding = false, ignore_errors = false)",
      FilePath(), TextColumns(), csv.header, QuoteText(csv.delimiter), QuoteText(csv.quote),
      QuoteText(csv.quote), QuoteText(csv.null_text), csv.line_bytes_max,
      std::max(kBufferBytesMin, 4 * csv.line_bytes_max));
}

std::string TableMaker::JsonSource() const {
  return fmt::format("read_json({}, format = 'auto', columns = {}, compression = 'uncompressed')",
                     FilePath(), TextColumns());
}

Result<void> TableMaker::MakeTyped(const std::string& source) {
  std::string values;
  for (const auto& [name, type] : columns_)
    values += fmt::format("{}{} AS {}", values.empty() ? "" : ", ",
                          ValueOfText(type, QuoteName(name)), QuoteName(name));
  TRY(Execute(
      fmt::format("CREATE OR REPLACE VIEW {} AS SELECT * FROM {}", TextTableOf(input_), source)));
  return Execute(fmt::format("CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}",
                             QuoteName(input_.spec->table), values, TextTableOf(input_)));
}

Result<void> TableMaker::MakeCsv() {
  TRY(MakeTyped(CsvSource()));
  Result<void> counted = CountTyped();
  if (counted.ok() || !IsAboutLineEnds(counted.error().message)) return counted;
  const std::string path = work_.New();
  const os::File file = TRY(os::File::Open(input_.file.path, os::File::Mode::kRead));
  TRY(StraightenFile(file, input_.csv.quote.empty() ? 0 : input_.csv.quote[0], path, go_on_));
  input_.file = {input_.file.name + "s", path};
  TRY(session_.AddInput(input_.file));
  TRY(MakeTyped(CsvSource()));
  return CountTyped();
}

int64_t NumberOf(const std::optional<std::string>& text) {
  int64_t number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

// Every value is read: of a column that nothing asks for DuckDB wouldn't look at the values.
Result<void> TableMaker::CountTyped() {
  std::string counts = "count(*)";
  for (const auto& [name, type] : columns_) {
    const std::string text = QuoteName(name);
    counts += type == "text"
                  ? fmt::format(", count({})", text)
                  : fmt::format(", count({}) - count({})", text, ValueOfText(type, text));
  }
  const engine::Table table =
      TRY(Ask(fmt::format("SELECT {} FROM {}", counts, TextTableOf(input_))));
  const std::vector<std::optional<std::string>>& row = table.rows.at(0);
  input_.rows = NumberOf(row[0]);
  for (size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].second != "text" && NumberOf(row[i + 1]) != 0)
      return NameFirstWrong(i, NumberOf(row[i + 1]));
  return {};
}

Result<void> TableMaker::NameFirstWrong(size_t column, int64_t count) {
  const auto& [name, type] = columns_[column];
  const std::string text = QuoteName(name);
  const engine::Table table = TRY(Ask(
      fmt::format("SELECT number, left(value, 100) FROM (SELECT row_number() OVER () AS number, "
                  "{} AS value, {} AS typed FROM {}) WHERE value IS NOT NULL AND typed IS NULL "
                  "LIMIT 1",
                  text, ValueOfText(type, text), TextTableOf(input_))));
  std::string where;
  if (!table.rows.empty())
    where = fmt::format("row {}, column '{}': '{}'", table.rows[0][0].value_or("?"), name,
                        table.rows[0][1].value_or(""));
  else
    where = fmt::format("column '{}': a value", name);
  return Wrong(fmt::format("{} is no {}{}", where, type,
                           count == 1 ? "" : fmt::format(" ({} such values in all)", count)),
               "input.value");
}

// Columns and types are the file's own.
Result<void> TableMaker::MakeDetected() {
  const std::string source =
      input_.format == FileFormat::kParquet
          ? fmt::format("read_parquet({})", FilePath())
          : fmt::format(
                "read_json({}, format = 'auto', sample_size = -1, compression = 'uncompressed')",
                FilePath());
  const std::string name = QuoteName(input_.spec->table);
  TRY(Execute(fmt::format("CREATE VIEW {} AS SELECT * FROM {}", name, source)));
  const engine::Table table = TRY(Ask("SELECT count(*) FROM " + name));
  input_.rows = NumberOf(table.rows.at(0)[0]);
  return {};
}

}  // namespace

Result<void> MakeInputTable(engine::Session& session, RunInput& input, WorkFiles& work,
                            const GoOn& go_on) {
  Result<void> made = TableMaker(session, input, work, go_on).Make();
  if (made.ok()) return made;
  Error error = std::move(made).error();
  if (error.code.empty() && (error.Is(ErrorKind::kInvalid) || error.Is(ErrorKind::kUnsupported)))
    error.message =
        input.format == FileFormat::kCsv ? CsvMessage(error.message) : ShortMessage(error.message);
  return InSql(std::move(error), input.What());
}

}  // namespace caudal::functions
