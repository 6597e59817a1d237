// Files into tables: POST /api/v1/load with URIs, POST /api/v1/load/upload with the file itself.
#include <algorithm>

#include "api/admin/handlers.h"
#include "api/admin/table_routes.h"
#include "data/timestamp.h"
#include "os/file.h"
#include "transfer/loads.h"

namespace caudal::api::admin {
namespace {

using transfer::LoadReport;
using transfer::LoadRequest;

constexpr uint64_t kUploadBytesMax = 1ull << 40;

Error Wrong(std::string what) { return MakeError(ErrorKind::kInvalid, std::move(what)); }

Result<std::vector<std::string>> Texts(const Json& object, const char* name) {
  std::vector<std::string> texts;
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return texts;
  if (found->is_string()) {
    texts.push_back(found->get<std::string>());
    return texts;
  }
  if (!found->is_array()) return Wrong(std::string("'") + name + "' must be a list of texts");
  for (const Json& item : *found) {
    if (!item.is_string()) return Wrong(std::string("'") + name + "' must be a list of texts");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

// A member that may be text too: options come as query parameters with an upload.
Result<bool> Flag(const Json& object, const char* name, bool fallback) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return fallback;
  if (found->is_boolean()) return found->get<bool>();
  if (*found == "true" || *found == "1" || *found == "") return true;
  if (*found == "false" || *found == "0") return false;
  return Wrong(std::string("'") + name + "' must be true or false");
}

Result<int64_t> Number(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return 0;
  if (found->is_number_integer() && *found >= 0) return found->get<int64_t>();
  if (found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    const bool digits = !text.empty() && text.size() < 18 &&
                        std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (digits) return std::stoll(text);
  }
  return Wrong(std::string("'") + name + "' must be a whole number from 0");
}

Result<void> CheckMembers(const Json& object, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.items())
    if (std::ranges::find(known, key) == known.end())
      return Wrong("'" + key + "' isn't a member of a load that anything reads");
  return {};
}

Result<lake::TableName> TableNamed(const std::string& text) {
  lake::TableName name{lake::SplitAtDots(text), {}};
  name.name = std::move(name.space.back());
  name.space.pop_back();
  if (name.space.empty() || name.name.empty())
    return Wrong("'table' must be DATASET.TABLE, not '" + text + "'");
  return name;
}

Result<char> Character(const std::string& text, const char* name) {
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() != 1)
    return Wrong(std::string("'") + name + "' must be one character, not '" + text + "'");
  return text[0];
}

Result<void> ReadCsvOptions(const Json& options, transfer::CsvOptions& csv) {
  const std::string delimiter = TRY(TextMember(options, "delimiter"));
  if (!delimiter.empty()) {
    const char character = TRY(Character(delimiter, "delimiter"));
    csv.delimiter = std::string(1, character);
  }
  if (options.contains("quote")) {
    const std::string quote = TRY(TextMember(options, "quote"));
    csv.quote.clear();
    if (!quote.empty()) {
      const char character = TRY(Character(quote, "quote"));
      csv.quote += character;
    }
  }
  csv.header = TRY(Flag(options, "header", true));
  csv.null_text = TRY(TextMember(options, "null"));
  return {};
}

Result<void> ReadOptions(const Json& options, LoadRequest& request) {
  TRY(CheckMembers(options, {"delimiter", "quote", "header", "null", "compression", "add_columns",
                             "bad_rows_max"}));
  TRY(ReadCsvOptions(options, request.csv));
  request.add_columns = TRY(Flag(options, "add_columns", false));
  request.bad_rows_max = TRY(Number(options, "bad_rows_max"));
  const std::string compression = TRY(TextMember(options, "compression"));
  if (compression == "none") request.compression = transfer::Compression::kNone;
  if (compression == "gzip") request.compression = transfer::Compression::kGzip;
  if (compression == "zstd") request.compression = transfer::Compression::kZstd;
  if (!compression.empty() && !request.compression)
    return Wrong("'compression' must be none, gzip or zstd, not '" + compression + "'");
  return {};
}

// What both ways share.
Result<LoadRequest> RequestOf(const Json& body) {
  LoadRequest request;
  const std::string table = TRY(TextMember(body, "table"));
  request.table = TRY(TableNamed(table));
  const std::string mode = TRY(TextMember(body, "mode"));
  if (!mode.empty()) {
    const auto parsed = transfer::ParseLoadMode(mode);
    if (!parsed)
      return Wrong("'mode' must be append, replace, upsert or delete, not '" + mode + "'");
    request.mode = *parsed;
  }
  const std::string format = TRY(TextMember(body, "format"));
  if (!format.empty()) {
    request.format = transfer::ParseFileFormat(format);
    if (!request.format)
      return Wrong("'format' must be csv, jsonl, parquet or avro, not '" + format + "'");
  }
  const auto schema = body.find("schema");
  if (schema != body.end() && schema->is_object()) {
    request.schema = DumpJson(*schema);
  } else {
    request.schema = TRY(TextMember(body, "schema"));
  }
  request.key = TRY(Texts(body, "key"));
  return request;
}

Json BadRowJson(const transfer::BadRow& row) {
  Json json = {{"file", row.file}, {"reason", row.reason}};
  if (row.number > 0) json[row.is_line ? "line" : "row"] = row.number;
  if (!row.column.empty()) json["column"] = row.column;
  return json;
}

Json ReportJson(const LoadRequest& request, const LoadReport& report) {
  Json bad = Json::array();
  for (const transfer::BadRow& row : report.listed)
    if (!row.file.empty()) bad.push_back(BadRowJson(row));
  return {{"table", lake::TextOf(request.table)},
          {"mode", transfer::NameOf(request.mode)},
          {"rows", report.rows},
          {"rows_added", report.rows_added},
          {"rows_deleted", report.rows_deleted},
          {"files", report.files},
          {"bad_row_count", report.bad_rows},
          {"bad_rows", std::move(bad)},
          {"table_created", report.table_made},
          {"columns_added", report.columns_added},
          {"snapshot_id", std::to_string(report.snapshot_id)}};
}

Result<http::Response> Run(transfer::Loads& loads, const std::string& id,
                           const LoadRequest& request) {
  LoadReport report;
  const Result<void> loaded = loads.Run(id, request, report);
  if (loaded.ok()) return JsonResponse(ReportJson(request, report));
  if (loaded.error().code != "load.bad_rows") return loaded.error();
  Json answer = ReportJson(request, report);
  return JsonResponse({{"error",
                        {{"code", 400},
                         {"message", loaded.error().message},
                         {"reason", loaded.error().code},
                         {"bad_row_count", answer["bad_row_count"]},
                         {"bad_rows", answer["bad_rows"]}}}},
                      400);
}

Result<http::Response> LoadUris(transfer::Loads& loads, const http::Request& http) {
  const Json body = TRY(ObjectBody(http));
  TRY(CheckMembers(body, {"table", "sources", "format", "schema", "key", "mode", "options", "id"}));
  LoadRequest request = TRY(RequestOf(body));
  request.sources = TRY(Texts(body, "sources"));
  if (request.sources.empty())
    return Wrong(R"('sources' is missing: ["gs://bucket/folder/*.csv"])");
  const auto options = body.find("options");
  if (options != body.end() && !options->is_null()) {
    if (!options->is_object()) return Wrong("'options' must be an object");
    TRY(ReadOptions(*options, request));
  }
  const std::string id = TRY(TextMember(body, "id"));
  return Run(loads, id, request);
}

// The body goes to a file; the load begins when it is there.
class UploadSink final : public http::BodySink {
 public:
  UploadSink(transfer::Loads& loads, std::string id, LoadRequest request, std::string path,
             os::File file)
      : loads_(loads),
        id_(std::move(id)),
        request_(std::move(request)),
        path_(std::move(path)),
        file_(std::move(file)) {}
  ~UploadSink() override { (void)os::Remove(path_).ok(); }

  Result<void> Write(std::string_view bytes) override {
    TRY(file_.WriteAt(size_, bytes));
    size_ += bytes.size();
    return {};
  }
  Result<http::Response> Finish() override {
    file_.Close();
    request_.uploads[0].path = path_;
    return Run(loads_, id_, request_);
  }

 private:
  transfer::Loads& loads_;
  const std::string id_;
  LoadRequest request_;
  const std::string path_;
  os::File file_;
  uint64_t size_ = 0;
};

Result<std::unique_ptr<http::BodySink>> LoadBody(transfer::Loads& loads,
                                                 const http::Request& http) {
  Json body = Json::object();
  Json options = Json::object();
  Json key = Json::array();
  std::string name = "upload";
  for (const auto& [parameter, value] : http.query) {
    if (parameter == "key")
      key.push_back(value);
    else if (parameter == "name")
      name = value;
    else if (parameter == "table" || parameter == "format" || parameter == "schema" ||
             parameter == "mode" || parameter == "id")
      body[parameter] = value;
    else
      options[parameter] = value;
  }
  body["key"] = std::move(key);
  LoadRequest request = TRY(RequestOf(body));
  TRY(ReadOptions(options, request));
  request.uploads.push_back({std::move(name), ""});
  if (!request.format && !transfer::FileFormatOf(request.uploads[0].name))
    return Wrong(
        "the parameter 'name' (the file's) or 'format' must say csv, jsonl, parquet or "
        "avro");
  std::string id = TRY(TextMember(body, "id"));
  std::string path = TRY(loads.NewUpload());
  os::File file = TRY(os::File::Open(path, os::File::Mode::kCreateNew));
  return std::make_unique<UploadSink>(loads, std::move(id), std::move(request), std::move(path),
                                      std::move(file));
}

}  // namespace

void AddLoadRoutes(http::Router& router, transfer::Loads& loads) {
  Add(router, http::Method::kPost, "/api/v1/load", "admin.tables.load",
      [&loads](http::Request& request) { return LoadUris(loads, request); });
  http::Route upload;
  upload.method = http::Method::kPost;
  upload.pattern = "/api/v1/load/upload";
  upload.action = "admin.tables.load";
  upload.handler =
      http::StreamHandler([&loads](http::Request& request) { return LoadBody(loads, request); });
  upload.body_bytes_max = kUploadBytesMax;
  upload.style = &Style();
  router.Add(std::move(upload));
  Add(router, http::Method::kGet, "/api/v1/loads", "admin.tables.loads",
      [&loads](http::Request&) -> Result<http::Response> {
        Json list = Json::array();
        for (const transfer::LoadInfo& load : loads.List())
          list.push_back({{"id", load.id},
                          {"table", load.table},
                          {"mode", transfer::NameOf(load.mode)},
                          {"started", FormatRfc3339(load.started)},
                          {"rows", load.rows},
                          {"files", load.files},
                          {"files_done", load.files_done},
                          {"committing", load.committing}});
        return JsonResponse({{"loads", std::move(list)}});
      });
}

}  // namespace caudal::api::admin
