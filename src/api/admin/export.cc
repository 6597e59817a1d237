// Tables and queries into files: POST /api/v1/export.
#include "transfer/export.h"

#include "api/admin/handlers.h"
#include "api/admin/table_routes.h"
#include "engine/quoting.h"
#include "os/file.h"
#include "transfer/loads.h"

namespace caudal::api::admin {
namespace {

using transfer::ExportFormat;

// Goes with its last user.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  ~TemporaryFile() { (void)os::Remove(path_).ok(); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// "a.b.t" as SQL names it.
std::string Quoted(const std::string& table) {
  lake::Levels parts = lake::SplitAtDots(table);
  for (std::string& part : parts) part = engine::QuoteName(part);
  return lake::TextOf(parts);
}

Result<query::QueryRequest> QueryOf(const Json& body, const http::Request& http) {
  query::QueryRequest query;
  const std::string table = TRY(TextMember(body, "table"));
  query.sql = TRY(TextMember(body, "sql"));
  query.default_dataset = TRY(TextMember(body, "default_dataset"));
  if (table.empty() == query.sql.empty())
    return MakeError(ErrorKind::kInvalid, "give one of 'table' and 'sql'");
  if (table.find('\0') != std::string::npos)
    return MakeError(ErrorKind::kInvalid, "'table' holds a NUL");
  if (query.sql.empty()) query.sql = "SELECT * FROM " + Quoted(table);
  query.client = http.principal.authenticated ? http.principal.name : http.peer;
  return query;
}

Result<ExportFormat> FormatOf(const Json& body, const std::string& to) {
  const std::string name = TRY(TextMember(body, "format"));
  const auto format =
      name.empty() ? transfer::ExportFormatOf(to) : transfer::ParseExportFormat(name);
  if (format) return *format;
  return MakeError(ErrorKind::kInvalid, "'format' must be csv, jsonl, parquet or arrow");
}

Result<http::Response> Export(transfer::Loads& loads, transfer::Exporter& exporter,
                              const http::Request& http) {
  const Json body = TRY(ObjectBody(http));
  for (const auto& [key, value] : body.items())
    if (key != "table" && key != "sql" && key != "default_dataset" && key != "format" &&
        key != "to")
      return MakeError(ErrorKind::kInvalid,
                       "'" + key + "' isn't a member of an export that anything reads");
  const std::string to = TRY(TextMember(body, "to"));
  const ExportFormat format = TRY(FormatOf(body, to));
  query::QueryRequest query = TRY(QueryOf(body, http));
  std::string path = TRY(loads.NewUpload());
  const auto file = std::make_shared<TemporaryFile>(std::move(path));
  transfer::Exported exported = TRY(exporter.ToFile(std::move(query), format, file->path()));
  if (!to.empty()) {
    exported = TRY(exporter.Publish(file->path(), format, to, exported));
    Json json = {{"to", to},
                 {"format", transfer::NameOf(format)},
                 {"bytes", exported.bytes},
                 {"generation", std::to_string(exported.generation)}};
    if (exported.rows >= 0) json["rows"] = exported.rows;
    return JsonResponse(json);
  }
  os::File opened = TRY(os::File::Open(file->path(), os::File::Mode::kRead));
  http::Response response;
  response.headers.Set("Content-Type", std::string(transfer::ContentTypeOf(format)));
  response.headers.Set("Cache-Control", "no-store");
  if (exported.rows >= 0) response.headers.Set("X-Caudal-Rows", std::to_string(exported.rows));
  response.body =
      http::FileBody{std::make_shared<os::File>(std::move(opened)), 0, exported.bytes, file};
  return response;
}

}  // namespace

void AddExportRoutes(http::Router& router, transfer::Loads& loads, transfer::Exporter& exporter) {
  Add(router, http::Method::kPost, "/api/v1/export", "admin.tables.export",
      [&loads, &exporter](http::Request& request) { return Export(loads, exporter, request); });
}

}  // namespace caudal::api::admin
