// Queries over HTTP, against a real engine without tables.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "api/admin/handlers.h"
#include "api/admin/running_queries.h"
#include "engine/test_engine.h"
#include "http/test_client.h"
#include "http/test_server.h"

namespace caudal::api::admin {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class EngineQuery final : public query::Query {
 public:
  EngineQuery(std::unique_ptr<engine::Session> session,
              std::shared_ptr<query::QueryControl> control, std::atomic<int>& alive)
      : session_(std::move(session)), control_(std::move(control)), alive_(alive) {
    ++alive_;
  }
  ~EngineQuery() override {
    rows_.reset();
    control_->Detach();
    session_.reset();
    --alive_;
  }
  Result<void> Run(const query::QueryRequest& request) {
    TRY(control_->Attach(*session_));
    engine::Statement statement = engine::Sql(request.sql);
    for (const query::Parameter& each : request.parameters)
      statement.parameters.emplace_back(each.name, each.value);
    statement.trusted = request.to_parquet;
    rows_ = TRY(session_->Run(statement));
    return {};
  }
  engine::Rows& rows() override { return *rows_; }
  engine::Progress progress() const override { return session_->progress(); }
  void Cancel() override { session_->Cancel(); }
  const std::vector<query::QueryTable>& tables() const override { return tables_; }
  Result<engine::Output> TakeFile() override { return session_->TakeOutput("result.parquet"); }

 private:
  std::unique_ptr<engine::Session> session_;
  const std::shared_ptr<query::QueryControl> control_;
  std::unique_ptr<engine::Rows> rows_;
  std::vector<query::QueryTable> tables_;
  std::atomic<int>& alive_;
};

class EngineQueries final : public query::Queries {
 public:
  explicit EngineQueries(engine::Engine& engine) : engine_(engine) {}
  Result<std::unique_ptr<query::Query>> Run(const query::QueryRequest& request) override {
    engine::SessionRequest session;
    if (request.timeout) session.limits.time = *request.timeout;
    std::unique_ptr<engine::Session> opened = TRY(engine_.Open(session));
    auto query = std::make_unique<EngineQuery>(std::move(opened), request.control, alive);
    TRY(query->Run(request));
    return query;
  }
  std::atomic<int> alive{0};

 private:
  engine::Engine& engine_;
};

class QueryApi : public http::ServerTest {
 protected:
  QueryApi() {
    AddQueryRoutes(router_, *running_);
    Start();
  }
  ~QueryApi() override { server_.reset(); }

