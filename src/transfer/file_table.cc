#include "transfer/file_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "engine/quoting.h"
#include "functions/sql/csv_head.h"
#include "functions/sql/csv_records.h"
#include "functions/sql/messages.h"
#include "os/file.h"
#include "transfer/arrow_types.h"
#include "transfer/value_sql.h"

namespace caudal::transfer {
namespace {

using engine::QuoteName;
using engine::QuoteText;

// Of DuckDB's reader; it passes over lines that don't fit.
constexpr uint64_t kBufferBytesMin = 32u << 20;
constexpr size_t kKeysMax = 5000;
constexpr int64_t kSampleRows = 100'000;

std::string ReadStart(const os::File& file, size_t bytes) {
  std::string start(bytes, '\0');
  const Result<size_t> got = file.ReadAt(0, start.data(), start.size());
  start.resize(got.ok() ? *got : 0);
  return start;
}

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// The columns that a statement would give.
Result<std::vector<engine::Field>> Describe(engine::Session& session, const std::string& sql) {
  const std::unique_ptr<engine::Rows> rows = TRY(session.Run({sql + " LIMIT 0", {}, true}));
  engine::Field root = TRY(engine::Field::From(rows->schema()));
  // To its end: it would be stopped otherwise, and may not listen in time.
  while (true) {
    const std::optional<engine::Batch> batch = TRY(rows->Next());
    if (!batch) return std::move(root.children);
  }
}

}  // namespace

Error InFile(const Source& source, Error error) {
  if (error.code.empty() && (error.Is(ErrorKind::kInvalid) || error.Is(ErrorKind::kUnsupported)))
    error.message = source.format == FileFormat::kCsv ? functions::CsvMessage(error.message)
                                                      : functions::ShortMessage(error.message);
  return std::move(error).Within(source.name);
}

Result<std::vector<std::vector<std::optional<std::string>>>> Ask(engine::Session& session,
                                                                 const std::string& sql,
                                                                 size_t rows_max) {
  const std::unique_ptr<engine::Rows> rows = TRY(session.Run({sql, {}, true}));
  engine::Table table = TRY(engine::ReadAll(*rows, rows_max));
  return std::move(table.rows);
}

Result<FileTable> FileTable::Open(engine::Session& session, const Source& source, size_t number,
                                  const std::vector<std::string>& names,
                                  const functions::GoOn& go_on) {
  FileTable table(source, number);
  Result<void> opened;
  switch (source.format) {
    case FileFormat::kCsv:
      opened = table.OpenCsv(names, go_on);
      break;
    case FileFormat::kJson:
      opened = table.OpenJson(session);
      break;
    case FileFormat::kParquet:
      opened = table.OpenParquet(session);
      break;
    case FileFormat::kAvro:
      opened = MakeError(ErrorKind::kInternal, "an Avro file that wasn't made Parquet");
      break;
  }
  if (!opened.ok()) return InFile(source, std::move(opened).error());
  return table;
}

std::string FileTable::Path() const {
  return QuoteText(engine::Session::InputPath(std::to_string(number_)));
}

const FileColumn* FileTable::Find(std::string_view name) const {
  const FileColumn* found = nullptr;
  for (const FileColumn& column : columns_) {
    if (column.name == name) return &column;
    if (SameName(column.name, name)) found = &column;
  }
  return found;
}

Result<void> FileTable::OpenCsv(const std::vector<std::string>& names,
                                const functions::GoOn& go_on) {
  const CsvOptions& csv = source_->csv;
  const os::File file = TRY(os::File::Open(source_->path, os::File::Mode::kRead));
  const std::string start = ReadStart(file, functions::kCsvHeadBytes);
  const uint64_t size = TRY(file.Size());
  std::vector<std::string> head = TRY(functions::ReadCsvHead(start, start.size() == size, csv));
  if (!csv.header) {
    if (!names.empty() && names.size() != head.size())
      return MakeError(
          ErrorKind::kInvalid,
          fmt::format("its first line has {} columns instead of {}", head.size(), names.size()),
          "load.columns");
    for (size_t i = 0; i < head.size(); ++i)
      head[i] = names.empty() ? fmt::format("column_{}", i + 1) : names[i];
  }
  const uint64_t records = TRY(functions::CountCsvRecords(file, csv, head.size(), go_on));
  records_ = static_cast<int64_t>(records) - (csv.header ? 1 : 0);
  std::string columns;
  for (size_t i = 0; i < head.size(); ++i) {
    for (size_t j = 0; j < i; ++j)
      if (head[i] == head[j])
        return MakeError(ErrorKind::kInvalid, "the header has the column '" + head[i] + "' twice",
                         "load.columns");
    columns += fmt::format("{}'c{}': 'VARCHAR'", i == 0 ? "" : ", ", i);
    columns_.push_back({head[i], fmt::format("c{}", i), std::nullopt});
  }
  from_ = fmt::format(
      "read_csv({}, auto_detect = false, columns = {{{}}}, header = {}, delim = {}, quote = {}, "
      "escape = {}, nullstr = {}, allow_quoted_nulls = false, max_line_size = {}, "
      "buffer_size = {}, compression = 'none', encoding = 'utf-8', strict_mode = true, "
      "null_padding = false, store_rejects = true, rejects_scan = 'scan_{}', "
      "rejects_table = 'rejects_{}')",
      Path(), columns, csv.header, QuoteText(csv.delimiter), QuoteText(csv.quote),
      QuoteText(csv.quote), QuoteText(csv.null_text), csv.line_bytes_max,
      std::max(kBufferBytesMin, 4 * csv.line_bytes_max), number_, number_);
  return {};
}

Result<void> FileTable::OpenJson(engine::Session& session) {
  const os::File file = TRY(os::File::Open(source_->path, os::File::Mode::kRead));
  const std::string start = ReadStart(file, 4096);
  const size_t first = start.find_first_not_of(" \t\r\n");
  const bool array = first != std::string::npos && start[first] == '[';
  // Each line is one value; a control character stands in no JSON text.
  const std::string lines =
      array ? fmt::format(
                  "(SELECT CAST(json AS VARCHAR) AS line FROM read_json_objects({}, "
                  "format = 'array', compression = 'uncompressed'))",
                  Path())
            : fmt::format(
                  "read_csv({}, auto_detect = false, columns = {{'line': 'VARCHAR'}}, "
                  "header = false, delim = '\x01', quote = '', escape = '', "
                  "max_line_size = 16777216, buffer_size = 67108864, "
                  "compression = 'none', strict_mode = true)",
                  Path());
  rows_are_lines_ = !array;
  const std::string object =
      "CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN line END";
  const auto keys = TRY(Ask(session,
                            fmt::format("SELECT k, min(n) FROM (SELECT unnest(json_keys({})) AS k, "
                                        "1 AS n FROM {}) GROUP BY k ORDER BY 1",
                                        object, lines),
                            kKeysMax));
  std::string pointers;
  for (const auto& row : keys) {
    columns_.push_back({row[0].value_or(""), fmt::format("v[{}]", columns_.size() + 1), {}});
    pointers += fmt::format("{}{}", pointers.empty() ? "" : ", ",
                            QuoteText(PointerTo(row[0].value_or(""))));
  }
  from_ = fmt::format("(SELECT line, json_extract_string({}, [{}]::VARCHAR[]) AS v FROM {})",
                      object, pointers, lines);
  state_ = fmt::format(
      "CASE WHEN line IS NULL OR trim(line) = '' THEN {} WHEN NOT json_valid(line) THEN {} WHEN "
      "json_type(line) <> 'OBJECT' THEN {} ELSE 0 END",
      kEmptyLine, kNoJson, kNoObject);
  Result<std::vector<engine::Field>> types = Describe(
      session, fmt::format("SELECT * FROM read_json({}, format = '{}', sample_size = {}, "
                           "{}compression = 'uncompressed', maximum_object_size = 16777216)",
                           Path(), array ? "array" : "newline_delimited", kSampleRows,
                           array ? "" : "ignore_errors = true, "));
  // Only to infer types.
  if (types.ok()) json_types_ = std::move(types).take();
  return {};
}

Result<void> FileTable::OpenParquet(engine::Session& session) {
  from_ = fmt::format("read_parquet({}, hive_partitioning = false)", Path());
  const std::vector<engine::Field> types = TRY(Describe(session, "SELECT * FROM " + from_));
  for (const engine::Field& type : types)
    columns_.push_back({type.name, QuoteName(type.name), type});
  return {};
}

Result<std::vector<FileTable::RejectedRow>> FileTable::Rejected(engine::Session& session) const {
  std::vector<RejectedRow> rejected;
  if (source_->format != FileFormat::kCsv) return rejected;
  constexpr size_t kMax = 1'000'000;
  const auto rows =
      TRY(Ask(session,
              fmt::format("SELECT line_byte_position - 1 AS place, min(error_message) "
                          "FROM rejects_{} GROUP BY place ORDER BY place",
                          number_),
              kMax));
  for (const auto& row : rows) {
    int64_t offset = 0;
    const std::string text = row[0].value_or("");
    std::from_chars(text.data(), text.data() + text.size(), offset);
    // DuckDB's own count of lines would stand in front, and leaves out those within values.
    std::string reason = functions::CsvMessage("CSV Error on Line: 1\n" + row[1].value_or(""));
    if (reason.starts_with("line 1: ")) reason.erase(0, 8);
    rejected.push_back({offset, std::move(reason)});
  }
  return rejected;
}

Result<Type> FileTable::InferText(engine::Session& session, const FileColumn& column) const {
  static const std::vector<Type> kCandidates = {
      Type(TypeKind::kBoolean), Type(TypeKind::kLong),      Type(TypeKind::kDouble),
      Type(TypeKind::kDate),    Type(TypeKind::kTimestamp), Type(TypeKind::kTimestampTz)};
  const std::string text =
      source_->format == FileFormat::kCsv ? fmt::format("nullif({}, '')", column.sql) : column.sql;
  std::string counts = fmt::format("count(x)");
  for (const Type& type : kCandidates) counts += fmt::format(", count({})", LooksLike(type, "x"));
  const auto rows = TRY(Ask(session,
                            fmt::format("SELECT {} FROM (SELECT {} AS x FROM {} LIMIT {})", counts,
                                        text, from_, kSampleRows),
                            1));
  const std::string all = rows.at(0)[0].value_or("0");
  if (all != "0")
    for (size_t i = 0; i < kCandidates.size(); ++i)
      if (rows[0][i + 1] == all) return kCandidates[i];
  return Type(TypeKind::kString);
}

Result<Type> FileTable::Infer(engine::Session& session, const FileColumn& column) const {
  if (column.type) return TypeOf(*column.type);
  for (const engine::Field& field : json_types_) {
    if (field.name != column.name) continue;
    const Result<Type> type = TypeOf(field);
    if (!type.ok()) break;
    if (type->nested() || type->Is(TypeKind::kBoolean) || type->Is(TypeKind::kLong) ||
        type->Is(TypeKind::kDouble) || type->Is(TypeKind::kDecimal))
      return *type;
    Type found = TRY(InferText(session, column));
    // Texts that look like numbers were written as texts.
    const bool time = found.Is(TypeKind::kDate) || found.Is(TypeKind::kTimestamp) ||
                      found.Is(TypeKind::kTimestampTz);
    return time ? found : Type(TypeKind::kString);
  }
  return InferText(session, column);
}

}  // namespace caudal::transfer
