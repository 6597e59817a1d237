#include <algorithm>

#include "api/admin/handlers.h"
#include "api/admin/source_routes.h"

namespace caudal::api {
namespace {

namespace pg = capture::postgres;

Json InfoJson(const SourceInfo& info) {
  Json json = {{"name", info.name},       {"kind", info.kind}, {"place", info.place},
               {"dataset", info.dataset}, {"slot", info.slot}, {"publication", info.publication},
               {"state", info.state}};
  if (!info.error.empty()) json["error"] = {{"message", info.error}, {"remedy", info.remedy}};
  return json;
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

Result<http::Response> Show(const SourceDependencies& deps, const http::Request& request) {
  const std::vector<SourceInfo> all = deps.list();
  const auto found = std::ranges::find(all, request.Path("name"), &SourceInfo::name);
  if (found == all.end())
    return MakeError(ErrorKind::kNotFound,
                     "there is no source '" + std::string(request.Path("name")) + "'",
                     "source.not_found");
  return admin::JsonResponse(InfoJson(*found));
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

void AddSourceRoutes(http::Router& router, SourceDependencies dependencies) {
  const auto deps = std::make_shared<const SourceDependencies>(std::move(dependencies));
  admin::Add(router, http::Method::kGet, "/api/v1/sources", "admin.sources.list",
             [deps](http::Request&) -> Result<http::Response> {
               Json list = Json::array();
               for (const SourceInfo& info : deps->list()) list.push_back(InfoJson(info));
               return admin::JsonResponse({{"sources", std::move(list)}});
             });
  admin::Add(router, http::Method::kGet, "/api/v1/sources/{name}", "admin.sources.get",
             [deps](http::Request& request) { return Show(*deps, request); });
  admin::Add(router, http::Method::kGet, "/api/v1/sources/{name}/check", "admin.sources.check",
             [deps](http::Request& request) -> Result<http::Response> {
               const std::string name(request.Path("name"));
               const pg::SourceReport report = TRY(deps->check(name));
               return admin::JsonResponse(SourceReportJson(name, report));
             });
}

}  // namespace caudal::api
