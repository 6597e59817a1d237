#include "functions/sql/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "engine/describe.h"
#include "engine/quoting.h"
#include "functions/sql/file_format.h"
#include "functions/sql/messages.h"

namespace caudal::functions {
namespace {

using engine::QuoteName;
using engine::QuoteText;

// Types that come back from a Parquet file as they went in.
constexpr auto kKeptByParquet = std::to_array<std::string_view>(
    {"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
     "UBIGINT", "FLOAT", "DOUBLE", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP",
     "TIMESTAMP WITH TIME ZONE", "UUID"});

std::string FileName(size_t index) { return fmt::format("{}", index + 1); }

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

class OutputWriter {
 public:
  OutputWriter(engine::Session& session, std::vector<RunOutput>& outputs)
      : session_(session), outputs_(outputs) {}

  Result<void> Write() {
    for (const bool parquet : {true, false})
      for (size_t i = 0; i < outputs_.size(); ++i) {
        if ((outputs_[i].format == FileFormat::kParquet) != parquet) continue;
        Result<void> written = WriteOne(i);
        if (!written.ok())
          return InSql(std::move(written).error(), "output " + outputs_[i].uri.Text());
      }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const engine::Output taken = TRY(session_.TakeOutput(FileName(i)));
      outputs_[i].path = taken.path;
    }
    return {};
  }

 private:
  Result<void> WriteOne(size_t index);
  Result<std::string> ParquetColumns(const std::vector<engine::Column>& columns) const;
  std::string OptionsOf(const RunOutput& output) const;

  engine::Session& session_;
  std::vector<RunOutput>& outputs_;
};

// Parquet has no integers of 128 bits, and DuckDB would make floating point of them: sum() of
// integers gives such.
Result<std::string> OutputWriter::ParquetColumns(const std::vector<engine::Column>& columns) const {
  std::string text;
  for (const engine::Column& column : columns) {
    const std::string name = QuoteName(column.name);
    if (!text.empty()) text += ", ";
    if (column.type == "HUGEINT" || column.type == "UHUGEINT") {
      text += fmt::format("CAST({} AS DECIMAL(38,0)) AS {}", name, name);
    } else if (Has(column.type, "HUGEINT")) {
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("the column '{}' is {}, and Parquet has no integers of 128 "
                                   "bits; cast them to BIGINT or DECIMAL",
                                   column.name, column.type));
    } else {
      text += name;
    }
  }
  return text;
}

std::string OutputWriter::OptionsOf(const RunOutput& output) const {
  if (output.format == FileFormat::kParquet) return "FORMAT parquet";
  const std::string_view compression = output.compression == Compression::kGzip   ? "gzip"
                                       : output.compression == Compression::kZstd ? "zstd"
                                                                                  : "none";
  if (output.format == FileFormat::kJson)
    return fmt::format("FORMAT json, COMPRESSION '{}'", compression);
  return fmt::format(
      "FORMAT csv, HEADER true, DELIMITER {}, QUOTE '\"', ESCAPE '\"', NULLSTR '', COMPRESSION "
      "'{}'",
      QuoteText(IsTsv(output.uri.name) ? "\t" : ","), compression);
}

Result<void> OutputWriter::WriteOne(size_t index) {
  RunOutput& output = outputs_[index];
  const std::vector<engine::Column> columns = TRY(engine::ColumnsOf(session_, output.table));
  const bool parquet = output.format == FileFormat::kParquet;
  std::string selected = "*";
  if (parquet) selected = TRY(ParquetColumns(columns));
  const std::string table = QuoteName(output.table);
  const std::string path = QuoteText(engine::Session::OutputPath(FileName(index)));
  const std::string copy =
      fmt::format("COPY (SELECT {} FROM {}) TO {} ({})", selected, table, path, OptionsOf(output));
  const auto start = std::chrono::steady_clock::now();
  output.rows = TRY(session_.Execute({copy, {}, true}));
  output.seconds = std::chrono::steady_clock::now() - start;
  if (!parquet) return {};
  const bool kept = std::ranges::all_of(columns, [](const engine::Column& column) {
    return column.type.starts_with("DECIMAL") ||
           std::ranges::find(kKeptByParquet, column.type) != kKeptByParquet.end();
  });
  if (!kept) return {};
  const bool is_view = TRY(engine::IsView(session_, output.table));
  if (!is_view) return {};
  const std::string view =
      fmt::format("CREATE OR REPLACE VIEW {} AS SELECT * FROM read_parquet({})", table, path);
  TRY(session_.Execute({view, {}, true}));
  return {};
}

}  // namespace

Result<RunOutput> PlanOutput(const SqlOutput& spec, const std::string& table,
                             const std::string& object) {
  RunOutput output;
  const ObjectUri uri = TRY(ParseUri(spec.uri));
  output.uri = TRY(Expand(uri, object));
  output.table = table;
  output.quarantine = spec.quarantine;
  const std::optional<FileFormat> format = spec.format ? spec.format : FormatOf(output.uri.name);
  if (!format)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("output {}: its name doesn't say whether it is CSV, JSON or "
                                 "Parquet; set 'format'",
                                 output.uri.Text()));
  output.format = *format;
  if (*format != FileFormat::kParquet) output.compression = CompressionOf(output.uri.name);
  return output;
}

Result<void> WriteOutputs(engine::Session& session, std::vector<RunOutput>& outputs) {
  return OutputWriter(session, outputs).Write();
}

std::vector<objects::FileToPublish> FilesOf(const std::vector<RunOutput>& outputs) {
  std::vector<objects::FileToPublish> files;
  for (const RunOutput& output : outputs) {
    objects::FileToPublish file;
    file.path = output.path;
    file.request.bucket = output.uri.bucket;
    file.request.name = output.uri.name;
    file.request.metadata.content_type = ContentTypeOf(output.format, output.compression);
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace caudal::functions
