// SQL over HTTP: POST /api/v1/query and the queries that run.
#include "api/admin/handlers.h"
#include "api/admin/running_queries.h"
#include "api/admin/running_query.h"

namespace caudal::api::admin {
namespace {

constexpr uint64_t kBodyBytesMax = 4u << 20;
// Most queries begin to answer within this time: their threads wait. For the others no thread does.
constexpr std::chrono::milliseconds kWaitHere{50};
constexpr size_t kParametersMax = 1000;

// What an answer holds while somebody wants it.
class Claim {
 public:
  explicit Claim(std::shared_ptr<RunningQuery> query) : query_(std::move(query)) {}
  ~Claim() { query_->Cancel(); }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  RunningQuery& query() const { return *query_; }

 private:
  const std::shared_ptr<RunningQuery> query_;
};

Result<engine::Value> ValueOf(const std::string& name, const Json& json) {
  const auto wrong = [&](std::string_view what) {
    return MakeError(ErrorKind::kInvalid, "the parameter '" + name + "' " + std::string(what));
  };
  if (json.is_null()) return engine::Value();
  if (json.is_boolean()) return engine::Value(json.get<bool>());
  if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX)
    return wrong("is too large for BIGINT: send it as text and cast it in the SQL");
  if (json.is_number_integer()) return engine::Value(json.get<int64_t>());
  if (json.is_number()) return engine::Value(json.get<double>());
  if (json.is_string()) return engine::Value(json.get<std::string>());
  if (!json.is_array())
    return wrong("must be null, true or false, a number, text, or a list of texts");
  std::vector<std::string> texts;
  for (const Json& item : json) {
    if (!item.is_string()) return wrong("is a list: it may hold texts only");
    texts.push_back(item.get<std::string>());
  }
  return engine::Value(std::move(texts));
}

Result<std::vector<query::Parameter>> ParametersOf(const Json& body) {
  std::vector<query::Parameter> parameters;
  const auto found = body.find("parameters");
  if (found == body.end() || found->is_null()) return parameters;
  if (!found->is_object() && !found->is_array())
    return MakeError(ErrorKind::kInvalid,
                     "'parameters' must be an object of names and values, or a list of values");
  if (found->size() > kParametersMax)
    return MakeError(ErrorKind::kInvalid, "there may be up to 1000 'parameters'");
  size_t position = 0;
  for (const auto& [key, value] : found->items()) {
    const std::string name = found->is_array() ? std::to_string(++position) : key;
    engine::Value bound = TRY(ValueOf(name, value));
    parameters.push_back({name, std::move(bound)});
  }
  return parameters;
}

Result<void> CheckMembers(const Json& body) {
  constexpr std::string_view kMembers[] = {"sql",        "format",   "default_dataset",
                                           "parameters", "query_id", "timeout_ms"};
  for (const auto& [key, value] : body.items()) {
    bool known = false;
    for (const std::string_view member : kMembers) known = known || key == member;
    if (!known)
      return MakeError(ErrorKind::kInvalid,
                       "the request body has a member '" + key +
                           "' that nothing reads; there are sql, format, default_dataset, "
                           "parameters, timeout_ms and query_id");
  }
  return {};
}

Result<query::QueryRequest> RequestOf(const Json& body, const http::Request& request) {
  query::QueryRequest out;
  out.sql = TRY(TextMember(body, "sql"));
  if (out.sql.empty())
    return MakeError(ErrorKind::kInvalid,
                     R"('sql' is missing: send {"sql": "SELECT …", "format": "jsonl"})");
  out.default_dataset = TRY(TextMember(body, "default_dataset"));
  out.parameters = TRY(ParametersOf(body));
  out.client = request.principal.authenticated ? request.principal.name : request.peer;
  const auto timeout = body.find("timeout_ms");
  if (timeout == body.end() || timeout->is_null()) return out;
  if (!timeout->is_number_integer() || *timeout < 1)
    return MakeError(ErrorKind::kInvalid, "'timeout_ms' must be a whole number from 1");
  constexpr int64_t kDay = 86'400'000;
  out.timeout = std::chrono::milliseconds(*timeout < kDay ? timeout->get<int64_t>() : kDay);
  return out;
}

Result<query::Format> FormatOf(const Json& body) {
  const std::string name = TRY(TextMember(body, "format"));
  if (name.empty()) return query::Format::kJsonLines;
  if (const auto format = query::ParseFormat(name)) return *format;
  return MakeError(ErrorKind::kInvalid,
                   "'format' must be jsonl, csv, arrow or parquet, not '" + name + "'");
}

Result<http::Response> RunQuery(RunningQueries& queries, const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  TRY(CheckMembers(body));
  query::QueryRequest query = TRY(RequestOf(body, request));
  const query::Format format = TRY(FormatOf(body));
  query.to_parquet = format == query::Format::kParquet;
  std::string id = TRY(TextMember(body, "query_id"));
  std::shared_ptr<RunningQuery> started =
      TRY(queries.Start(std::move(query), format, std::move(id)));
  const auto claim = std::make_shared<Claim>(std::move(started));
  if (claim->query().WaitForStart(kWaitHere)) return claim->query().Respond(claim);
  http::Response later;
  later.later = std::make_shared<http::LaterAnswer>();
  later.later->wait_ms = kUntilWoken_ms;
  later.later->waker = claim->query().waker();
  later.later->next = [claim]() -> Result<std::unique_ptr<http::Response>> {
    if (!claim->query().WaitForStart(std::chrono::milliseconds(0))) return nullptr;
    http::Response response = TRY(claim->query().Respond(claim));
    return std::make_unique<http::Response>(std::move(response));
  };
  return later;
}

}  // namespace

void AddQueryRoutes(http::Router& router, RunningQueries& queries) {
  http::Route run;
  run.method = http::Method::kPost;
  run.pattern = "/api/v1/query";
  run.action = "admin.queries.run";
  run.handler = [&queries](http::Request& request) { return RunQuery(queries, request); };
  run.body_bytes_max = kBodyBytesMax;
  run.style = &Style();
  router.Add(std::move(run));
  Add(router, http::Method::kGet, "/api/v1/queries", "admin.queries.list",
      [&queries](http::Request&) -> Result<http::Response> {
        return JsonResponse({{"queries", queries.List()}});
      });
  Add(router, http::Method::kGet, "/api/v1/queries/{id}", "admin.queries.get",
      [&queries](http::Request& request) -> Result<http::Response> {
        const Json query = TRY(queries.Get(request.Path("id")));
        return JsonResponse(query);
      });
  Add(router, http::Method::kDelete, "/api/v1/queries/{id}", "admin.queries.cancel",
      [&queries](http::Request& request) -> Result<http::Response> {
        TRY(queries.Cancel(request.Path("id")));
        return JsonResponse({{"cancelled", 1}});
      });
}

}  // namespace caudal::api::admin
