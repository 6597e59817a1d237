// POST /api/v1/tables/{dataset}/{table}/rebuild: lines of JSON, how far it is, and how it ended.
#include <memory>
#include <utility>

#include "api/admin/handlers.h"
#include "api/admin/source_routes.h"
#include "api/admin/task_lines.h"
#include "lake/catalog/names.h"

namespace caudal::api {
namespace {

using pipeline::RebuildProgress;
using pipeline::RebuildReport;
using pipeline::RebuildStep;

std::string_view NameOf(RebuildStep step) {
  switch (step) {
    case RebuildStep::kReading:
      return "reading";
    case RebuildStep::kReplaying:
      return "replaying";
    case RebuildStep::kCommitting:
      return "committing";
  }
  return "";
}

Json ProgressJson(const RebuildProgress& progress) {
  return {{"state", NameOf(progress.step)},
          {"changes", progress.changes},
          {"changes_left", progress.changes_left}};
}

Json ReportJson(const RebuildReport& report) {
  return {{"table", lake::TextOf(report.table)},
          {"changes", report.changes},
          {"rows", report.rows},
          {"quarantined", report.quarantined},
          {"position", report.position.empty() ? Json(nullptr) : Json(report.position)},
          {"seconds", report.seconds}};
}

Result<http::Response> Rebuild(Sources& sources, const http::Request& request) {
  TRY(admin::ObjectBody(request));
  const lake::TableName table{lake::SplitAtDots(request.Path("dataset")),
                              std::string(request.Path("table"))};
  std::shared_ptr<pipeline::Rebuild> rebuild = TRY(sources.Rebuild(table));
  return admin::AnswerTask<RebuildProgress, RebuildReport>(std::move(rebuild), ProgressJson,
                                                           ReportJson);
}

}  // namespace

void AddRebuildRoutes(http::Router& router, Sources& sources) {
  admin::Add(router, http::Method::kPost, "/api/v1/tables/{dataset}/{table}/rebuild",
             "admin.tables.rebuild",
             [&sources](http::Request& request) { return Rebuild(sources, request); });
}

}  // namespace caudal::api
