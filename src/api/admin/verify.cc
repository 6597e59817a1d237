// POST /api/v1/sources/{name}/verify: lines of JSON, how far it is, and at the end what it found.
#include <memory>
#include <utility>

#include "api/admin/handlers.h"
#include "api/admin/source_routes.h"
#include "api/admin/task_lines.h"
#include "lake/catalog/names.h"

namespace caudal::api {
namespace {

using pipeline::DifferenceKind;
using pipeline::ShownDifference;
using pipeline::Verification;
using pipeline::VerifiedTable;
using pipeline::VerifyProgress;
using pipeline::VerifyReport;
using pipeline::VerifyStep;

std::string_view NameOf(VerifyStep step) {
  switch (step) {
    case VerifyStep::kWaiting:
      return "waiting";
    case VerifyStep::kComparing:
      return "comparing";
    case VerifyStep::kRepairing:
      return "repairing";
  }
  return "";
}

std::string_view NameOf(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::kMissing:
      return "missing";
    case DifferenceKind::kExtra:
      return "extra";
    case DifferenceKind::kChanged:
      return "changed";
  }
  return "";
}

Json ProgressJson(const VerifyProgress& progress) {
  return {{"state", NameOf(progress.step)},
          {"tables", progress.tables},
          {"tables_done", progress.tables_done},
          {"table", progress.table},
          {"rows", progress.rows},
          {"rows_about", progress.rows_about < 0 ? Json(nullptr) : Json(progress.rows_about)}};
}

Json DifferenceJson(const ShownDifference& difference) {
  Json columns = Json::array();
  for (const ShownDifference::Column& column : difference.columns)
    columns.push_back(
        {{"column", column.name}, {"source", column.source}, {"replica", column.replica}});
  return {{"kind", NameOf(difference.kind)},
          {"rows", difference.rows},
          {"key", difference.key},
          {"columns", std::move(columns)}};
}

Json TableJson(const VerifiedTable& table) {
  Json json = {{"id", table.captured.folder},
               {"table", lake::TextOf(table.names.replica)},
               {"quarantined", table.quarantined}};
  if (!table.not_compared.empty()) {
    json["state"] = "not_compared";
    json["reason"] = table.not_compared;
    return json;
  }
  const pipeline::TableComparison& found = table.comparison;
  json["state"] = found.equal() ? "equal" : "different";
  json["source_rows"] = found.source_rows;
  json["replica_rows"] = found.replica_rows;
  json["missing"] = found.missing;
  json["extra"] = found.extra;
  json["changed"] = found.changed;
  json["complete"] = found.complete;
  json["differences"] = Json::array();
  for (const ShownDifference& one : found.shown) json["differences"].push_back(DifferenceJson(one));
  json["rows_put"] = table.rows_put;
  json["rows_removed"] = table.rows_removed;
  if (!table.not_repaired.empty()) json["not_repaired"] = table.not_repaired;
  return json;
}

Json ReportJson(const std::string& source, const VerifyReport& report) {
  Json tables = Json::array();
  for (const VerifiedTable& table : report.tables) tables.push_back(TableJson(table));
  return {{"source", source},
          {"position", report.position.Text()},
          {"equal", report.equal()},
          {"seconds", report.seconds},
          {"tables", std::move(tables)}};
}

Result<http::Response> Verify(Sources& sources, const http::Request& request) {
  const Json body = TRY(admin::ObjectBody(request));
  pipeline::VerifyRequest wanted;
  for (const auto& [key, value] : body.items()) {
    const bool known =
        (key == "repair" && value.is_boolean()) || (key == "tables" && value.is_array());
    if (!known)
      return MakeError(ErrorKind::kInvalid,
                       "a verification takes \"tables\": [\"public.payments\", …] and \"repair\": "
                       "true, not \"" +
                           key + "\": " + DumpJson(value),
                       "source.verify");
  }
  wanted.repair = body.value("repair", false);
  for (const Json& table : body.value("tables", Json::array())) {
    if (!table.is_string())
      return MakeError(ErrorKind::kInvalid, "\"tables\" must be a list of texts", "source.verify");
    wanted.tables.push_back(table.get<std::string>());
  }
  const std::string name(request.Path("name"));
  std::shared_ptr<Verification> verification = TRY(sources.Verify(name, std::move(wanted)));
  return admin::AnswerTask<VerifyProgress, VerifyReport>(
      std::move(verification), ProgressJson,
      [name](const VerifyReport& report) { return ReportJson(name, report); });
}

}  // namespace

void AddVerifyRoutes(http::Router& router, Sources& sources) {
  admin::Add(router, http::Method::kPost, "/api/v1/sources/{name}/verify", "admin.sources.verify",
             [&sources](http::Request& request) { return Verify(sources, request); });
}

}  // namespace caudal::api
