#include "api/admin/handlers.h"
#include "data/timestamp.h"

namespace caudal::api::admin {
namespace {

constexpr int kLogWaitMs = 100;
constexpr uint64_t kLogPiece = 64u << 10;

using functions::FunctionInfo;

Json TriggerJson(const events::Filter& trigger) {
  Json types = Json::array();
  for (const events::EventType type : trigger.types)
    types.push_back(events::NotificationName(type));
  Json json = {{"bucket", trigger.bucket}, {"types", std::move(types)}};
  if (!trigger.prefix.empty()) json["prefix"] = trigger.prefix;
  if (!trigger.glob.empty()) json["glob"] = trigger.glob;
  return json;
}

// Names of variables only: values may be secrets.
Json FunctionJson(const FunctionInfo& info, const sched::JobCounts& counts,
                  const events::SubscriberStats& deliveries) {
  Json names = Json::array();
  for (const auto& [name, value] : info.spec.environment) names.push_back(name);
  Json runs = Json::object();
  for (const auto status : {sched::RunStatus::kRunning, sched::RunStatus::kSucceeded,
                            sched::RunStatus::kFailed, sched::RunStatus::kInterrupted})
    runs[std::string(sched::NameOf(status))] = counts.Of(status);
  Json json = {{"name", info.spec.name},
               {"kind", functions::KindOf(info.spec)},
               {"state", functions::NameOf(info.status.state)},
               {"detail", info.status.detail},
               {"facts", info.status.facts},
               {"trigger", TriggerJson(info.spec.trigger)},
               {"timeout_ms", info.spec.timeout.count()},
               {"memory_bytes", info.spec.memory_bytes},
               {"concurrency", info.spec.concurrency},
               {"environment", std::move(names)},
               {"subscriber", functions::SubscriberOf(info.spec.name)},
               {"queued", info.queued},
               {"running", info.running},
               {"pending", deliveries.pending},
               {"dead", deliveries.dead},
               {"runs", std::move(runs)},
               {"run_p50_us", info.run_p50_us},
               {"run_p99_us", info.run_p99_us}};
  if (counts.last_run > 0) json["last_run"] = counts.last_run;
  return json;
}

// What the records and the deliveries know of the functions, read once for all.
class Counts {
 public:
  static Result<Counts> Read(const AdminDependencies& deps) {
    Counts counts;
    const std::vector<sched::JobCounts> jobs = TRY(deps.runs.Counts(functions::kRunKind));
    for (const sched::JobCounts& job : jobs) counts.jobs_[job.job] = job;
    for (const events::SubscriberStats& stats : deps.dispatcher.Stats())
      counts.deliveries_[stats.name] = stats;
    return counts;
  }
  Json Of(const FunctionInfo& info) {
    return FunctionJson(info, jobs_[info.spec.name],
                        deliveries_[functions::SubscriberOf(info.spec.name)]);
  }

 private:
  std::map<std::string, sched::JobCounts> jobs_;
  std::map<std::string, events::SubscriberStats> deliveries_;
};

Result<http::Response> List(const AdminDependencies& deps) {
  Counts counts = TRY(Counts::Read(deps));
  Json list = Json::array();
  for (const FunctionInfo& info : deps.functions.List()) list.push_back(counts.Of(info));
  return JsonResponse({{"functions", std::move(list)}});
}

Result<http::Response> Get(const AdminDependencies& deps, const http::Request& request) {
  const FunctionInfo info = TRY(deps.functions.Get(request.Path("name")));
  Counts counts = TRY(Counts::Read(deps));
  return JsonResponse(counts.Of(info));
}

// One event by its sequence, or all the dead letters there are.
Result<http::Response> Replay(const AdminDependencies& deps, const http::Request& request) {
  const std::string& name = request.Path("name");
  const FunctionInfo info = TRY(deps.functions.Get(name));
  const Json body = TRY(ObjectBody(request));
  if (body.contains("dead") && body["dead"] == true) {
    const int64_t replayed = TRY(deps.dispatcher.Replay(functions::SubscriberOf(name), 0));
    return JsonResponse({{"replayed", replayed}});
  }
  if (!body.contains("sequence") || !body["sequence"].is_number_integer())
    return MakeError(ErrorKind::kInvalid,
                     "say which events: 'sequence' (a whole number), or 'dead': true");
  TRY(deps.functions.Replay(name, body["sequence"].get<int64_t>()));
  return JsonResponse({{"replayed", 1}});
}

// The deployment's output as it grows, until it ends.
class DeployFollower {
 public:
  DeployFollower(Dependencies deps, std::string name)
      : deps_(std::move(deps)), name_(std::move(name)) {}

  Result<http::StreamBody::Piece> Next() {
    http::StreamBody::Piece piece;
    const Result<FunctionInfo> info = deps_->functions.Get(name_);
    const Result<std::string> text = deps_->functions.DeployLog(name_, offset_, kLogPiece);
    if (!info.ok() || !text.ok() || deps_->stopping()) {
      piece.last = true;
      return piece;
    }
    offset_ += text->size();
    piece.bytes = *text;
    // Asked before the text was read: what came in between comes now.
    piece.last = text->empty() && !info->status.facts.value("deploying", false);
    if (text->empty()) piece.wait_ms = kLogWaitMs;
    return piece;
  }

 private:
  const Dependencies deps_;
  const std::string name_;
  uint64_t offset_ = 0;
};

Result<http::Response> FollowDeploy(const Dependencies& deps, const http::Request& request) {
  const std::string& name = request.Path("name");
  TRY(deps->functions.Get(name));
  http::Response response;
  response.headers.Set("Content-Type", "text/plain; charset=utf-8");
  response.headers.Set("Cache-Control", "no-store");
  auto follower = std::make_shared<DeployFollower>(deps, name);
  response.body = http::StreamBody{[follower] { return follower->Next(); }};
  return response;
}

}  // namespace

void AddFunctionRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/api/v1/functions", "admin.functions.list",
      [deps = dependencies](http::Request&) { return List(*deps); });
  Add(router, http::Method::kGet, "/api/v1/functions/{name}", "admin.functions.get",
      [deps = dependencies](http::Request& request) { return Get(*deps, request); });
  Add(router, http::Method::kPost, "/api/v1/functions/{name}/replay", "admin.functions.replay",
      [deps = dependencies](http::Request& request) { return Replay(*deps, request); });
  Add(router, http::Method::kPost, "/api/v1/functions/{name}/deploy", "admin.functions.deploy",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        TRY(deps->functions.Deploy(request.Path("name")));
        return JsonResponse({{"state", "deploying"}}, 202);
      });
  Add(router, http::Method::kGet, "/api/v1/functions/{name}/deploy", "admin.functions.get",
      [deps = dependencies](http::Request& request) { return FollowDeploy(deps, request); });
}

}  // namespace caudal::api::admin
