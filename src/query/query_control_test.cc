// Queries that others end, and those that go to a file.
#include <chrono>
#include <thread>

#include "query/query_fixture.h"
#include "query/turnstile.h"

namespace caudal::query {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;

class QueryControlTest : public QueryFixture {};

constexpr const char* kEndless = "SELECT count(*) FROM range(10000000) a, range(10000000) b";

TEST_F(QueryControlTest, CancelReachesAQueryBeforeItsFirstRow) {
  QueryRequest request;
  request.sql = kEndless;
  request.control = std::make_shared<QueryControl>();
  EXPECT_EQ(request.control->progress().rows, 0u);
  std::thread canceller([&] {
    std::this_thread::sleep_for(milliseconds(500));
    request.control->Cancel();
  });
  const Result<std::unique_ptr<Query>> query = queries_->Run(request);
  canceller.join();
  ASSERT_FALSE(query.ok());
  EXPECT_TRUE(query.error().Is(ErrorKind::kCancelled));
  // It stays so.
  EXPECT_TRUE(queries_->Run(request).error().Is(ErrorKind::kCancelled));
  request.control = nullptr;
  request.sql = "SELECT 1";
  EXPECT_TRUE(queries_->Run(request).ok());
}

TEST(Turnstile, WhoIsCancelledWaitsNoMore) {
  Turnstile turnstile(1, 4);
  const auto deadline = steady_clock::now() + milliseconds(60'000);
  Turnstile::Place place = turnstile.Enter("a", deadline).value();
  QueryControl control;
  std::thread canceller([&] {
    std::this_thread::sleep_for(milliseconds(50));
    control.Cancel();
  });
  const Result<Turnstile::Place> refused = turnstile.Enter("b", deadline, &control);
  canceller.join();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().Is(ErrorKind::kCancelled));
  EXPECT_LT(steady_clock::now(), deadline - milliseconds(30'000));
  place.reset();
  EXPECT_TRUE(turnstile.Enter("c", deadline).ok());
}

class ToParquetTest : public QueryFixture {
 protected:
  Result<engine::Output> Write(const std::string& sql, std::vector<Parameter> parameters = {}) {
    QueryRequest request;
    request.sql = sql;
    request.parameters = std::move(parameters);
    request.to_parquet = true;
    const std::unique_ptr<Query> query = TRY(queries_->Run(request));
    return query->TakeFile();
  }
  // Of the file that was written: its rows, after its columns.
  engine::Table Read(const engine::Output& output) {
    engine::SessionRequest request;
    request.inputs = {{"f", output.path}};
    const auto session = files_->Open(request);
    const auto rows = session->Run(engine::Trusted("FROM read_parquet('in/f')")).value();
    return engine::ReadAll(*rows, 100).value();
  }
};

TEST_F(ToParquetTest, WritesRowsOfTables) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}}).ok());
  const engine::Table table =
      Read(Write("SELECT *, $x AS x FROM n.t ORDER BY id DESC -- the newest first",
                 {{"x", std::string("y")}})
               .value());
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_THAT(table.rows[0], ElementsAre("2", "b", "y"));
  EXPECT_EQ(Read(Write("FROM n.t WHERE false").value()).rows.size(), 0u);
}

TEST_F(ToParquetTest, KeepsWhatParquetLacks) {
  const engine::Table table = Read(
      Write("SELECT sum(1::BIGINT) AS s, '0101'::BIT AS b, '01:02:03+01'::TIMETZ AS t, "
            "'{\"a\": 1}'::JSON AS j, NULL AS n, 1 AS \"odd \"\"name\", 2.5::DECIMAL(38,2) AS d")
          .value());
  std::vector<std::string> types;
  for (const engine::Column& column : table.columns)
    types.push_back(column.name + " " + column.type);
  EXPECT_THAT(types, ElementsAre("s DECIMAL(38,0)", "b VARCHAR", "t VARCHAR", "j VARCHAR",
                                 "n INTEGER", "odd \"name INTEGER", "d DECIMAL(38,2)"));
  EXPECT_THAT(table.rows[0],
              ElementsAre("1", "0101", "01:02:03+01", "{\"a\": 1}", std::nullopt, "1", "2.50"));
}

TEST_F(ToParquetTest, SaysWhatItCantKeep) {
  for (const char* sql : {"SELECT [1::HUGEINT] AS wide", "SELECT {'a': 1::UHUGEINT} AS wide",
                          "SELECT union_value(u := 1) AS wide"}) {
    const Result<engine::Output> output = Write(sql);
    ASSERT_FALSE(output.ok()) << sql;
    EXPECT_TRUE(output.error().Is(ErrorKind::kUnsupported));
    EXPECT_THAT(output.error().message, HasSubstr("'wide'"));
  }
  EXPECT_FALSE(Write("SELECT '100000000000000000000000000000000000000'::HUGEINT AS wide").ok());
  EXPECT_FALSE(Write("SELECT 1; SELECT 2").ok());
  EXPECT_FALSE(Write("SELECT 1) TO 'out/x' --").ok());
  EXPECT_FALSE(Write("FROM read_text('in/f')").ok());
}

}  // namespace
}  // namespace caudal::query
