#include <algorithm>
#include <chrono>

#include "api/admin/handlers.h"

namespace caudal::api::admin {
namespace {

constexpr int kFollowBatch = 500;
constexpr int kFollowWaitMs = 100;
constexpr std::chrono::seconds kHeartbeat{15};

Result<events::Filter> FilterOf(const http::Request& request) {
  events::Filter filter;
  filter.bucket = TextParameter(request, "bucket");
  filter.prefix = TextParameter(request, "prefix");
  filter.glob = TextParameter(request, "glob");
  for (std::string_view name : request.query.All("type")) {
    const auto type = events::ParseEventType(name);
    if (!type)
      return MakeError(ErrorKind::kInvalid,
                       "the parameter 'type' must be OBJECT_FINALIZE, OBJECT_DELETE, "
                       "OBJECT_ARCHIVE or OBJECT_METADATA_UPDATE, not '" +
                           std::string(name) + "'");
    filter.types.push_back(*type);
  }
  return filter;
}

Result<http::Response> List(const AdminDependencies& deps, const http::Request& request) {
  const events::Filter filter = TRY(FilterOf(request));
  const int64_t before = TRY(IntParameter(request, "before", 0, 0, INT64_MAX));
  const int64_t limit = TRY(IntParameter(request, "limit", 100, 1, 1000));
  const bool resources = TRY(FlagParameter(request, "resource", false));
  const std::vector<events::Event> page =
      TRY(deps.outbox.List(filter, before, static_cast<int>(limit)));
  Json list = Json::array();
  for (const events::Event& event : page) list.push_back(EventJson(event, resources));
  Json json = {{"events", std::move(list)}};
  if (static_cast<int64_t>(page.size()) == limit) json["next_before"] = page.back().sequence;
  return JsonResponse(json);
}

// JSON lines, oldest first; an empty line now and then, so that a client that went away is noticed.
class Follower {
 public:
  Follower(Dependencies deps, events::Filter filter, int64_t after, bool resources)
      : deps_(std::move(deps)), filter_(std::move(filter)), after_(after), resources_(resources) {}

  Result<http::StreamBody::Piece> Next() {
    http::StreamBody::Piece piece;
    if (deps_->stopping()) {
      piece.last = true;
      return piece;
    }
    const int64_t last = TRY(deps_->outbox.LastSequence());
    if (last > after_) {
      const std::vector<events::Event> batch =
          TRY(deps_->outbox.Follow(filter_, after_, kFollowBatch));
      for (const events::Event& event : batch)
        piece.bytes += DumpJson(EventJson(event, resources_)) + "\n";
      // What doesn't match is passed over, so that it isn't read again at every turn.
      after_ = static_cast<int>(batch.size()) == kFollowBatch ? batch.back().sequence
               : batch.empty()                                ? std::max(after_, last)
                               : std::max(batch.back().sequence, last);
    }
    const auto now = std::chrono::steady_clock::now();
    if (piece.bytes.empty() && now - sent_ > kHeartbeat) piece.bytes = "\n";
    if (!piece.bytes.empty()) {
      sent_ = now;
    } else {
      piece.wait_ms = kFollowWaitMs;
    }
    return piece;
  }

 private:
  Dependencies deps_;
  events::Filter filter_;
  int64_t after_;
  bool resources_;
  std::chrono::steady_clock::time_point sent_ = std::chrono::steady_clock::now();
};

Result<http::Response> Tail(const Dependencies& deps, const http::Request& request) {
  events::Filter filter = TRY(FilterOf(request));
  const int64_t last = TRY(deps->outbox.LastSequence());
  const int64_t after = TRY(IntParameter(request, "after", last, 0, INT64_MAX));
  const bool resources = TRY(FlagParameter(request, "resource", false));
  TRY(deps->outbox.Follow(filter, after, 1));  // a filter that is wrong is said before the stream
  http::Response response;
  response.headers.Set("Content-Type", "application/x-ndjson");
  response.headers.Set("Cache-Control", "no-store");
  auto follower = std::make_shared<Follower>(deps, std::move(filter), after, resources);
  response.body = http::StreamBody{[follower] { return follower->Next(); }};
  return response;
}

}  // namespace

void AddEventRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/api/v1/events", "admin.events.list",
      [deps = dependencies](http::Request& request) { return List(*deps, request); });
  Add(router, http::Method::kGet, "/api/v1/events/tail", "admin.events.list",
      [deps = dependencies](http::Request& request) { return Tail(deps, request); });
}

}  // namespace caudal::api::admin
