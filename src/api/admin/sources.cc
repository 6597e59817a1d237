#include <algorithm>

#include "api/admin/handlers.h"
#include "api/admin/source_routes.h"
#include "data/timestamp.h"
#include "lake/catalog/names.h"

namespace caudal::api {
namespace {

namespace pg = capture::postgres;

Json TimeOrNull(const std::optional<Micros>& time) {
  return time ? Json(FormatRfc3339(*time)) : Json(nullptr);
}

// What isn't right, of both halves: what captures and what applies.
Json ErrorJson(const pipeline::SourceStatus& status) {
  const pg::CaptureStatus& capture = status.capture;
  const bool applying = !capture.error && status.apply_error.has_value();
  const std::optional<Error>& error = applying ? status.apply_error : capture.error;
  if (!error) return nullptr;
  const bool again =
      applying ? !status.apply_stopped : capture.state == pg::CaptureState::kRetrying;
  Json json = {{"message", error->message}, {"code", error->code}, {"tries_again", again}};
  if (!capture.remedy.empty() && !applying) json["remedy"] = capture.remedy;
  return json;
}

}  // namespace

Json SourceInfoJson(const SourceInfo& info) {
  const pipeline::SourceStatus& status = info.status;
  const pg::CaptureStatus& capture = status.capture;
  Json json = {{"name", info.name},
               {"kind", info.kind},
               {"place", info.place},
               {"dataset", info.dataset},
               {"slot", info.slot},
               {"publication", info.publication},
               {"state", pg::NameOf(StateOf(status))},
               {"position", status.visible.Text()},
               {"landed", capture.landed.Text()},
               {"server_end", capture.server_end.Text()},
               {"lag_bytes", status.lag_bytes},
               {"lag_seconds", status.lag_seconds ? Json(*status.lag_seconds) : Json(nullptr)},
               {"committed_at", TimeOrNull(status.committed_at)},
               {"applied_at", TimeOrNull(status.applied_at)},
               {"batches_waiting", status.batches_landed},
               {"rows_landed", capture.rows},
               {"bytes_landed", capture.bytes},
               {"batches", capture.batches},
               {"rows_applied", status.rows_applied},
               {"commits", status.commits},
               {"in_progress_bytes", capture.streamed_bytes},
               {"quarantined", info.quarantined},
               {"slot_bytes", capture.retained_bytes}};
  if (!capture.wal_status.empty()) json["slot_status"] = capture.wal_status;
  if (capture.reading) {
    const pg::CaptureStatus::Reading& reading = *capture.reading;
    json["snapshot"] = {
        {"chunks", reading.chunks},
        {"chunks_read", reading.chunks_read},
        {"rows", reading.rows},
        {"seconds_left", reading.seconds_left ? Json(*reading.seconds_left) : Json(nullptr)}};
  }
  Json error = ErrorJson(status);
  if (!error.is_null()) json["error"] = std::move(error);
  return json;
}

namespace {

std::string_view NameOf(capture::TableState state) {
  switch (state) {
    case capture::TableState::kNew:
      return "waiting";
    case capture::TableState::kReading:
      return "snapshot";
    case capture::TableState::kRead:
      return "streaming";
  }
  return "";
}

Json CapturedJson(const pipeline::SourceTableStatus& table) {
  const capture::CapturedTable& captured = table.captured;
  // All of it is landed a moment before it is seen.
  const bool hidden =
      captured.state == capture::TableState::kRead && captured.shown != captured.incarnation;
  const capture::TableState seen = hidden ? capture::TableState::kReading : captured.state;
  return {
      {"schema", captured.schema},
      {"name", captured.table},
      {"id", captured.folder},
      {"table", lake::TextOf(table.tables.replica)},
      {"history", lake::TextOf(table.tables.history)},
      {"incarnation", captured.incarnation},
      {"state", NameOf(seen)},
      {"rows_read", captured.rows_read},
      {"rows_estimate", captured.rows_estimate < 0 ? Json(nullptr) : Json(captured.rows_estimate)},
      {"chunks", captured.chunks},
      {"chunks_done", captured.chunks_done},
      {"changes_landed", table.changes_landed},
      {"changes_applied", table.changes_applied},
      {"quarantined", table.quarantined},
      {"started_at", TimeOrNull(captured.started_at)},
      {"finished_at", TimeOrNull(captured.finished_at)}};
}

Json FindingJson(const pg::Finding& finding) {
  return {{"severity", pg::NameOf(finding.severity)},
          {"code", finding.code},
          {"object", finding.object},
          {"what", finding.what},
          {"cause", finding.cause},
          {"remedy", finding.remedy},
          {"sql", finding.sql}};
}

Json TableJson(const pg::SourceTable& table) {
  Json key = Json::array();
  for (const int16_t attnum : table.primary_key)
    if (const pg::SourceColumn* column = table.Find(attnum)) key.push_back(column->name);
  return {{"schema", table.schema},
          {"name", table.name},
          {"target", pg::TargetName(table)},
          {"columns", table.columns.size()},
          {"key", std::move(key)},
          {"partitions", table.partitions.size()},
          {"rows_estimate", table.rows_estimate < 0 ? Json(nullptr) : Json(table.rows_estimate)}};
}

Result<http::Response> Show(const Sources& sources, const http::Request& request) {
  const std::string name(request.Path("name"));
  const std::vector<SourceInfo> all = sources.List();
  const auto found = std::ranges::find(all, name, &SourceInfo::name);
  if (found == all.end())
    return MakeError(ErrorKind::kNotFound, "there is no source '" + name + "'", "source.not_found");
  Json json = SourceInfoJson(*found);
  json["tables"] = Json::array();
  for (const pipeline::SourceTableStatus& table : TRY(sources.Tables(name)))
    json["tables"].push_back(CapturedJson(table));
  return admin::JsonResponse(std::move(json));
}

Result<http::Response> ReadAnew(Sources& sources, http::Request& request) {
  const Json body = TRY(admin::ObjectBody(request));
  std::vector<std::string> tables;
  const bool all = body.value("all", false);
  if (const auto named = body.find("tables"); named != body.end() && named->is_array())
    for (const Json& table : *named)
      if (table.is_string()) tables.push_back(table.get<std::string>());
  if (all != tables.empty())
    return MakeError(ErrorKind::kInvalid,
                     "name the tables to be read anew in \"tables\", or say \"all\": true",
                     "source.resnapshot");
  TRY(sources.ReadAnew(std::string(request.Path("name")), tables));
  return admin::JsonResponse(Json::object());
}

}  // namespace

Json SourceReportJson(const std::string& name, const pg::SourceReport& report) {
  Json findings = Json::array();
  for (const pg::Finding& finding : report.findings) findings.push_back(FindingJson(finding));
  Json tables = Json::array();
  for (const pg::SourceTable& table : report.catalog.tables) tables.push_back(TableJson(table));
  const int version = report.server_version;
  return {{"source", name},
          {"place", report.place},
          {"fine", report.fine()},
          {"server_version", version == 0 ? Json(nullptr)
                                          : Json(std::to_string(version / 10000) + "." +
                                                 std::to_string(version % 10000))},
          {"system_id", report.identity.system_id},
          {"timeline", report.identity.timeline},
          {"findings", std::move(findings)},
          {"tables", std::move(tables)}};
}

void AddSourceRoutes(http::Router& router, Sources& sources) {
  admin::Add(router, http::Method::kGet, "/api/v1/sources", "admin.sources.list",
             [&sources](http::Request&) -> Result<http::Response> {
               Json list = Json::array();
               for (const SourceInfo& info : sources.List()) list.push_back(SourceInfoJson(info));
               return admin::JsonResponse({{"sources", std::move(list)}});
             });
  admin::Add(router, http::Method::kGet, "/api/v1/sources/{name}", "admin.sources.get",
             [&sources](http::Request& request) { return Show(sources, request); });
  admin::Add(router, http::Method::kGet, "/api/v1/sources/{name}/check", "admin.sources.check",
             [&sources](http::Request& request) -> Result<http::Response> {
               const std::string name(request.Path("name"));
               const pg::SourceReport report = TRY(sources.Check(name));
               return admin::JsonResponse(SourceReportJson(name, report));
             });
  admin::Add(router, http::Method::kPost, "/api/v1/sources/{name}/restart", "admin.sources.restart",
             [&sources](http::Request& request) -> Result<http::Response> {
               TRY(sources.Restart(std::string(request.Path("name"))));
               return admin::JsonResponse(Json::object());
             });
  admin::Add(router, http::Method::kPost, "/api/v1/sources/{name}/resnapshot",
             "admin.sources.resnapshot",
             [&sources](http::Request& request) { return ReadAnew(sources, request); });
  AddVerifyRoutes(router, sources);
  AddRebuildRoutes(router, sources);
}

}  // namespace caudal::api
