#include "transfer/export.h"

#include <utility>
#include <vector>

#include "engine/schema.h"
#include "objects/names.h"
#include "os/file.h"
#include "query/result_writer.h"
#include "query/values.h"

namespace caudal::transfer {
namespace {

constexpr std::pair<ExportFormat, std::string_view> kNames[] = {
    {ExportFormat::kCsv, "csv"},         {ExportFormat::kJson, "jsonl"},
    {ExportFormat::kParquet, "parquet"}, {ExportFormat::kArrow, "arrow"},
    {ExportFormat::kJson, "ndjson"},     {ExportFormat::kJson, "json"},
    {ExportFormat::kArrow, "arrows"},
};
constexpr size_t kPieceBytes = 1u << 20;

// An object a row.
class ObjectLines {
 public:
  static Result<ObjectLines> Make(const engine::Rows& rows) {
    const engine::Field root = TRY(engine::Field::From(rows.schema()));
    ObjectLines lines;
    for (const engine::Field& field : root.children) {
      query::ValueWriter value = TRY(query::ValueWriter::Make(field));
      lines.values_.push_back(std::move(value));
      std::string key;
      query::AppendJsonText(key, field.name);
      lines.keys_.push_back(key + ":");
    }
    return lines;
  }

  void Add(const engine::Batch& batch, std::string& out) const {
    const ArrowArray& rows = batch.array();
    for (int64_t row = 0; row < rows.length; ++row) {
      out += '{';
      for (size_t i = 0; i < values_.size(); ++i) {
        if (i > 0) out += ',';
        out += keys_[i];
        values_[i].AppendJson(out, *rows.children[i], row + rows.offset);
      }
      out += "}\n";
    }
  }

 private:
  std::vector<query::ValueWriter> values_;
  std::vector<std::string> keys_;
};

// Gathers what is written.
class Output {
 public:
  explicit Output(os::File file) : file_(std::move(file)) {}
  std::string& text() { return text_; }
  Result<void> Flush(size_t at_least) {
    if (text_.size() < at_least) return {};
    TRY(file_.WriteAt(bytes_, text_));
    bytes_ += text_.size();
    text_.clear();
    return {};
  }
  uint64_t bytes() const { return bytes_; }

 private:
  os::File file_;
  std::string text_;
  uint64_t bytes_ = 0;
};

Result<Exported> WriteLines(engine::Rows& rows, const std::string& path) {
  const ObjectLines lines = TRY(ObjectLines::Make(rows));
  os::File file = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
  Output output(std::move(file));
  Exported exported;
  while (true) {
    const std::optional<engine::Batch> batch = TRY(rows.Next());
    if (!batch) break;
    lines.Add(*batch, output.text());
    exported.rows += batch->rows();
    TRY(output.Flush(kPieceBytes));
  }
  TRY(output.Flush(0));
  exported.bytes = output.bytes();
  return exported;
}

Result<Exported> WriteResult(engine::Rows& rows, query::Format format, const std::string& path) {
  const std::unique_ptr<query::ResultWriter> writer = TRY(query::ResultWriter::Make(format, rows));
  os::File file = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
  Output output(std::move(file));
  TRY(writer->Begin(output.text()));
  while (true) {
    const std::optional<engine::Batch> batch = TRY(rows.Next());
    if (!batch) break;
    TRY(writer->Add(*batch, output.text()));
    TRY(output.Flush(kPieceBytes));
  }
  writer->End(output.text());
  TRY(output.Flush(0));
  Exported exported;
  exported.rows = static_cast<int64_t>(writer->rows());
  exported.bytes = output.bytes();
  return exported;
}

}  // namespace

std::string_view NameOf(ExportFormat format) {
  for (const auto& [value, name] : kNames)
    if (value == format) return name;
  return "";
}

std::optional<ExportFormat> ParseExportFormat(std::string_view name) {
  for (const auto& [value, text] : kNames)
    if (text == name) return value;
  return std::nullopt;
}

std::optional<ExportFormat> ExportFormatOf(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::nullopt : ParseExportFormat(name.substr(dot + 1));
}

std::string_view ContentTypeOf(ExportFormat format) {
  switch (format) {
    case ExportFormat::kCsv:
      return "text/csv; charset=utf-8";
    case ExportFormat::kJson:
      return "application/x-ndjson";
    case ExportFormat::kParquet:
      return "application/vnd.apache.parquet";
    case ExportFormat::kArrow:
      return "application/vnd.apache.arrow.stream";
  }
  return "";
}

Result<Exported> Exporter::ToFile(query::QueryRequest request, ExportFormat format,
                                  const std::string& path) {
  request.to_parquet = format == ExportFormat::kParquet;
  const std::unique_ptr<query::Query> query = TRY(queries_.Run(request));
  if (format == ExportFormat::kJson) return WriteLines(query->rows(), path);
  if (format == ExportFormat::kCsv) return WriteResult(query->rows(), query::Format::kCsv, path);
  if (format == ExportFormat::kArrow)
    return WriteResult(query->rows(), query::Format::kArrow, path);
  const engine::Output file = TRY(query->TakeFile());
  Result<void> moved = os::Rename(file.path, path);
  if (!moved.ok()) {
    (void)os::Remove(file.path).ok();
    return std::move(moved).error();
  }
  Exported exported;
  exported.rows = -1;
  exported.bytes = file.bytes;
  return exported;
}

Result<Exported> Exporter::Publish(const std::string& path, ExportFormat format,
                                   const std::string& uri, Exported exported) {
  constexpr std::string_view kScheme = "gs://";
  const size_t slash = uri.find('/', kScheme.size());
  if (!uri.starts_with(kScheme) || slash == std::string::npos || slash + 1 == uri.size())
    return MakeError(ErrorKind::kInvalid, "'" + uri + "' isn't gs://bucket/folder/file.csv");
  objects::FileToPublish file;
  file.request.bucket = uri.substr(kScheme.size(), slash - kScheme.size());
  file.request.name = uri.substr(slash + 1);
  file.request.metadata.content_type = ContentTypeOf(format);
  file.path = path;
  std::vector<objects::FileToPublish> files;
  files.push_back(std::move(file));
  const std::vector<objects::Object> done = TRY(store_.PublishAll(std::move(files)));
  exported.generation = done.at(0).generation;
  return exported;
}

}  // namespace caudal::transfer