  static void Send(http::RawClient& client, const std::string& sql, const std::string& more = "") {
    const std::string body = "{\"sql\": " + Json(sql).dump() + more + "}";
    client.Request("POST /api/v1/query", "Content-Length: " + std::to_string(body.size()) + "\r\n",
                   body);
  }
  http::RawResponse Ask(const std::string& sql, const std::string& more = "") const {
    http::RawClient client(port_);
    Send(client, sql, more);
    return client.Read();
  }
  void ExpectRefused(int status, const std::string& message, const std::string& sql,
                     const std::string& more = "") const {
    const http::RawResponse response = Ask(sql, more);
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_THAT(response.body, HasSubstr(message));
  }
  // How long until no query is left; a minute and more: never.
  milliseconds UntilNoneIsLeft() const {
    const auto start = std::chrono::steady_clock::now();
    while (queries_.alive > 0 && std::chrono::steady_clock::now() - start < milliseconds(60'000))
      std::this_thread::sleep_for(milliseconds(1));
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  }
  void WaitForOne() const {
    for (int i = 0; i < 20'000 && queries_.alive == 0; ++i)
      std::this_thread::sleep_for(milliseconds(1));
    EXPECT_EQ(queries_.alive, 1);
  }

  engine::TestEngine engine_{2};
  EngineQueries queries_{engine_.engine()};
  std::unique_ptr<RunningQueries> running_ =
      std::make_unique<RunningQueries>(queries_, SystemClock(), SystemRandom());
};

constexpr const char* kEndless = "SELECT count(*) FROM range(10000000) a, range(10000000) b";
constexpr const char* kLong = "SELECT i, i::VARCHAR AS t FROM range(50000000) t(i)";
// Fails in the middle, long after the first rows have left.
constexpr const char* kLateError =
    "SELECT (CASE WHEN i = 900000 THEN 'x' ELSE '1' END)::INTEGER AS a FROM range(1000000) t(i)";

TEST_F(QueryApi, AnswersInEachFormat) {
  const http::RawResponse lines = Ask("SELECT 1 AS a, 'x' AS b");
  EXPECT_EQ(lines.status, 200);
  EXPECT_THAT(lines.head, HasSubstr("Content-Type: application/x-ndjson"));
  EXPECT_THAT(lines.head, HasSubstr("X-Caudal-Query-Id: "));
  EXPECT_EQ(lines.body,
            "{\"schema\":[{\"name\":\"a\",\"type\":\"INTEGER\"},{\"name\":\"b\",\"type\":\"VARCHAR"
            "\"}]}\n[1,\"x\"]\n{\"rows\":1}\n");
  EXPECT_EQ(Ask("SELECT 1 AS a", R"(, "format": "csv")").body, "a\r\n1\r\n");
  EXPECT_TRUE(Ask("SELECT 1 AS a", R"(, "format": "arrow")").body.starts_with("\xFF\xFF\xFF\xFF"));
  const http::RawResponse parquet =
      Ask("COPY (SELECT 1 AS a) TO 'out/result.parquet'", R"(, "format": "parquet")");
  EXPECT_TRUE(parquet.body.starts_with("PAR1")) << parquet.body;
  EXPECT_THAT(parquet.head, HasSubstr("Content-Length"));
  EXPECT_EQ(Ask("SELECT 1 AS a WHERE false", R"(, "format": "csv")").body, "a\r\n");
}

TEST_F(QueryApi, BindsParameters) {
  EXPECT_THAT(Ask("SELECT $a, $b, $c, $d",
                  R"(, "parameters": {"a": "it's", "b": 5, "c": null, "d": ["x", "y"]})")
                  .body,
              HasSubstr("[\"it's\",\"5\",null,[\"x\",\"y\"]]"));
  EXPECT_THAT(Ask("SELECT $1, $2", R"(, "parameters": [1.5, true])").body, HasSubstr("[1.5,true]"));
  ExpectRefused(400, "'big' is too large", "SELECT $big",
                R"(, "parameters": {"big": 18446744073709551615})");
  ExpectRefused(400, "'a'", "SELECT $a", R"(, "parameters": {"a": {"x": 1}})");
  ExpectRefused(400, "'a' is a list", "SELECT $a", R"(, "parameters": {"a": [1]})");
}

TEST_F(QueryApi, ErrorsBeforeTheFirstRowAreStatuses) {
  ExpectRefused(400, "'sql' is missing", "");
  ExpectRefused(400, "'format' must be", "SELECT 1", R"(, "format": "xml")");
  ExpectRefused(400, "'fromat'", "SELECT 1", R"(, "fromat": "csv")");
  ExpectRefused(400, "'timeout_ms'", "SELECT 1", R"(, "timeout_ms": 0)");
  ExpectRefused(400, "syntax", "SELECT 1 +");
  ExpectRefused(400, "nowhere", "SELECT * FROM nowhere");
  ExpectRefused(501, "VARIANT", "SELECT 1::VARIANT AS v");
  ExpectRefused(504, "engine.time", kEndless, R"(, "timeout_ms": 100)");
  ExpectRefused(501, "more than 38 digits",
                "SELECT '170141183460469231731687303715884105727'::HUGEINT AS a",
                R"(, "format": "arrow")");
  // Later than a pool thread waits for it.
  ExpectRefused(400, "Could not convert",
                "SELECT max((CASE WHEN i = 30000000 THEN 'x' ELSE '1' END)::INTEGER) FROM "
                "range(30000001) t(i)");
}

TEST_F(QueryApi, ErrorsAfterItAreTheLastLineOrACut) {
  const http::RawResponse lines = Ask(kLateError);
  EXPECT_EQ(lines.status, 200);
  const std::string last = lines.body.substr(lines.body.rfind('\n', lines.body.size() - 2) + 1);
  EXPECT_THAT(last, HasSubstr("{\"error\":{\"message\":\"Conversion Error"));
  for (const char* format : {"csv", "arrow"})
    EXPECT_EQ(Ask(kLateError, R"(, "format": ")" + std::string(format) + "\"").status, 0);
}

TEST_F(QueryApi, AClientThatLeavesFreesTheWorker) {
  {
    http::RawClient client(port_);
    Send(client, kEndless);
    WaitForOne();
    std::this_thread::sleep_for(milliseconds(200));  // the pool doesn't wait for it any more
  }
  EXPECT_LT(UntilNoneIsLeft(), milliseconds(engine::kSanitized ? 5000 : 200));
  {
    http::RawClient client(port_);
    Send(client, kLong);
    EXPECT_TRUE(client.ReadSome());
    EXPECT_EQ(queries_.alive, 1);
  }
  EXPECT_LT(UntilNoneIsLeft(), milliseconds(engine::kSanitized ? 5000 : 200));
}

TEST_F(QueryApi, AClientThatReadsNothingHoldsUpTheQuery) {
  http::RawClient client(port_, 4096);
  Send(client, kLong, R"(, "query_id": "slow")");
  WaitForOne();
  int64_t rows = 0;
  for (int i = 0; i < 200; ++i) {
    const int64_t now = running_->Get("slow").value()["rows"].get<int64_t>();
    if (now > 0 && now == rows) break;
    rows = now;
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_GT(rows, 0);
  EXPECT_LT(rows, 2'000'000) << "a few megabytes of sockets and buffers";
}

TEST_F(QueryApi, ListsAndCancels) {
  http::RawClient client(port_);
  Send(client, kEndless, R"(, "query_id": "q-1")");
  WaitForOne();
  http::RawClient other(port_);
  const Json list = Json::parse(other.Get("/api/v1/queries").body)["queries"];
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["id"], "q-1");
  EXPECT_EQ(list[0]["sql"], kEndless);
  EXPECT_EQ(Json::parse(other.Get("/api/v1/queries/q-1").body)["state"], "running");
  ExpectRefused(409, "runs already", "SELECT 1", R"(, "query_id": "q-1")");
  ExpectRefused(400, "query_id", "SELECT 1", R"(, "query_id": "a b")");
  other.Request("DELETE /api/v1/queries/q-1");
  EXPECT_EQ(other.Read().status, 200);
  const http::RawResponse response = client.Read();
  EXPECT_EQ(response.status, 499) << response.body;
  UntilNoneIsLeft();
  EXPECT_EQ(other.Get("/api/v1/queries/nothing").status, 404);
}

TEST_F(QueryApi, EndsWithItsServer) {
  http::RawClient waiting(port_);
  Send(waiting, kEndless);
  http::RawClient reading(port_, 4096);
  Send(reading, kLong);
  EXPECT_TRUE(reading.ReadSome());
  server_->Stop();
  EXPECT_EQ(waiting.Read().status, 503);
  running_.reset();
  EXPECT_EQ(queries_.alive, 0);
}

}  // namespace
}  // namespace caudal::api::admin
