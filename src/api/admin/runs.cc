#include <charconv>

#include "api/admin/handlers.h"
#include "data/timestamp.h"

namespace caudal::api::admin {
namespace {

constexpr int64_t kLogBytesMax = 16 << 20;

Json OutputJson(const sched::RunOutput& output) {
  Json json = {{"uri", output.uri}, {"bytes", output.bytes}};
  if (output.generation != 0) json["generation"] = std::to_string(output.generation);
  if (output.rows) json["rows"] = *output.rows;
  return json;
}

Result<http::Response> List(const AdminDependencies& deps, const http::Request& request) {
  sched::RunQuery query;
  query.kind = TextParameter(request, "kind");
  query.job = TextParameter(request, "job");
  query.key = TextParameter(request, "event");
  const std::string status = TextParameter(request, "status");
  if (!status.empty()) {
    query.status = sched::ParseRunStatus(status);
    if (!query.status)
      return MakeError(ErrorKind::kInvalid,
                       "the parameter 'status' must be running, succeeded, failed or interrupted");
  }
  query.before = TRY(IntParameter(request, "before", 0, 0, INT64_MAX));
  const int64_t limit = TRY(IntParameter(request, "limit", 100, 1, 1000));
  query.limit = static_cast<int>(limit);
  const std::vector<sched::RunRecord> page = TRY(deps.runs.List(query));
  Json list = Json::array();
  for (const sched::RunRecord& run : page) list.push_back(RunJson(run));
  Json json = {{"runs", std::move(list)}};
  if (static_cast<int64_t>(page.size()) == limit) json["next_before"] = page.back().id;
  return JsonResponse(json);
}

Result<http::Response> Logs(const AdminDependencies& deps, const http::Request& request) {
  const int64_t id = TRY(IdIn(request, "id", "run"));
  const int64_t bytes = TRY(IntParameter(request, "bytes", 1 << 20, 1, kLogBytesMax));
  const std::string text = TRY(deps.runs.ReadLog(id, static_cast<uint64_t>(bytes)));
  return JsonResponse({{"run", id}, {"text", text}});
}

}  // namespace

Result<int64_t> IdIn(const http::Request& request, std::string_view name, std::string_view what) {
  const std::string& text = request.Path(name);
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size() && id > 0) return id;
  return MakeError(ErrorKind::kNotFound, "there is no " + std::string(what) + " '" + text + "'",
                   std::string(what) + ".not_found");
}

Json RunJson(const sched::RunRecord& run) {
  Json json = {{"id", run.id},
               {"kind", run.kind},
               {"job", run.job},
               {"trigger", run.trigger},
               {"input", run.input},
               {"event", run.key},
               {"sequence", run.sequence},
               {"attempt", run.attempt},
               {"status", sched::NameOf(run.status)},
               {"queued", FormatRfc3339(run.queued)},
               {"started", FormatRfc3339(run.started)},
               {"report", run.report}};
  if (run.ended > 0) {
    json["ended"] = FormatRfc3339(run.ended);
    json["duration_ms"] = (run.ended - run.started) / 1000;
  }
  if (run.rows_in) json["rows_in"] = *run.rows_in;
  if (run.rows_accepted) json["rows_accepted"] = *run.rows_accepted;
  if (run.rows_quarantined) json["rows_quarantined"] = *run.rows_quarantined;
  Json outputs = Json::array();
  for (const sched::RunOutput& output : run.outputs) outputs.push_back(OutputJson(output));
  json["outputs"] = std::move(outputs);
  if (run.error_kind) json["error_kind"] = NameOf(*run.error_kind);
  if (!run.error.empty()) json["error"] = run.error;
  return json;
}

void AddRunRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/api/v1/runs", "admin.runs.list",
      [deps = dependencies](http::Request& request) { return List(*deps, request); });
  Add(router, http::Method::kGet, "/api/v1/runs/{id}", "admin.runs.get",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        const int64_t id = TRY(IdIn(request, "id", "run"));
        const sched::RunRecord run = TRY(deps->runs.Get(id));
        return JsonResponse(RunJson(run));
      });
  Add(router, http::Method::kGet, "/api/v1/runs/{id}/logs", "admin.runs.logs",
      [deps = dependencies](http::Request& request) { return Logs(*deps, request); });
  Add(router, http::Method::kPost, "/api/v1/runs/{id}/replay", "admin.functions.replay",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        const int64_t id = TRY(IdIn(request, "id", "run"));
        TRY(deps->functions.ReplayRun(id));
        return JsonResponse({{"replayed", 1}});
      });
}

}  // namespace caudal::api::admin
