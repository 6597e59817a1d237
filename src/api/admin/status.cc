#include "api/admin/handlers.h"
#include "api/admin/source_routes.h"

namespace caudal::api::admin {
namespace {

Json SubscriberJson(const events::SubscriberStats& stats) {
  return {{"name", stats.name},
          {"delivered", stats.delivered},
          {"failed_attempts", stats.failed_attempts},
          {"pending", stats.pending},
          {"dead", stats.dead},
          {"start_p50_us", stats.start_p50_us},
          {"start_p99_us", stats.start_p99_us}};
}

Json SubscribersJson(const AdminDependencies& deps) {
  Json list = Json::array();
  for (const events::SubscriberStats& stats : deps.dispatcher.Stats())
    list.push_back(SubscriberJson(stats));
  return list;
}

Result<http::Response> Status(const AdminDependencies& deps) {
  const objects::StoreStats store = deps.store.Stats();
  const meta::DatabaseStats meta = deps.database.stats();
  const http::ServerStats http = deps.http_stats();
  Json json = deps.about();
  json["state"] = deps.stopping() ? "stopping" : store.disk_full ? "disk_full" : "ready";
  json["schema"] = deps.database.schema_version();
  json["storage"] = {{"buckets", store.buckets},
                     {"objects", store.objects},
                     {"bytes", store.bytes},
                     {"journal_bytes", store.journal_bytes},
                     {"uploads_open", store.uploads_open},
                     {"garbage", store.garbage},
                     {"disk_full", store.disk_full}};
  const int64_t last_sequence = TRY(deps.outbox.LastSequence());
  json["events"] = {{"last_sequence", last_sequence}, {"subscribers", SubscribersJson(deps)}};
  int64_t functions_ready = 0;
  const std::vector<functions::FunctionInfo> functions = deps.functions.List();
  for (const functions::FunctionInfo& info : functions)
    functions_ready += info.status.state == functions::RunnerStatus::State::kReady ? 1 : 0;
  json["functions"] = {{"count", functions.size()}, {"ready", functions_ready}};
  json["sources"] = Json::array();
  if (deps.sources != nullptr)
    for (const SourceInfo& info : deps.sources->List())
      json["sources"].push_back(SourceInfoJson(info));
  json["http"] = {{"connections_open", http.connections_open},
                  {"requests", http.requests},
                  {"responses_5xx", http.responses_5xx},
                  {"bytes_in", http.bytes_in},
                  {"bytes_out", http.bytes_out}};
  json["metadata"] = {
      {"commits", meta.commits}, {"writes", meta.writes}, {"wal_bytes", meta.wal_bytes}};
  return JsonResponse(json);
}

}  // namespace

void AddStatusRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/api/v1/status", "admin.status.get",
      [deps = dependencies](http::Request&) { return Status(*deps); });
  Add(router, http::Method::kGet, "/api/v1/subscribers", "admin.subscribers.list",
      [deps = dependencies](http::Request&) -> Result<http::Response> {
        return JsonResponse({{"subscribers", SubscribersJson(*deps)}});
      });
}

}  // namespace caudal::api::admin
